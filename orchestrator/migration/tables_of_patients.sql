-- Tables outside the schemas of patients with our rows by patient, but for those that record what happened. A table of
-- facts has a function that fills it; others with a patient_id are somebody else's.
select namespace.nspname, relation.relname
from pg_class as relation
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
where relation.relkind = 'r'
    and (
        (
            namespace.nspname = 'cohort'
            and (
                relation.relname = 'patient_error'
                or to_regprocedure(format('cohort.%I(text, text)', 'fill_' || relation.relname)) is not null
            )
        )
        or (namespace.nspname = 'staging' and relation.relname = 'patient_manifest')
        or (namespace.nspname = 'migration' and relation.relname = 'validation')
    )
order by 1, 2
