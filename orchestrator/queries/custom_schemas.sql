-- Schemas that people use, public first.
select nspname::text
from pg_namespace
where nspname <> 'information_schema' and not starts_with(nspname, 'pg_')
order by nspname <> 'public', nspname
