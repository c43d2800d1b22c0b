-- A digest of the relations, columns and comments of each of these schemas; the comment of a view has a mark of its
-- definition.
select
    spaces.nspname as schema_name,
    md5(
        string_agg(
            relations.relname || ' ' || coalesce(cols.attname || ' ' || format_type(cols.atttypid, cols.atttypmod), '')
            || coalesce(about.description, ''),
            e'\n' order by relations.relname, cols.attnum
        )
    ) as digest
from pg_namespace as spaces
inner join pg_class as relations on spaces.oid = relations.relnamespace and relations.relkind in ('r', 'v')
inner join pg_attribute as cols on relations.oid = cols.attrelid and cols.attnum > 0 and not cols.attisdropped
left join pg_description as about
    on relations.oid = about.objoid and about.classoid = 'pg_class'::regclass and about.objsubid = 0
where spaces.nspname = any(%(schema_names)s)
group by spaces.nspname
