select datname, pg_database_size(datname) as bytes
from pg_database
where datname = any(%(names)s::text [])
