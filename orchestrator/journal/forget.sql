-- Patients of files that never were built: nothing of them is anywhere, so nothing of them stays here but events.
with

forgotten as (

    delete from migration.patient
    where patient_id = any(%(patient_ids)s) and state = 'failed' and built_at is null and legacy_digest is null
    returning patient_id

)

delete from staging.patient_manifest using forgotten
where patient_manifest.patient_id = forgotten.patient_id
