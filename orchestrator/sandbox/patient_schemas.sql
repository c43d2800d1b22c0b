select nspname
from pg_namespace
where starts_with(nspname::text, 'patient_')
order by nspname;
