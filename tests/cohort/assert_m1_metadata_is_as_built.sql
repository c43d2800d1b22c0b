select patient_id
from {{ ref('patient_metadata') }}
where
    not is_as_built
    {{ and_asked_patient() }}
