-- Published patients whose reader role the API's login may not take.
select patient_id from migration.patient
where published_at is not null
    and not exists (
        select from pg_auth_members
        where roleid = to_regrole('reader_' || schema_name) and member = to_regrole({api_login})
    )
order by patient_id collate "C"
