select patient_id
from {{ ref('cohort_summary') }}
where
    is_sound is not true
    {{ and_asked_patient() }}
