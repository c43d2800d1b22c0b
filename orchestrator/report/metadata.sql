select
    patient_id,
    cancer_type,
    cancer_subtype,
    is_as_built,
    metadata_faults
from cohort.patient_metadata
