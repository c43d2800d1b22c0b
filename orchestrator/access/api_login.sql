-- What would let the API read without taking a role, or keep it from answering.
select
    role.rolsuper or role.rolbypassrls or role.rolcreaterole as is_powerful,
    has_schema_privilege(role.oid, 'access', 'usage') as may_enter,
    (
        select string_agg(namespace.nspname, ', ' order by namespace.nspname)
        from pg_namespace as namespace
        where has_schema_privilege(role.oid, namespace.oid, 'usage')
            and (starts_with(namespace.nspname, 'patient_') or namespace.nspname in ('migration', 'staging', 'cohort'))
    ) as open_schemas
from pg_roles as role
where role.rolname = current_user
