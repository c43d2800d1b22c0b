-- One scan of a surface: its rows by disposition, as if the core had every id, with the sums of fingerprint.sql over the
-- ids and of hash_sum.sql over the rows that are not at 1.0. Same rules as stg_legacy__expression.
select
    disposition,
    count(*) as rows,
    sum(pg_catalog.hashtextextended(transcript_id, 0))::text as ids,
    coalesce(
        sum(
            pg_catalog.hashtextextended(
                transcript_id, coalesce(pg_catalog.hashfloat8extended(expression_fold_change, 0), 1)
            )
        ) filter (where disposition <> 'baseline'),
        0
    )::text as changed,
    max(written_at) as written_at
from (
    select
        transcript_id::text as transcript_id,
        expression_fold_change::double precision as expression_fold_change,
        {written_at} as written_at,
        case
            when expression_fold_change = 1.0 then 'baseline'
            when expression_fold_change is null then 'null'
            when expression_fold_change = 'NaN' then 'nan'
            when expression_fold_change in ('Infinity', '-Infinity') then 'infinite'
            when expression_fold_change <= 0 then 'not_positive'
            else 'stored'
        end as disposition
    from public.{surface}
) as rows
group by disposition
