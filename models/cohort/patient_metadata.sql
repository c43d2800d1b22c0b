-- The one row of facts about a patient, and what is wrong with it.
with

journal as (

    select
        *,
        migration.metadata_digest(schema_name) as metadata_digest_now
    from {{ source('migration', 'patient') }}
    where schema_name = current_setting('search_path')

),

summed_up as (

    select
        count(*) as metadata_rows,
        min(cancer_type) as cancer_type,
        min(cancer_subtype) as cancer_subtype,
        min(file_format) as file_format,
        min(patient_id) as named,
        min(total_transcripts_uploaded) as uploaded,
        bool_and(upload_date is not null) as has_date,
        bool_and(file_format is not null) as has_format,
        bool_and(
            (transcripts_matched + transcripts_unmatched = total_transcripts_uploaded) is true
        ) as adds_up,
        bool_and(
            total_transcripts_uploaded = 0
            or (abs(matching_success_rate * total_transcripts_uploaded - transcripts_matched) < 0.5) is true
        ) as has_true_rate
    from {{ ref('metadata').include(database=false, schema=false) }}

)

select
    journal.patient_id,
    summed_up.metadata_rows,
    summed_up.cancer_type,
    summed_up.cancer_subtype,
    summed_up.file_format,
    coalesce(journal.metadata_digest_now = journal.metadata_digest, false) as is_as_built,
    array_remove(
        array[
            case when summed_up.metadata_rows <> 1 then 'rows are not one' end,
            case when summed_up.named <> journal.patient_id then 'patient_id is of another patient' end,
            case when not summed_up.has_date then 'upload_date is missing' end,
            case when not summed_up.has_format then 'file_format is missing' end,
            case
                when summed_up.uploaded is distinct from journal.legacy_rows then 'total_transcripts_uploaded is wrong'
            end,
            case when not summed_up.adds_up then 'matched and unmatched do not add up' end,
            case when not summed_up.has_true_rate then 'matching_success_rate is wrong' end
        ],
        null
    ) as metadata_faults,
    now() as checked_at
from journal
cross join summed_up
