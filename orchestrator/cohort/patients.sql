select patient_id, schema_name, is_current, reason, refreshed_at
from cohort.cohort_patients
order by patient_id collate "C"
