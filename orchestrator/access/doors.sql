-- What everybody (PUBLIC) may do that leads a reader out of its room, each with the statement that takes it away.
select
    'create temporary tables in this database' as everybody_may,
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
order by 4, 1
