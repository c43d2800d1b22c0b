-- Views and materialized views that no extension brought. Names stand without schema where search_path leads to them.
select
    pg_catalog.format('%%I.%%I', namespace.nspname, relation.relname) as label,
    case relation.relkind when 'v' then 'view' else 'materialized view' end as kind,
    namespace.nspname::text as schema,
    relation.relname::text as name,
    pg_catalog.pg_get_viewdef(relation.oid) as query,
    exists (
        select from pg_catalog.pg_options_to_table(relation.reloptions)
        where option_name = 'security_barrier' and option_value::boolean
    ) as is_barrier,
    (
        select pg_catalog.json_object_agg(attname, pg_catalog.format_type(atttypid, null) order by attnum)
        from pg_catalog.pg_attribute
        where attrelid = relation.oid and attnum > 0 and not attisdropped
    ) as columns,
    array(
        select pg_catalog.pg_get_indexdef(indexrelid, 0, true)
        from pg_catalog.pg_index
        where indrelid = relation.oid
        order by indexrelid
    ) as indexes,
    pg_catalog.obj_description(relation.oid, 'pg_class') as comment,
    (
        select pg_catalog.json_object_agg(attname, description order by attnum)
        from pg_catalog.pg_description
        inner join pg_catalog.pg_attribute on attrelid = objoid and attnum = objsubid
        where classoid = 'pg_class'::regclass and objoid = relation.oid and objsubid > 0
    ) as column_comments
from pg_catalog.pg_class as relation
inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
where namespace.nspname = any(%(schemas)s::text []) and relation.relkind in ('v', 'm')
    and not exists (
        select from pg_catalog.pg_depend
        where classid = 'pg_class'::regclass and objid = relation.oid and deptype = 'e'
    )
order by namespace.nspname <> 'public', label
