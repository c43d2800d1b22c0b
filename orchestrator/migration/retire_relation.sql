-- The relation of this name in a schema. oid and file stay as they are when a table only changes its schema.
select relation.oid::bigint, relation.relkind::text as kind, pg_relation_filenode(relation.oid)::bigint as file
from pg_class as relation
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
where namespace.nspname = %(schema)s and relation.relname = %(table)s
