-- Size on disk of a database's tables outside some schemas, indexes and all.
select coalesce(sum({bytes}), 0)::bigint
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_class.relkind in ('r', 'm') and not (pg_namespace.nspname = any(%(excluded)s::text []))
