-- Tables outside the schemas of patients with our rows by patient, but for those that record what happened. A table of
-- facts has a function that fills it; others with a patient_id are somebody else's. They are found by what depends on
-- their schemas: see access/reader.sql.
select namespace.nspname, relation.relname
from pg_namespace as namespace
inner join pg_depend as of_schema
    on namespace.oid = of_schema.refobjid
        and of_schema.refclassid = 'pg_namespace'::regclass and of_schema.classid = 'pg_class'::regclass
inner join pg_class as relation on of_schema.objid = relation.oid
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
