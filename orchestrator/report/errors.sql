select
    patient_id,
    relation,
    error_code
from cohort.patient_error
order by patient_id, relation
