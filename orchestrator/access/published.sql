select patient_id, schema_name from migration.patient
where published_at is not null
order by patient_id collate "C"
