with

shown as (

    select
        transcript_id,
        expression_fold_change
    from {{ ref('cancer_transcript_base') }}

),

kept as (

    select
        transcript_id,
        expression_fold_change
    from {{ ref('expression_data') }}
    union all
    select
        transcript_id,
        expression_fold_change
    from {{ ref('quarantined_expression') }}

),

at_baseline as (

    select
        transcripts.transcript_id,
        1.0 as expression_fold_change
    from {{ source('core', 'transcripts') }} as transcripts
    left join kept on transcripts.transcript_id = kept.transcript_id
    where kept.transcript_id is null

),

readings as (

    select
        *,
        1 as times_shown,
        0 as times_expected
    from shown
    union all
    select
        *,
        0 as times_shown,
        1 as times_expected
    from kept
    union all
    select
        *,
        0 as times_shown,
        1 as times_expected
    from at_baseline

)

-- Grouped by value too, where NaN is NaN and null is null.
select
    transcript_id,
    expression_fold_change,
    sum(times_shown) as times_shown,
    sum(times_expected) as times_expected
from readings
group by transcript_id, expression_fold_change
having sum(times_shown) <> sum(times_expected)
