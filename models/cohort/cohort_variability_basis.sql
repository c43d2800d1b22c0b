select
    {{ cohort_members_hash('patients') }} as members,
    count(*) as patients,
    '{{ ref("cohort_variability") }}'::regclass::oid as relation, -- noqa: RF04
    clock_timestamp() as worked_out_at
from {{ ref('cohort_patients') }} as patients
where patients.is_current
