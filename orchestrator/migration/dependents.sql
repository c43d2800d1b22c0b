-- Views and functions outside a patient's schema that hold a relation of it. Its relations are found by what depends on
-- it: see access/reader.sql.
select distinct dependent.name
from pg_namespace as namespace
inner join pg_depend as of_schema
    on namespace.oid = of_schema.refobjid
        and of_schema.refclassid = 'pg_namespace'::regclass and of_schema.classid = 'pg_class'::regclass
inner join pg_depend on of_schema.objid = pg_depend.refobjid and pg_depend.refclassid = 'pg_class'::regclass
cross join lateral (
    select format('%%I.%%I', view.relnamespace::regnamespace::text, view.relname) as name, view.relnamespace as schema_oid
    from pg_rewrite
    inner join pg_class as view on pg_rewrite.ev_class = view.oid
    where pg_depend.classid = 'pg_rewrite'::regclass and pg_rewrite.oid = pg_depend.objid
    union all
    select format('%%I.%%I', pg_proc.pronamespace::regnamespace::text, pg_proc.proname), pg_proc.pronamespace
    from pg_proc
    where pg_depend.classid = 'pg_proc'::regclass and pg_proc.oid = pg_depend.objid
    union all
    select format('%%s of %%s', conname, conrelid::regclass), connamespace
    from pg_constraint
    where pg_depend.classid = 'pg_constraint'::regclass and pg_constraint.oid = pg_depend.objid
) as dependent
where namespace.nspname = %(schema)s and dependent.schema_oid <> namespace.oid
order by dependent.name
