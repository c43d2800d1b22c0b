select journal.patient_id
from {{ source('migration', 'patient') }} as journal
left join {{ ref('cohort_summary') }} as summed_up on journal.patient_id = summed_up.patient_id
where
    journal.built_at is not null
    and (summed_up.patient_id is null or summed_up.is_stale)
    {{ and_asked_patient('journal.patient_id') }}
