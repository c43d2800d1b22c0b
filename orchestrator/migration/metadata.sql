-- Facts of the manifest, into the metadata of a patient that is built and was not edited since; the journal keeps what
-- it looks like now.
with

updated as (

    update {schema}.metadata set
        normalization_method = coalesce(manifest.normalization_method, metadata.normalization_method),
        clinical_notes = coalesce(manifest.clinical_notes, metadata.clinical_notes),
        cancer_type = coalesce(manifest.cancer_type, metadata.cancer_type),
        cancer_subtype = coalesce(manifest.cancer_subtype, metadata.cancer_subtype),
        tissue_type = coalesce(manifest.tissue_type, metadata.tissue_type),
        sample_type = coalesce(manifest.sample_type, metadata.sample_type),
        sequencing_platform = coalesce(manifest.sequencing_platform, metadata.sequencing_platform),
        read_depth_millions = coalesce(manifest.read_depth_millions, metadata.read_depth_millions)
    from staging.patient_manifest as manifest, migration.patient as journal
    where manifest.patient_id = metadata.patient_id
        and journal.patient_id = metadata.patient_id
        and journal.metadata_digest = md5(metadata::text)
    returning metadata.*

)

update migration.patient set metadata_digest = (select md5(updated::text) from updated)
where patient_id = %(patient_id)s and exists (select 1 from updated)
