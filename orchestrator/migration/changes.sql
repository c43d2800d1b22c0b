-- What a patient's schema has that its last build did not make, but for fold changes and metadata; each by name.
select 'rows of expression_data' as change
from migration.patient as journal
where journal.patient_id = %(patient_id)s
    and journal.stored_rows <> (select count(*) from {schema}.expression_data)
union all
select 'rows of quarantined_expression'
from migration.patient as journal
where journal.patient_id = %(patient_id)s
    and journal.quarantined_rows <> (select count(*) from {schema}.quarantined_expression)
union all
select relname::text
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname = %(schema)s and pg_class.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and not (pg_class.relname = any(%(ours)s::text []))
    and not (pg_class.oid = any(%(made)s::oid []))
union all
select format('%%I(%%s)', pg_proc.proname, oidvectortypes(pg_proc.proargtypes))
from pg_proc
inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
where pg_namespace.nspname = %(schema)s
    and not (pg_proc.oid = any(%(made)s::oid []))
