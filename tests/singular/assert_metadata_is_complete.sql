with

journal as (

    select * from {{ source('migration', 'patient') }}
    where schema_name = '{{ tested_schema() }}'

),

metadata as (

    select * from {{ ref('metadata') }}

),

row_counts as (

    select count(*) as metadata_rows from metadata

),

-- One row at least, also when there are no metadata.
compared as (

    select
        row_counts.metadata_rows,
        metadata.patient_id,
        metadata.upload_date,
        metadata.total_transcripts_uploaded,
        metadata.transcripts_matched,
        metadata.transcripts_unmatched,
        metadata.matching_success_rate,
        journal.patient_id as id_as_written,
        journal.legacy_rows
    from row_counts
    left join metadata on true
    left join journal on true

)

select * from compared
where
    metadata_rows <> 1
    or upload_date is null
    or patient_id is distinct from id_as_written
    or total_transcripts_uploaded is distinct from legacy_rows
    or transcripts_matched + transcripts_unmatched is distinct from total_transcripts_uploaded
    or matching_success_rate
    is distinct from transcripts_matched::double precision / nullif(total_transcripts_uploaded, 0)
