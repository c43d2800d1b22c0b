select datname
from pg_database
where starts_with(datname, %(prefix)s) and datallowconn
order by datname collate "C"
