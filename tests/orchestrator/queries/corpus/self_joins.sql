-- name: self join of isoforms | expect: guide
SELECT a.gene_symbol, a.transcript_id, b.transcript_id AS other, a.expression_fold_change / b.expression_fold_change AS ratio
FROM cancer_transcript_base a
JOIN cancer_transcript_base b ON a.gene_id = b.gene_id AND a.transcript_id < b.transcript_id
WHERE b.expression_fold_change <> 0 AND a.chromosome IN ('5', '12', 'X');

-- name: isoforms that go apart | expect: cte
SELECT up.gene_symbol, up.transcript_id, down.transcript_id
FROM cancer_transcript_base up
JOIN cancer_transcript_base down USING (gene_id)
WHERE up.expression_fold_change > 1.5 AND down.expression_fold_change < 0.8;

-- name: one isoform changed and one at baseline | expect: guide
SELECT changed.gene_id, changed.transcript_id, still.transcript_id AS at_baseline
FROM cancer_transcript_base changed, cancer_transcript_base still
WHERE changed.gene_id = still.gene_id
  AND changed.expression_fold_change > 1.2
  AND still.expression_fold_change = 1.0;

-- name: two genes side by side | expect: guide
SELECT her2.expression_fold_change AS erbb2, grb7.expression_fold_change AS grb7, egfr.expression_fold_change AS egfr
FROM cancer_transcript_base her2
CROSS JOIN cancer_transcript_base grb7
CROSS JOIN cancer_transcript_base egfr
WHERE her2.gene_symbol = 'ERBB2' AND grb7.gene_symbol = 'GRB7' AND egfr.gene_symbol = 'EGFR'
  AND her2.transcript_id = 'ENST00000269571' AND grb7.transcript_id = 'ENST00000309156'
  AND egfr.transcript_id = 'ENST00000275493';

-- name: left self join to a stronger isoform | expect: cte
SELECT c.transcript_id, c.expression_fold_change, better.transcript_id AS stronger
FROM cancer_transcript_base c
LEFT JOIN cancer_transcript_base better
    ON better.gene_id = c.gene_id AND better.expression_fold_change > c.expression_fold_change
WHERE c.chromosome = '12';

-- name: strongest isoform by anti join | expect: cte
SELECT c.gene_id, c.transcript_id, c.expression_fold_change
FROM cancer_transcript_base c
LEFT JOIN cancer_transcript_base other
    ON other.gene_id = c.gene_id
   AND (other.expression_fold_change, other.transcript_id) > (c.expression_fold_change, c.transcript_id)
WHERE other.transcript_id IS NULL AND c.gene_type = 'protein_coding';

-- name: table against itself under its own name | expect: guide
SELECT cancer_transcript_base.transcript_id, o.transcript_id AS other
FROM cancer_transcript_base
JOIN cancer_transcript_base o ON o.gene_id = cancer_transcript_base.gene_id AND o.transcript_id > cancer_transcript_base.transcript_id
WHERE cancer_transcript_base.expression_fold_change = o.expression_fold_change AND o.chromosome IN ('5', '12', 'X');

-- name: pairs of neighbours on a chromosome | expect: guide
SELECT a.gene_symbol AS first, b.gene_symbol AS second, a.expression_fold_change + b.expression_fold_change AS together
FROM cancer_transcript_base a
JOIN genes ga ON ga.gene_id = a.gene_id
JOIN cancer_transcript_base b ON b.chromosome = a.chromosome AND b.transcript_id <> a.transcript_id
JOIN genes gb ON gb.gene_id = b.gene_id AND gb.start_position BETWEEN ga.end_position AND ga.end_position + 50000
WHERE a.chromosome = '17' AND a.expression_fold_change >= 1;

-- name: counts of both sides of a self join | expect: cte
SELECT count(*) AS pairs, count(DISTINCT a.gene_id) AS genes, sum(a.expression_fold_change * b.expression_fold_change) AS products
FROM cancer_transcript_base a JOIN cancer_transcript_base b USING (gene_id)
WHERE a.transcript_id < b.transcript_id AND a.chromosome = '1';
