-- Facts of the manifest, into the metadata of a patient that is built; the journal keeps what it looks like now.
with

updated as (

    update {schema}.metadata set
        normalization_method = manifest.normalization_method,
        clinical_notes = manifest.clinical_notes,
        cancer_type = manifest.cancer_type,
        cancer_subtype = manifest.cancer_subtype,
        tissue_type = manifest.tissue_type,
        sample_type = manifest.sample_type,
        sequencing_platform = manifest.sequencing_platform,
        read_depth_millions = manifest.read_depth_millions
    from staging.patient_manifest as manifest
    where manifest.patient_id = metadata.patient_id
    returning metadata.*

)

update migration.patient set metadata_digest = (select md5(updated::text) from updated)
where patient_id = %(patient_id)s and exists (select 1 from updated)
