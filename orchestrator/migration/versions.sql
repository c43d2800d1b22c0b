-- Which table records the schema's version, and under which column names: real servers have both, and several shapes.
select
    tables.name,
    version.attname as version_column,
    applied.attname as time_column,
    description.attname as description_column
from (values (1, 'schema_versions'), (2, 'schema_version')) as tables (position, name)
inner join lateral (
    select attname
    from pg_attribute
    where attrelid = to_regclass('public.' || tables.name)
        and attname in ('version', 'version_name') and not attisdropped
    order by attname desc
    limit 1
) as version on true
left join lateral (
    select attname
    from pg_attribute
    where attrelid = to_regclass('public.' || tables.name)
        and attname in ('applied_at', 'created_at') and not attisdropped
    order by attname
    limit 1
) as applied on true
left join pg_attribute as description
    on description.attrelid = to_regclass('public.' || tables.name)
        and description.attname = 'description' and not description.attisdropped
order by tables.position
