-- What a patient's schema has that its last build did not make, but for fold changes and metadata; each by name.
-- Relations and routines are found by what depends on their schema: see access/reader.sql.
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
from pg_depend
inner join pg_class on pg_depend.objid = pg_class.oid
where pg_depend.refclassid = 'pg_namespace'::regclass
    and pg_depend.refobjid = to_regnamespace(quote_ident(%(schema)s))
    and pg_depend.classid = 'pg_class'::regclass
    and pg_class.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and not (pg_class.relname = any(%(ours)s::text []))
    and not (pg_class.oid = any(%(made)s::oid []))
union all
select format('%%I(%%s)', pg_proc.proname, oidvectortypes(pg_proc.proargtypes))
from pg_depend
inner join pg_proc on pg_depend.objid = pg_proc.oid
where pg_depend.refclassid = 'pg_namespace'::regclass
    and pg_depend.refobjid = to_regnamespace(quote_ident(%(schema)s))
    and pg_depend.classid = 'pg_proc'::regclass
    and not (pg_proc.oid = any(%(made)s::oid []))
