select found.transcript_id
from (
    select
        transcript_id,
        gene_symbol,
        expression_fold_change
    from {batch}
    where expression_fold_change > 2.0
    order by expression_fold_change desc
    limit 20
) as found
where found.expression_fold_change <= 2.0
