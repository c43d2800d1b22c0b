-- Published patients whose reader role the API's login cannot take yet; a copy of the journal may lack their schemas.
select patient_id from migration.patient
where published_at is not null
    and to_regnamespace(quote_ident(schema_name)) is not null
    and not exists (
        select from pg_auth_members as membership
        inner join pg_roles as reader on membership.roleid = reader.oid
        inner join pg_roles as login on membership.member = login.oid
        where reader.rolname = 'reader_' || patient.schema_name and login.rolname = {api_login}
    )
order by patient_id collate "C"
