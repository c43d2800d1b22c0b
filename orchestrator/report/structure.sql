select
    patient_id,
    has_schema,
    structure_faults,
    index_faults
from cohort.patient_structure
