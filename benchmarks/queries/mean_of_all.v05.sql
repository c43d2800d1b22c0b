SELECT
    gene_type,
    count(*) AS transcripts,
    avg(expression_fold_change) AS mean_fold_change
FROM cancer_transcript_base
GROUP BY gene_type
ORDER BY transcripts DESC, gene_type;
