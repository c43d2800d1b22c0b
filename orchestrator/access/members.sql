-- Which logins and groups have which reader roles; the API's own login, and one reader role in another, are left out.
select
    member.rolname as member,
    member.rolcanlogin as is_login,
    coalesce(patient.patient_id, case role.rolname when {cohort_reader} then 'cohort' else 'core' end) as opens,
    role.rolname as role
from pg_auth_members as membership
inner join pg_roles as role on membership.roleid = role.oid
inner join pg_roles as member on membership.member = member.oid
left join migration.patient on role.rolname = 'reader_' || patient.schema_name
where (role.rolname in ({core_reader}, {cohort_reader}) or patient.patient_id is not null)
    and member.rolname <> {api_login}
    and member.rolname <> {cohort_reader}
    -- PostgreSQL 16 makes whoever creates a role a member that may only hand it on.
    and (
        coalesce((to_jsonb(membership) ->> 'inherit_option')::boolean, true)
        or coalesce((to_jsonb(membership) ->> 'set_option')::boolean, true)
    )
    and not exists (
        select from migration.patient as reader where member.rolname = 'reader_' || reader.schema_name
    )
order by 1, 3
