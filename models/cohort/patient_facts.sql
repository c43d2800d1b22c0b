-- What the integrity checks of one patient need, from one look at its rows. Counts of faults are 0 for a patient that
-- is well. NaN is greater than everything and equal to itself, as PostgreSQL compares.
with

journal as (

    select * from {{ source('migration', 'patient') }}
    where schema_name = current_setting('search_path')

),

stored as materialized (

    select
        sparse.transcript_id::text as transcript_id,
        sparse.expression_fold_change as fold_change,
        transcripts.transcript_id is null as is_unknown
    from {{ ref('expression_data').include(database=false, schema=false) }} as sparse
    left join {{ source('core', 'transcripts') }} as transcripts on sparse.transcript_id = transcripts.transcript_id

),

quarantined as materialized (

    select
        transcript_id,
        reason,
        case
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
        count(*) filter (where is_unknown) as orphans_stored,
        count(*) filter (where (fold_change > 0 and fold_change < 'Infinity') is not true) as not_positive_finite,
        {{ first_ids('transcript_id', 'fold_change = 1.0') }} as baseline_ids,
        {{ first_ids('transcript_id', 'is_unknown') }} as orphan_ids,
        {{ first_ids('transcript_id', "(fold_change > 0 and fold_change < 'Infinity') is not true") }} as bad_ids
    from stored

),

quarantine_facts as (

    select
        count(*) as quarantined_rows,
        count(*) filter (where reason is distinct from true_reason) as wrong_reasons,
        {{ first_ids('transcript_id', 'reason is distinct from true_reason') }} as wrong_ids
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

doubled as (

    select
        coalesce(sum(n - 1), 0)::bigint as doubled_rows,
        {{ first_ids('transcript_id', 'true') }} as doubled_ids
    from (
        select
            transcript_id,
            count(*) as n
        from (
            select transcript_id from stored
            union all
            select transcript_id from quarantined
        ) as ids
        group by 1
        having count(*) > 1
    ) as repeated

)

select
    journal.patient_id,
    stored_facts.stored_rows,
    quarantine_facts.quarantined_rows,
    reasons.quarantine_reasons,
    stored_facts.baseline_stored,
    stored_facts.baseline_ids,
    stored_facts.orphans_stored,
    stored_facts.orphan_ids,
    stored_facts.not_positive_finite,
    stored_facts.bad_ids,
    doubled.doubled_rows,
    doubled.doubled_ids,
    quarantine_facts.wrong_reasons,
    quarantine_facts.wrong_ids,
    array_remove(
        array[
            case when stored_facts.stored_rows is distinct from journal.stored_rows then 'stored' end,
            case when quarantine_facts.quarantined_rows is distinct from journal.quarantined_rows then 'quarantined' end,
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
    migration.patient_digest(journal.schema_name) as digest,
    coalesce(journal.current_digest, journal.legacy_digest) as proven_digest,
    now() as checked_at
from journal
cross join stored_facts
cross join quarantine_facts
cross join reasons
cross join doubled
