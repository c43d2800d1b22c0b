-- What an export and a build would make of every row, without either. Same rules as stg_legacy__expression.
select disposition, count(*) as rows
from (
    select case
        when legacy.expression_fold_change is null then 'null'
        when legacy.expression_fold_change = 'NaN' then 'nan'
        when legacy.expression_fold_change in ('Infinity', '-Infinity') then 'infinite'
        when legacy.expression_fold_change <= 0 then 'not_positive'
        when unknown.transcript_id is not null then 'orphan'
        when legacy.expression_fold_change = 1.0 then 'baseline'
        else 'stored'
    end as disposition
    from public.{surface} as legacy
    left join unnest(%(unknown_ids)s::text []) as unknown (transcript_id)
        on unknown.transcript_id = legacy.transcript_id::text
) as with_disposition
group by disposition
