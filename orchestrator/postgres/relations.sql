-- What schemas hold; a partition is a part of its table.
select
    namespace.nspname::text as schema,
    relation.relname::text as name,
    relation.relkind::text as kind,
    exists (select from pg_index where indrelid = relation.oid and indisprimary) as has_primary_key,
    array(
        select attname::text
        from pg_attribute
        where attrelid = relation.oid and attnum > 0 and not attisdropped
        order by attname collate "C"
    ) as columns,
    array( -- PostgreSQL gives out the numbers below to types of its own
        select attname::text
        from pg_attribute
        where attrelid = relation.oid and attnum > 0 and not attisdropped and atttypid >= 16384
        order by attname collate "C"
    ) as of_other_types,
    (
        select attname::text
        from pg_attribute
        where attrelid = relation.oid and attname = 'expression_fold_change' and atttypid = 'float8'::regtype
            and not attisdropped
    ) as apart
from pg_class as relation
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
where (
        namespace.nspname = any(%(schemas)s::text [])
        or (
            %(schemas)s::text [] is null
            and not starts_with(namespace.nspname, 'pg_')
            and namespace.nspname <> 'information_schema'
            and not exists (
                select
                from pg_depend
                where classid = 'pg_class'::regclass and objid = relation.oid and deptype = 'e'
            )
        )
    )
    and relation.relkind in ('r', 'p', 'v', 'm', 'f')
    and not exists (
        select
        from pg_inherits
        inner join pg_class as parent on pg_inherits.inhparent = parent.oid
        where pg_inherits.inhrelid = relation.oid
            and relation.relispartition and parent.relnamespace = relation.relnamespace
    )
order by namespace.nspname collate "C", relation.relname collate "C"
