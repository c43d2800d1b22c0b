select transcript_id, expression_fold_change
from (
    select transcript_id::text as transcript_id, expression_fold_change
    from {schema}.expression_data
    union all
    select transcript_id, expression_fold_change
    from {schema}.quarantined_expression
) as kept
order by transcript_id collate "C"
