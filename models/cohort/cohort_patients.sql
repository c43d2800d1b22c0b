-- Which patients the rows of the cohort are current of. Whatever says that a patient is another than it was at its
-- refresh makes it stale: a build, rows that are not those of the build, a core that its rows were sorted out for anew.
with

journal as (

    -- By name: who asks needs a right to each column, and has none to the rest of the journal.
    select
        patient_id,
        schema_name,
        current_digest,
        core_fingerprint,
        built_at
    from {{ source('migration', 'patient') }}
    where published_at is not null

),

facts as (

    select
        patient_id,
        digest
    from {{ ref('patient_facts') }}

),

members as (

    -- Those whose rows are in the table of that name, and not in one before it.
    select * from {{ ref('cohort_member') }}
    where relation = '{{ ref("cohort_rows") }}'::regclass::oid

),

compared as (

    select
        journal.patient_id,
        journal.schema_name,
        journal.current_digest,
        members.refreshed_at,
        coalesce(facts.digest = journal.current_digest, false) as is_known,
        coalesce(
            members.digest = journal.current_digest
            and members.core_fingerprint = journal.core_fingerprint
            and members.built_at = journal.built_at,
            false
        ) as is_same
    from journal
    left join facts on journal.patient_id = facts.patient_id
    left join members on journal.patient_id = members.patient_id

)

select
    patient_id,
    schema_name,
    current_digest as digest,
    refreshed_at,
    is_known and is_same as is_current,
    case
        when not is_known then 'not validated as it is'
        when refreshed_at is null then 'never refreshed'
        when not is_same then 'changed since its refresh'
    end as reason
from compared
