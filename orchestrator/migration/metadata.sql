-- Facts of the manifest, into the metadata of a patient that is built and was not edited since; the journal keeps what
-- it looks like now.
with

updated as (

    update {schema}.metadata set {facts}
    from staging.patient_manifest as manifest, migration.patient as journal
    where manifest.patient_id = metadata.patient_id
        and journal.patient_id = metadata.patient_id
        and journal.metadata_digest = md5(metadata::text)
    returning metadata.*

)

update migration.patient set metadata_digest = (select md5(updated::text) from updated)
where patient_id = %(patient_id)s and exists (select 1 from updated)
