SELECT
    gp.pathway_name,
    count(DISTINCT ctb.gene_symbol) AS genes,
    avg(ctb.expression_fold_change) AS mean_fold_change
FROM cancer_transcript_base ctb
JOIN gene_pathways gp ON gp.gene_id = ctb.gene_id
WHERE ctb.expression_fold_change > 2.0
GROUP BY gp.pathway_name
HAVING count(DISTINCT ctb.gene_symbol) >= 3
ORDER BY genes DESC, gp.pathway_name
LIMIT 20;
