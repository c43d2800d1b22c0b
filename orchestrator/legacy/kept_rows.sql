-- The rows of rows.sql, and those whose id is repeated or null, each with its disposition. Same rules as
-- stg_legacy__expression.
select
    transcript_id::text as transcript_id,
    expression_fold_change::double precision as expression_fold_change,
    case
        when expression_fold_change is null then 'null'
        when expression_fold_change = 'NaN' then 'nan'
        when expression_fold_change in ('Infinity', '-Infinity') then 'infinite'
        when expression_fold_change <= 0 then 'not_positive'
        when {is_unknown} then 'orphan'
        when expression_fold_change = 1.0 then 'baseline'
        else 'stored'
    end as disposition
from public.{surface}
where expression_fold_change is distinct from 1.0 or {is_unknown} or {is_repeated}
