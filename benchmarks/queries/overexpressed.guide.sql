SELECT
    g.gene_symbol,
    COALESCE(pe.expression_fold_change, 1.0) AS fold_change
FROM public.transcripts t
LEFT JOIN :patient.expression_data pe
    ON t.transcript_id = pe.transcript_id
JOIN public.genes g
    ON t.gene_id = g.gene_id
WHERE COALESCE(pe.expression_fold_change, 1.0) > 2.0
ORDER BY COALESCE(pe.expression_fold_change, 1.0) DESC
LIMIT 20;
