-- How many relations reading the tables of a database locks, but for the catalog: they, their indexes, what their long
-- values are in, and what views show.
select count(*) + 2 * count(nullif(pg_class.reltoastrelid, 0))
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_class.relkind in ('r', 'p', 'm', 'v', 'i', 'I', 'S')
    and not starts_with(pg_namespace.nspname, 'pg_') and pg_namespace.nspname <> 'information_schema'
    and not (pg_namespace.nspname = any(%(excluded)s::text []))
