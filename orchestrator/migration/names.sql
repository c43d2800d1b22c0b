select schema_name, patient_id
from migration.patient
where schema_name = any(%(schema_names)s)
