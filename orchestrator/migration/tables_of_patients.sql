-- Tables outside the schemas of patients with rows by patient, but for those that record what happened.
select namespace.nspname, relation.relname
from pg_attribute
inner join pg_class as relation on pg_attribute.attrelid = relation.oid
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
where pg_attribute.attname = 'patient_id' and not pg_attribute.attisdropped
    and relation.relkind in ('r', 'p') and not relation.relispartition
    and (
        namespace.nspname = 'cohort'
        or (namespace.nspname = 'staging' and relation.relname = 'patient_manifest')
        or (namespace.nspname = 'migration' and relation.relname = 'validation')
    )
order by 1, 2
