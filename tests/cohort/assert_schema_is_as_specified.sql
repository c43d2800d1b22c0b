select
    patient_id,
    structure_faults || index_faults as faults
from {{ ref('patient_structure') }}
where
    (not has_schema or structure_faults || index_faults <> '{}')
    {{ and_asked_patient() }}
