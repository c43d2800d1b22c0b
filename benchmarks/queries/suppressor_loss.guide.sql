SELECT
    g.gene_symbol,
    COALESCE(pe.expression_fold_change, 1.0) AS fold_change,
    ROUND((1.0 - COALESCE(pe.expression_fold_change, 1.0))::numeric * 100, 1) AS percent_loss
FROM public.transcripts t
LEFT JOIN :patient.expression_data pe
    ON t.transcript_id = pe.transcript_id
JOIN public.genes g
    ON t.gene_id = g.gene_id
WHERE g.gene_symbol IN ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2')
  AND COALESCE(pe.expression_fold_change, 1.0) < 0.8
ORDER BY COALESCE(pe.expression_fold_change, 1.0) ASC;
