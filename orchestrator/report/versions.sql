-- Recorded schema versions in the order of time; the table's columns have other names on some servers.
select
    coalesce(to_jsonb(recorded) ->> 'version', to_jsonb(recorded) ->> 'version_name') as version,
    (to_jsonb(recorded) ->> 'applied_at')::timestamptz as applied_at
from public.schema_versions as recorded
order by 2 nulls first, 1
