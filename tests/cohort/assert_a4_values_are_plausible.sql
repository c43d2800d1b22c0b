select
    patient_id,
    fact
from {{ ref('patient_plausibility') }}
where
    check_id = 'A4'
    and not is_plausible
    {{ and_asked_patient() }}
