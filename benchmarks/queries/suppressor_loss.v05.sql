SELECT
    gene_symbol,
    expression_fold_change,
    ROUND((1.0 - expression_fold_change)::numeric * 100, 1) AS percent_loss
FROM cancer_transcript_base
WHERE gene_symbol IN ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2')
  AND expression_fold_change < 0.8
ORDER BY expression_fold_change ASC;
