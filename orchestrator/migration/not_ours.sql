-- Tables and views in these schemas that were not made by us; a partition is a part of its table.
select format('%%I.%%I', namespace.nspname, relation.relname) as name
from pg_class as relation
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
where namespace.nspname = any(%(schemas)s::text []) and relation.relkind in ('r', 'p', 'v', 'm', 'f')
    and not relation.relispartition
    and not (relation.relname = any(%(ours)s::text []))
order by 1
