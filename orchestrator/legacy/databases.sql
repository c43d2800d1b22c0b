select datname
from pg_database
where starts_with(datname, %(prefix)s)
order by datname collate "C"
