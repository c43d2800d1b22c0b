select
    patient_id,
    fact
from {{ ref('patient_plausibility') }}
where
    check_id = 'D2'
    and not is_plausible
    {{ and_asked_patient() }}
