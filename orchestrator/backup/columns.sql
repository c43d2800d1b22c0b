-- Columns of a table in their order, with their types, and whether their values are worked out from others.
select attname::text, format_type(atttypid, atttypmod), attgenerated <> ''
from pg_attribute
inner join pg_class on pg_attribute.attrelid = pg_class.oid
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname = %(schema)s and pg_class.relname = %(name)s and attnum > 0 and not attisdropped
order by attnum
