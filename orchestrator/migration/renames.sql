select legacy_id, patient_id from migration.rename
