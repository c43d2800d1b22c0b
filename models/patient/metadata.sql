with

exports as (

    select * from {{ source('staging', 'legacy_export') }}

),

manifest as (

    select * from {{ source('staging', 'patient_manifest') }}

)

select
    exports.patient_id,
    exports.exported_at as upload_date,
    exports.legacy_rows as total_transcripts_uploaded,
    exports.unknown_rows as transcripts_unmatched,
    manifest.normalization_method,
    manifest.clinical_notes,
    manifest.cancer_type,
    manifest.cancer_subtype,
    manifest.tissue_type,
    manifest.sample_type,
    manifest.sequencing_platform,
    manifest.read_depth_millions,
    exports.file_format,
    -- A new name may be a pseudonym, which the name of the legacy database would give away.
    case
        when
            exports.file_format <> 'legacy_v0.5.0'
            or exports.source_database = 'mediabase_patient_' || exports.patient_id
            then exports.source_database
    end as source_file,
    exports.legacy_rows - exports.unknown_rows as transcripts_matched,
    (exports.legacy_rows - exports.unknown_rows)::double precision
    / nullif(exports.legacy_rows, 0) as matching_success_rate,
    jsonb_build_object(
        'surface', exports.surface,
        'surface_class', exports.surface_class,
        'legacy_digest', exports.legacy_digest
    ) || coalesce(exports.details, '{}') as metadata_json
from exports
left join manifest on exports.patient_id = manifest.patient_id
