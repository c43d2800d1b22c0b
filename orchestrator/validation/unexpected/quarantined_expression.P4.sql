select transcript_id
from {batch}
where
    reason is distinct from case
        when reason in ('duplicate', 'unmatched') then reason
        when expression_fold_change is null then 'null'
        when expression_fold_change = 'NaN' then 'nan'
        when expression_fold_change in ('Infinity', '-Infinity') then 'infinite'
        when expression_fold_change <= 0 then 'not_positive'
        else 'orphan'
    end
