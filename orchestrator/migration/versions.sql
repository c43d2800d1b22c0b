-- Which table records the schema's version, and under which column names: real servers have both, and several shapes.
select
    tables.name,
    version.attname as version_column,
    applied.attname as time_column
from (values (1, 'schema_versions'), (2, 'schema_version')) as tables (position, name)
inner join pg_attribute as version
    on version.attrelid = to_regclass('public.' || tables.name)
        and version.attname in ('version', 'version_name') and not version.attisdropped
left join pg_attribute as applied
    on applied.attrelid = version.attrelid
        and applied.attname in ('applied_at', 'created_at') and not applied.attisdropped
order by tables.position
