select journal.patient_id
from {{ source('migration', 'patient') }} as journal
left join {{ ref('cohort_summary') }} as summary on journal.patient_id = summary.patient_id
where
    journal.built_at is not null
    and (summary.patient_id is null or summary.is_stale)
    {{ and_asked_patient('journal.patient_id') }}
