-- name: top twenty | expect: guide | ordered
SELECT
    gene_symbol,
    expression_fold_change
FROM cancer_transcript_base
WHERE expression_fold_change > 2.0
ORDER BY expression_fold_change DESC, transcript_id
LIMIT 20;

-- name: lowest of those at or above baseline | expect: guide | ordered
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base
WHERE expression_fold_change >= 1 ORDER BY expression_fold_change, transcript_id LIMIT 25;

-- name: order by an expression of the input | expect: guide | ordered
SELECT transcript_id, gene_symbol FROM cancer_transcript_base
ORDER BY abs(expression_fold_change - 1), transcript_id LIMIT 30;

-- name: order by an expression when the output has the name | expect: guide | ordered
SELECT transcript_id, 1 / greatest(expression_fold_change, 0.001) AS expression_fold_change FROM cancer_transcript_base
WHERE chromosome = '17' ORDER BY expression_fold_change + 0, transcript_id;

-- name: order by a column that is not put out | expect: guide | ordered
SELECT gene_symbol FROM cancer_transcript_base
WHERE gene_symbol IN ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2') ORDER BY expression_fold_change DESC, transcript_id;

-- name: order by positions | expect: guide | ordered
SELECT chromosome, gene_symbol, transcript_id, expression_fold_change FROM cancer_transcript_base
WHERE expression_fold_change <= 1.0 ORDER BY 1, 4 DESC, 3 LIMIT 60;

-- name: nulls first | expect: cte | ordered
SELECT g.gene_symbol, c.expression_fold_change
FROM genes g LEFT JOIN cancer_transcript_base c ON c.gene_id = g.gene_id AND c.expression_fold_change <= 1.0
WHERE g.chromosome = '17' ORDER BY c.expression_fold_change NULLS FIRST, g.gene_id, c.transcript_id;

-- name: order using an operator | expect: E111 | ordered
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base
WHERE chromosome = '8' ORDER BY expression_fold_change USING >, transcript_id;

-- name: order by case | expect: guide | ordered
SELECT transcript_id, gene_symbol FROM cancer_transcript_base
WHERE chromosome = '17'
ORDER BY CASE WHEN expression_fold_change = 1.0 THEN 0 ELSE 1 END, transcript_id
LIMIT 40;

-- name: fetch first with ties | expect: guide
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base
WHERE expression_fold_change >= 1.0 ORDER BY expression_fold_change FETCH FIRST 3 ROWS WITH TIES;

-- name: offset and fetch | expect: guide | ordered
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base
ORDER BY expression_fold_change DESC, transcript_id OFFSET 100 ROWS FETCH NEXT 20 ROWS ONLY;

-- name: order by collated symbol | expect: guide | ordered
SELECT gene_symbol, transcript_id FROM cancer_transcript_base
WHERE expression_fold_change = 1 AND chromosome = '17' ORDER BY gene_symbol COLLATE "C" DESC, transcript_id;

-- name: order by an alias of an aggregate | expect: guide | ordered
SELECT chromosome, avg(expression_fold_change) AS mean FROM cancer_transcript_base
GROUP BY chromosome ORDER BY mean DESC, chromosome;

-- name: order by the aggregate itself | expect: guide | ordered
SELECT gene_type, count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change <= 1
GROUP BY gene_type ORDER BY max(expression_fold_change), gene_type;

-- name: order by a lower-cased name | expect: guide | ordered
SELECT gene_symbol AS symbol, transcript_id FROM cancer_transcript_base
WHERE gene_symbol LIKE 'A%' ORDER BY lower(gene_symbol), expression_fold_change, transcript_id;

-- name: order in a subquery with limit | expect: guide
SELECT avg(expression_fold_change) AS mean_of_middle FROM (
    SELECT expression_fold_change FROM cancer_transcript_base ORDER BY expression_fold_change, transcript_id OFFSET 50 LIMIT 100
) middle;
