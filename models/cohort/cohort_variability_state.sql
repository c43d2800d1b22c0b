with

basis as (

    select * from {{ ref('cohort_variability_basis') }}
    where relation = '{{ ref("cohort_variability") }}'::regclass::oid

),

now_current as (

    select {{ cohort_members_hash('patients') }} as members
    from {{ ref('cohort_patients') }} as patients
    where patients.is_current

)

select
    basis.patients,
    basis.worked_out_at,
    coalesce(basis.members = now_current.members, false) as is_current
from now_current
left join basis on true
