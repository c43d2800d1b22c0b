-- Who may connect to a database, and whether its sessions begin read-only, as the server's catalog has it.
select
    pg_database.oid::bigint as oid,
    pg_database.datname as name,
    pg_database.datdba::bigint as owner,
    pg_get_userbyid(pg_database.datdba) as owner_name,
    pg_has_role(pg_database.datdba, 'usage') as may_change,
    (
        select substr(entry, length('default_transaction_read_only=') + 1)
        from pg_db_role_setting
        cross join unnest(setconfig) as entry
        where setdatabase = pg_database.oid and setrole = 0
            and starts_with(entry, 'default_transaction_read_only=')
    ) as read_only,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'grantor', rights.grantor::bigint, 'grantor_name', pg_get_userbyid(rights.grantor),
                    'grantee', rights.grantee::bigint, 'grantee_name', grantee.rolname,
                    'is_grantable', rights.is_grantable
                ) order by rights.grantee, rights.grantor
            ), '[]'
        )
        from aclexplode(coalesce(pg_database.datacl, acldefault('d', pg_database.datdba))) as rights
        left join pg_roles as grantee on rights.grantee = grantee.oid
        where rights.privilege_type = 'CONNECT'
    ) as grants
from pg_database
where pg_database.datname = %(name)s
