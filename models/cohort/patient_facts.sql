-- What the integrity checks of one patient need. Counts of faults are 0 for a patient that is well. NaN is greater than
-- everything and equal to itself, as PostgreSQL compares.
-- A build stores only ids that the core has, each once. While the rows are those that parity was proven for, and the
-- core's ids those of the build, that still holds; it is looked at again when either has changed. The rules for reasons
-- are written a second time here: what checks a rule does not share it.
with

journal as (

    select * from {{ source('migration', 'patient') }}
    where schema_name = current_setting('search_path')

),

digested as materialized (

    select
        coalesce(current_digest, legacy_digest) as proven_digest,
        migration.patient_digest(schema_name) as digest,
        coalesce(core_fingerprint <> '{{ core_fingerprint() }}', true) as has_other_core
    from journal

),

proof as (

    select
        digest,
        proven_digest,
        coalesce(digest <> proven_digest, true) as has_other_rows,
        coalesce(digest <> proven_digest, true) or has_other_core as has_other_ids
    from digested

),

stored as not materialized (

    select
        transcript_id::text as transcript_id,
        expression_fold_change as fold_change
    from {{ ref('expression_data').include(database=false, schema=false) }}

),

quarantined as materialized (

    select
        transcript_id,
        reason,
        case
            -- An import decides these by the ids of the file, before any value is looked at.
            when reason in ('duplicate', 'unmatched') then reason
            when expression_fold_change is null then 'null'
            when expression_fold_change = 'NaN' then 'nan'
            when expression_fold_change in ('Infinity', '-Infinity') then 'infinite'
            when expression_fold_change <= 0 then 'not_positive'
            else 'orphan'
        end as true_reason
    from {{ ref('quarantined_expression').include(database=false, schema=false) }}

),

stored_facts as (

    select
        count(*) as stored_rows,
        count(*) filter (where fold_change = 1.0) as baseline_stored,
        count(*) filter (where (fold_change > 0 and fold_change < 'Infinity') is not true) as not_positive_finite
    from stored

),

quarantine_facts as (

    select
        count(*) as quarantined_rows,
        count(*) filter (where reason is distinct from true_reason) as wrong_reasons
    from quarantined

),

reasons as (

    select coalesce(jsonb_object_agg(reason, n), '{}') as quarantine_reasons
    from (
        select
            coalesce(reason, '') as reason,
            count(*) as n
        from quarantined
        group by 1
    ) as counted

),

orphans as (

    select stored.transcript_id
    from stored
    left join {{ source('core', 'transcripts') }} as transcripts on stored.transcript_id = transcripts.transcript_id
    where (select proof.has_other_ids from proof) and transcripts.transcript_id is null

),

doubled as (

    select
        transcript_id,
        count(*) - 1 as more
    from (
        select transcript_id from stored
        union all
        select transcript_id from quarantined
    ) as ids
    where (select proof.has_other_rows from proof)
    group by 1
    having count(*) > 1

)

select
    journal.patient_id,
    stored_facts.stored_rows,
    quarantine_facts.quarantined_rows,
    reasons.quarantine_reasons,
    stored_facts.baseline_stored,
    {{ first_ids('stored', 'stored_facts.baseline_stored > 0 and stored.fold_change = 1.0') }} as baseline_ids,
    (select count(*) from orphans) as orphans_stored,
    {{ first_ids('orphans') }} as orphan_ids,
    stored_facts.not_positive_finite,
    {{ first_ids(
        'stored',
        "stored_facts.not_positive_finite > 0 and (stored.fold_change > 0 and stored.fold_change < 'Infinity') is not true"
    ) }} as bad_ids,
    (select coalesce(sum(doubled.more), 0)::bigint from doubled) as doubled_rows,
    {{ first_ids('doubled') }} as doubled_ids,
    quarantine_facts.wrong_reasons,
    {{ first_ids('quarantined', 'quarantined.reason is distinct from quarantined.true_reason') }} as wrong_ids,
    array_remove(
        array[
            case when stored_facts.stored_rows is distinct from journal.stored_rows then 'stored' end,
            case
                when quarantine_facts.quarantined_rows is distinct from journal.quarantined_rows then 'quarantined'
            end,
            case when reasons.quarantine_reasons is distinct from journal.quarantine_reasons then 'reasons' end,
            case
                when (
                    stored_facts.stored_rows + journal.baseline_rows + quarantine_facts.quarantined_rows
                    = journal.legacy_rows
                ) is not true then 'stored + baseline + quarantined is not legacy rows'
            end
        ],
        null
    ) as count_faults,
    proof.digest,
    proof.proven_digest,
    now() as checked_at
from journal
cross join proof
cross join stored_facts
cross join quarantine_facts
cross join reasons
