-- One patient's rows for the table of all: what is stored, and, as null, what is in quarantine without a stored row
-- beside it. Orphans are among them, because the core may gain their transcript, and nobody could then tell them from
-- baseline. What is longer than any transcript id never can be one. In the order of the index that they go into.
with

journal as (

    select patient_id from {{ source('migration', 'patient') }}
    where schema_name = current_setting('search_path')

),

stored as (

    select
        transcript_id::text as transcript_id,
        expression_fold_change as fold_change
    from {{ ref('expression_data').include(database=false, schema=false) }}

),

quarantined as (

    select transcript_id
    from {{ ref('quarantined_expression').include(database=false, schema=false) }}
    where char_length(transcript_id) <= 50

),

unknown as (

    select quarantined.transcript_id
    from quarantined
    left join stored on quarantined.transcript_id = stored.transcript_id
    where stored.transcript_id is null

),

rows_of_patient as (

    select
        transcript_id,
        fold_change
    from stored
    union all
    select
        transcript_id,
        null as fold_change
    from unknown

)

select
    rows_of_patient.transcript_id,
    journal.patient_id,
    rows_of_patient.fold_change
from rows_of_patient
cross join journal
order by rows_of_patient.transcript_id
