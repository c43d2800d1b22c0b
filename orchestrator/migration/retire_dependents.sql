-- What reads the table other than by its name in a query. Views and functions with a parsed body hold its oid.
select 'view' as kind, view.oid::regclass::text as name
from pg_depend
inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
inner join pg_class as view on pg_rewrite.ev_class = view.oid
where pg_depend.classid = 'pg_rewrite'::regclass
    and pg_depend.refclassid = 'pg_class'::regclass
    and pg_depend.refobjid = %(oid)s::oid
    and view.oid <> %(oid)s::oid
union
select 'bound function', pg_depend.objid::regprocedure::text
from pg_depend
where pg_depend.classid = 'pg_proc'::regclass
    and pg_depend.refclassid = 'pg_class'::regclass
    and pg_depend.refobjid = %(oid)s::oid
union
select 'function', pg_proc.oid::regprocedure::text
from pg_proc
inner join pg_namespace as namespace on pg_proc.pronamespace = namespace.oid
where namespace.nspname not in ('pg_catalog', 'information_schema')
    and not (namespace.nspname = 'cohort' and starts_with(pg_proc.proname, 'fill_patient_')) -- read the patients' views
    and not (format('search_path=%%I, public', namespace.nspname) = any(coalesce(pg_proc.proconfig, '{}'))) -- so do these
    and pg_proc.prosrc ~* format('\m%%s\M', %(table)s::text)
union
select 'foreign key', format('%%s of %%s', conname, conrelid::regclass)
from pg_constraint
where contype = 'f' and %(oid)s::oid in (conrelid, confrelid)
order by 1, 2
