-- Columns of the tables and views of a schema, with their types; some are left out.
select
    relation.relname::text,
    attribute.attname::text,
    format_type(attribute.atttypid, null)
from pg_class as relation
inner join pg_attribute as attribute on relation.oid = attribute.attrelid
where relation.relnamespace = to_regnamespace(quote_ident(%(schema)s))
    and relation.relkind in ('r', 'p', 'v', 'm', 'f')
    and not (relation.relname = any(%(left_out)s::text []))
    and attribute.attnum > 0 and not attribute.attisdropped
order by relation.relname, attribute.attnum
