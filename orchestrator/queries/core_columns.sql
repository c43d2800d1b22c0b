-- Columns of the core's tables and views with their types; the wide table of v0.5.0 is no part of v0.6.0.
select
    relation.relname::text,
    attribute.attname::text,
    format_type(attribute.atttypid, null)
from pg_class as relation
inner join pg_attribute as attribute on relation.oid = attribute.attrelid
where relation.relnamespace = 'public'::regnamespace
    and relation.relkind in ('r', 'p', 'v', 'm', 'f')
    and relation.relname <> 'cancer_transcript_base'
    and attribute.attnum > 0 and not attribute.attisdropped
order by relation.relname, attribute.attnum
