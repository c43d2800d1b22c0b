SELECT
    one.gene_symbol,
    one.expression_fold_change AS fold_change_of_one,
    other.expression_fold_change AS fold_change_of_other
FROM :patient.cancer_transcript_base one
JOIN :other.cancer_transcript_base other USING (transcript_id)
WHERE one.gene_symbol IN ('ERBB2', 'EGFR', 'ESR1', 'MKI67')
ORDER BY one.gene_symbol, transcript_id;
