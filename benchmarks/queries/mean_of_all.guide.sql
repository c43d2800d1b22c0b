SELECT
    g.gene_type,
    count(*) AS transcripts,
    avg(COALESCE(pe.expression_fold_change, 1.0)) AS mean_fold_change
FROM public.transcripts t
LEFT JOIN :patient.expression_data pe
    ON t.transcript_id = pe.transcript_id
JOIN public.genes g
    ON t.gene_id = g.gene_id
GROUP BY g.gene_type
ORDER BY transcripts DESC, g.gene_type;
