SELECT
    g.gene_symbol,
    COALESCE(pe.expression_fold_change, 1.0) AS fold_change,
    okd.molecule_name,
    okd.mechanism_of_action
FROM public.transcripts t
LEFT JOIN :patient.expression_data pe
    ON t.transcript_id = pe.transcript_id
JOIN public.genes g
    ON t.gene_id = g.gene_id
JOIN public.opentargets_known_drugs okd
    ON g.gene_id = okd.target_gene_id
WHERE COALESCE(pe.expression_fold_change, 1.0) > 3.0
  AND okd.is_approved = true
ORDER BY COALESCE(pe.expression_fold_change, 1.0) DESC;
