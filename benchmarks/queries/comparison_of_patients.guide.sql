SELECT
    g.gene_symbol,
    COALESCE(one.expression_fold_change, 1.0) AS fold_change_of_one,
    COALESCE(other.expression_fold_change, 1.0) AS fold_change_of_other
FROM public.transcripts t
LEFT JOIN :patient.expression_data one
    ON t.transcript_id = one.transcript_id
LEFT JOIN :other.expression_data other
    ON t.transcript_id = other.transcript_id
JOIN public.genes g
    ON t.gene_id = g.gene_id
WHERE g.gene_symbol IN ('ERBB2', 'EGFR', 'ESR1', 'MKI67')
ORDER BY g.gene_symbol, t.transcript_id;
