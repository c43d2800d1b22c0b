with

journal as (

    select * from {{ source('migration', 'patient') }}
    where schema_name = '{{ tested_schema() }}'

),

kept as (

    select transcript_id from {{ ref('expression_data') }}
    union all
    select transcript_id from {{ ref('quarantined_expression') }}

),

kept_ids as (

    select distinct transcript_id from kept

),

core as (

    select
        count(*) filter (where kept_ids.transcript_id is null) as at_baseline,
        {{ core_fingerprint_sql('transcripts.transcript_id') }} as fingerprint
    from {{ source('core', 'transcripts') }} as transcripts
    left join kept_ids on transcripts.transcript_id = kept_ids.transcript_id

),

reasons as (

    select
        reason,
        count(*) as counted
    from {{ ref('quarantined_expression') }}
    group by reason

),

recorded_reasons as (

    select
        recorded.reason,
        recorded.row_count::bigint as recorded
    from journal
    cross join jsonb_each_text(journal.quarantine_reasons) as recorded (reason, row_count)

),

sums as (

    select
        'legacy rows, and their dispositions in the journal' as compared,
        max(legacy_rows) as recorded, -- null without a row of the journal
        max(stored_rows + baseline_rows + quarantined_rows) as counted
    from journal

    union all

    -- A core that has changed since the build tells nothing about the rows that were left to it.
    select
        'legacy rows, and the rows kept here and left to the core' as compared,
        journal.legacy_rows as recorded,
        (select count(*) from kept) + core.at_baseline - journal.missing_rows as counted
    from journal
    inner join core on journal.core_fingerprint = core.fingerprint

    union all

    select
        'quarantined as ' || coalesce(reasons.reason, recorded_reasons.reason) as compared,
        recorded_reasons.recorded,
        reasons.counted
    from reasons
    full join recorded_reasons on reasons.reason = recorded_reasons.reason

)

select * from sums
where recorded is null or counted is null or recorded <> counted
