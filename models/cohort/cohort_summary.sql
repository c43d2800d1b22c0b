-- One row a patient with what one wants to know of it first; F1 of the guide, for each, and E2, for all.
with

journal as (

    -- By name: who asks needs a right to each column, and has none to the rest of the journal.
    select
        patient_id,
        schema_name,
        state,
        baseline_rows,
        built_at
    from {{ source('migration', 'patient') }}

),

validation as (

    select
        patient_id,
        is_passed,
        checked_at
    from {{ source('migration', 'validation') }}

),

facts as (

    select * from {{ ref('patient_facts') }}

),

distribution as (

    select * from {{ ref('patient_distribution') }}

),

described as (

    select * from {{ ref('patient_metadata') }}

)

select
    journal.patient_id,
    journal.schema_name,
    journal.state,
    described.cancer_type,
    described.cancer_subtype,
    facts.stored_rows,
    journal.baseline_rows,
    facts.quarantined_rows,
    facts.quarantine_reasons,
    distribution.median,
    distribution.lowest,
    distribution.highest,
    distribution.above_baseline,
    validation.is_passed,
    validation.checked_at,
    -- The guide's own summary.
    facts.baseline_stored = 0 and facts.not_positive_finite = 0 and facts.orphans_stored = 0
    and described.metadata_rows = 1 as is_sound,
    -- Facts are of the data that the journal speaks of, or of data that is no longer there.
    facts.checked_at < journal.built_at as is_stale
from journal
inner join facts on journal.patient_id = facts.patient_id
left join distribution on journal.patient_id = distribution.patient_id
left join described on journal.patient_id = described.patient_id
left join validation on journal.patient_id = validation.patient_id
