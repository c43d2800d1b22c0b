select
    patient_id,
    verdict
from {{ ref('patient_phenotypes') }}
where
    check_id = 'B2'
    and is_claimed
    and verdict <> 'concordant'
    {{ and_asked_patient() }}
