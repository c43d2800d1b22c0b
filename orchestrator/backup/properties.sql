-- What the server keeps of the current database; see `Properties`.
select jsonb_build_object(
    'owner', pg_get_userbyid(datdba),
    'encoding', pg_encoding_to_char(encoding),
    'collation', datcollate,
    'character_type', datctype,
    'settings', coalesce(
        (select to_jsonb(setconfig) from pg_db_role_setting where setdatabase = pg_database.oid and setrole = 0),
        '[]'
    ),
    'grants', case when datacl is not null then (
        select
            jsonb_agg(jsonb_build_object(
                'grantee', case when grantee <> 0 then pg_get_userbyid(grantee) end,
                'privilege', privilege_type,
                'is_grantable', is_grantable
            ))
        from aclexplode(datacl)
    ) end
)
from pg_database
where datname = current_database()
