-- Tables and sequences, with their names as SQL writes them.
select
    pg_catalog.format('%%I.%%I', namespace.nspname, relation.relname),
    relation.relname::text
from pg_catalog.pg_class as relation
inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
where namespace.nspname = any(%(schemas)s::text []) and relation.relkind in ('r', 'p', 'f', 'S')
