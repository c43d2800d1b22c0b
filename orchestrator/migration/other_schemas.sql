-- Schemas of patients that are not asked for.
select nspname
from pg_namespace
where starts_with(nspname, 'patient_') and not (nspname = any(%(schema_names)s::text []))
order by nspname
