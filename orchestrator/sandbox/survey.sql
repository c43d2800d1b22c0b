-- Databases under the names that a sandbox uses. A DROP that was interrupted leaves datconnlimit = -2: such a
-- database can neither be entered nor repaired, only be dropped.
select
    datname,
    datallowconn,
    datconnlimit = -2 as is_broken
from pg_database
where datname = %(core)s or starts_with(datname::text, %(prefix)s)
order by datname;
