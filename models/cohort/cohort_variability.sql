-- Mean and variance over all current patients, of which most have no row for a transcript and are at log2 0. Those that
-- have one are summed up by PostgreSQL, and the others are added by the formula for two groups put together, which
-- loses no digits where a sum of squares would.
with

patients as (

    select count(*) as n from {{ ref('cohort_patients') }}
    where is_current

),

by_transcript as (

    select
        transcript_id,
        count(*) - count(fold_change) as quarantined,
        count(fold_change) as changed,
        coalesce(avg(ln(fold_change) / ln(2)), 0) as mean_log2,
        coalesce(var_pop(ln(fold_change) / ln(2)), 0) as variance_log2
    from {{ ref('cohort_expression') }}
    group by transcript_id

),

counted as (

    select
        by_transcript.transcript_id,
        by_transcript.changed,
        by_transcript.mean_log2,
        by_transcript.variance_log2,
        patients.n - by_transcript.quarantined as patients
    from by_transcript
    cross join patients
    inner join {{ source('core', 'transcripts') }} as transcripts
        on by_transcript.transcript_id = transcripts.transcript_id

)

select
    transcript_id,
    patients,
    changed,
    mean_log2 * changed / nullif(patients, 0) as mean_log2,
    (changed * variance_log2 + mean_log2 ^ 2 * changed * (patients - changed) / nullif(patients, 0))
    / nullif(greatest(patients - 1, 0), 0) as variance_log2
from counted
order by transcript_id
