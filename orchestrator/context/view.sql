select
    gene_symbol,
    transcript_id,
    expression_fold_change,
    drugs
from {schema}.cancer_transcript_base
where expression_fold_change > 2.0
order by expression_fold_change desc, transcript_id
limit 20
