select schema_name, patient_id, case when built_at is not null then source_database end as built_from
from migration.patient
where schema_name = any(%(schema_names)s)
