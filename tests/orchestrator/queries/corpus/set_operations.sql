-- name: union of both tails | expect: guide
SELECT gene_symbol, 'up' AS direction FROM cancer_transcript_base WHERE expression_fold_change > 4
UNION
SELECT gene_symbol, 'down' FROM cancer_transcript_base WHERE expression_fold_change < 0.25;

-- name: union all of three states | expect: guide
SELECT 'up' AS state, count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change > 1
UNION ALL SELECT 'down', count(*) FROM cancer_transcript_base WHERE expression_fold_change < 1
UNION ALL SELECT 'same', count(*) FROM cancer_transcript_base WHERE expression_fold_change = 1;

-- name: parenthesised arms with limits | expect: guide
(SELECT transcript_id, expression_fold_change FROM cancer_transcript_base ORDER BY expression_fold_change DESC, transcript_id LIMIT 5)
UNION ALL
(SELECT transcript_id, expression_fold_change FROM cancer_transcript_base ORDER BY expression_fold_change, transcript_id LIMIT 5);

-- name: except of the changed genes | expect: guide
SELECT gene_symbol FROM genes WHERE chromosome = '17'
EXCEPT
SELECT gene_symbol FROM cancer_transcript_base WHERE expression_fold_change <> 1.0;

-- name: except all | expect: guide
SELECT gene_id FROM transcripts EXCEPT ALL SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change >= 1;

-- name: intersect with drug targets | expect: guide
SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change <= 1
INTERSECT
SELECT target_gene_id FROM opentargets_known_drugs;

-- name: nested parentheses | expect: guide
((SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change > 2 UNION SELECT gene_id FROM gene_pathways)
 INTERSECT
 (SELECT target_gene_id FROM opentargets_known_drugs WHERE is_approved))
EXCEPT
SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change < 1.0;

-- name: union ordered by a name | expect: guide | ordered
SELECT gene_symbol, expression_fold_change, transcript_id FROM cancer_transcript_base WHERE gene_symbol = 'TP53'
UNION
SELECT gene_symbol, expression_fold_change, transcript_id FROM cancer_transcript_base WHERE gene_symbol = 'VIM'
ORDER BY expression_fold_change DESC, transcript_id;

-- name: union ordered by position with offset | expect: guide | ordered
(SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE chromosome = '17')
UNION ALL
(SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE chromosome = '7')
ORDER BY 2, 1 LIMIT 20 OFFSET 10;

-- name: union in a cte | expect: guide
WITH panel AS (
    SELECT gene_symbol, expression_fold_change, 'her2' AS panel FROM cancer_transcript_base WHERE gene_symbol IN ('ERBB2', 'GRB7', 'STARD3')
    UNION ALL
    SELECT gene_symbol, expression_fold_change, 'basal' FROM cancer_transcript_base WHERE gene_symbol IN ('KRT5', 'KRT14', 'KRT17', 'FOXC1')
)
SELECT panel, count(*) AS n, avg(expression_fold_change) AS mean FROM panel GROUP BY panel;

-- name: union of a plain column with a text | expect: guide
SELECT gene_symbol FROM cancer_transcript_base WHERE expression_fold_change = 1 AND chromosome = '17'
UNION ALL SELECT 'total: ' || count(*) FROM cancer_transcript_base;

-- name: values and the table | expect: guide
VALUES ('expected', 1.0::float8) UNION ALL SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE gene_symbol IN ('TP53', 'CD4', 'CD44');

-- name: set operation in a subquery | expect: guide
SELECT count(*) AS n FROM (
    SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change BETWEEN 0.8 AND 1.2
    EXCEPT (SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change > 1.2
            UNION SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change < 0.8)
) AS stable_genes;

-- name: union where only one arm reads the table | expect: guide
SELECT 'genes' AS what, count(*) AS n FROM genes
UNION ALL SELECT 'transcripts', COUNT(*) FROM transcripts
UNION ALL SELECT 'wide', count(*) FROM cancer_transcript_base
UNION ALL SELECT 'drugs', COUNT(*) FROM opentargets_known_drugs;
