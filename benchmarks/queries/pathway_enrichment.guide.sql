SELECT
    gp.pathway_name,
    count(DISTINCT g.gene_symbol) AS genes,
    avg(COALESCE(pe.expression_fold_change, 1.0)) AS mean_fold_change
FROM public.transcripts t
LEFT JOIN :patient.expression_data pe
    ON t.transcript_id = pe.transcript_id
JOIN public.genes g
    ON t.gene_id = g.gene_id
JOIN public.gene_pathways gp
    ON gp.gene_id = g.gene_id
WHERE COALESCE(pe.expression_fold_change, 1.0) > 2.0
GROUP BY gp.pathway_name
HAVING count(DISTINCT g.gene_symbol) >= 3
ORDER BY genes DESC, gp.pathway_name
LIMIT 20;
