select
    patient_id,
    verdict
from {{ ref('patient_phenotypes') }}
where
    check_id = 'B4'
    and is_claimed
    and verdict <> 'concordant'
    {{ and_asked_patient() }}
