SELECT
    gene_symbol,
    expression_fold_change
FROM cancer_transcript_base
WHERE expression_fold_change > 2.0
ORDER BY expression_fold_change DESC
LIMIT 20;
