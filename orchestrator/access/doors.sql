-- What everybody (PUBLIC) or a reader may do that leads it out of its room, each with the statement that takes it away.
with recursive
reads as (
    select distinct rule.ev_class as view, dependency.refobjid as relation
    from pg_rewrite as rule
    inner join pg_depend as dependency
        on dependency.classid = 'pg_rewrite'::regclass and dependency.objid = rule.oid
            and dependency.refclassid = 'pg_class'::regclass and dependency.refobjid <> rule.ev_class
),
-- What a view with its owner's rights, or a materialized view, reads through however many others.
reached as (
    select view.oid as view, reads.relation
    from pg_class as view
    inner join reads on view.oid = reads.view
    where view.relkind = 'm' or not coalesce(
        (select option_value::boolean from pg_options_to_table(view.reloptions) where option_name = 'security_invoker'),
        false
    )
    union
    select reached.view, reads.relation
    from reached
    inner join reads on reached.relation = reads.view
)
select
    'everybody' as who,
    'create temporary tables in this database' as may,
    format('revoke temporary on database %I from public', datname) as remedy,
    pg_has_role(datdba, 'usage') as is_ours,
    false as is_other_database
from pg_database
where datname = current_database()
    and exists (
        select from aclexplode(coalesce(datacl, acldefault('d', datdba)))
        where grantee = 0 and privilege_type = 'TEMPORARY'
    )
union all
select
    'everybody',
    format('create tables in schema %I', nspname),
    format('revoke create on schema %I from public', nspname),
    pg_has_role(nspowner, 'usage'),
    false
from pg_namespace
where nspname not like 'pg\_%'
    and exists (select from aclexplode(nspacl) where grantee = 0 and privilege_type = 'CREATE')
union all
-- A function that runs with its caller's rights does nothing for a reader that it could not do itself.
select
    'everybody',
    format('run %s with the rights of its owner', routine.oid::regprocedure),
    format('revoke execute on routine %s from public', routine.oid::regprocedure),
    pg_has_role(routine.proowner, 'usage'),
    false
from pg_proc as routine
inner join pg_namespace as namespace on routine.pronamespace = namespace.oid
where routine.prosecdef and namespace.nspname not in ('pg_catalog', 'information_schema')
    and exists (
        select from aclexplode(coalesce(routine.proacl, acldefault('f', routine.proowner)))
        where grantee = 0 and privilege_type = 'EXECUTE'
    )
union all
-- Large objects are storage that no schema keeps anybody from.
select
    'everybody',
    format('make large objects with %s', routine.oid::regprocedure),
    format('revoke execute on function pg_catalog.%s from public', routine.oid::regprocedure),
    pg_has_role(routine.proowner, 'usage'),
    false
from pg_proc as routine
where routine.pronamespace = 'pg_catalog'::regnamespace
    and routine.proname in ('lo_creat', 'lo_create', 'lo_from_bytea')
    and exists (
        select from aclexplode(coalesce(routine.proacl, acldefault('f', routine.proowner)))
        where grantee = 0 and privilege_type = 'EXECUTE'
    )
union all
select
    'everybody',
    format('connect to database %I', datname),
    format('revoke connect, temporary on database %I from public', datname),
    pg_has_role(datdba, 'usage'),
    true
from pg_database
where datname <> current_database() and datallowconn and not datistemplate
    and exists (
        select from aclexplode(coalesce(datacl, acldefault('d', datdba)))
        where grantee = 0 and privilege_type = 'CONNECT'
    )
union all
select distinct
    coalesce(grantee.rolname, 'everybody'),
    format('read %s, which reads what it may not', view.oid::regclass),
    format('revoke select on %s from %s', view.oid::regclass, coalesce(quote_ident(grantee.rolname), 'public')),
    pg_has_role(view.relowner, 'usage'),
    false
from reached
inner join pg_class as view on reached.view = view.oid
inner join pg_class as target on reached.relation = target.oid
inner join pg_namespace as room on target.relnamespace = room.oid
cross join aclexplode(view.relacl) as right_
left join pg_roles as grantee on right_.grantee = grantee.oid
where right_.privilege_type = 'SELECT'
    and (right_.grantee = 0 or grantee.rolname = {core_reader} or starts_with(grantee.rolname, 'reader_patient_'))
    and (starts_with(room.nspname, 'patient_') or room.nspname in ('migration', 'staging', 'cohort', 'access'))
    and grantee.rolname is distinct from 'reader_' || room.nspname
    and not exists (
        select from pg_roles
        where rolname = {core_reader}
            and has_schema_privilege(pg_roles.oid, room.oid, 'usage')
            and has_table_privilege(pg_roles.oid, target.oid, 'select')
    )
order by is_other_database, who, may
