-- Columns of the tables and views of some schemas, in their order, with their types as one declares them.
select
    namespace.nspname::text as schema,
    relation.relname::text as relation,
    attribute.attname::text as name,
    format_type(attribute.atttypid, attribute.atttypmod) as data_type
from pg_class as relation
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
inner join pg_attribute as attribute on relation.oid = attribute.attrelid
where namespace.nspname = any(%(schemas)s::text [])
    and relation.relkind in ('r', 'p', 'v', 'm', 'f')
    and attribute.attnum > 0 and not attribute.attisdropped
order by namespace.nspname, relation.relname, attribute.attnum
