-- name: rank over all | expect: guide | ordered
SELECT gene_symbol, expression_fold_change, rank() OVER (ORDER BY expression_fold_change DESC) AS place
FROM cancer_transcript_base
ORDER BY place, gene_symbol, transcript_id
LIMIT 50;

-- name: rank of suppressed ones only | expect: guide
SELECT gene_symbol, dense_rank() OVER (ORDER BY expression_fold_change) AS place
FROM cancer_transcript_base WHERE expression_fold_change < 0.5;

-- name: rank from below, where the baseline counts | expect: guide
SELECT transcript_id, rank() OVER (ORDER BY expression_fold_change) AS place
FROM cancer_transcript_base;

-- name: first of each gene by row number | expect: guide
SELECT gene_id, transcript_id, expression_fold_change FROM (
    SELECT gene_id, transcript_id, expression_fold_change,
           row_number() OVER (PARTITION BY gene_id ORDER BY expression_fold_change, transcript_id) AS n
    FROM cancer_transcript_base
) numbered WHERE n = 1;

-- name: share of the chromosome | expect: guide
SELECT transcript_id, chromosome, expression_fold_change / sum(expression_fold_change) OVER (PARTITION BY chromosome) AS share
FROM cancer_transcript_base WHERE gene_type = 'protein_coding';

-- name: named window | expect: guide
SELECT transcript_id,
       avg(expression_fold_change) OVER w AS mean,
       count(*) OVER w AS isoforms,
       first_value(expression_fold_change) OVER (w ORDER BY transcript_id) AS first
FROM cancer_transcript_base
WHERE chromosome = '12'
WINDOW w AS (PARTITION BY gene_id);

-- name: moving mean along the chromosome | expect: cte
SELECT c.transcript_id,
       avg(c.expression_fold_change) OVER (
           PARTITION BY c.chromosome ORDER BY g.start_position, c.transcript_id ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING
       ) AS smoothed
FROM cancer_transcript_base c JOIN genes g USING (gene_id)
WHERE c.chromosome = '17';

-- name: lag and lead | expect: guide
SELECT transcript_id, expression_fold_change,
       lag(expression_fold_change) OVER (ORDER BY transcript_id) AS before,
       lead(expression_fold_change, 1, 1.0) OVER (ORDER BY transcript_id) AS after
FROM cancer_transcript_base WHERE chromosome = '7';

-- name: cumulative distribution | expect: guide
SELECT transcript_id, cume_dist() OVER (ORDER BY expression_fold_change) AS below, percent_rank() OVER (ORDER BY expression_fold_change) AS percentile
FROM cancer_transcript_base WHERE chromosome IN ('X', '8');

-- name: quartiles by ntile | expect: guide
SELECT quartile, count(*) AS n, min(expression_fold_change) AS lowest, max(expression_fold_change) AS highest
FROM (
    SELECT expression_fold_change, ntile(4) OVER (ORDER BY expression_fold_change, transcript_id) AS quartile
    FROM cancer_transcript_base
) q GROUP BY quartile;

-- name: window with filter | expect: guide
SELECT transcript_id, count(*) FILTER (WHERE expression_fold_change = 1.0) OVER (PARTITION BY gene_id) AS siblings_at_baseline
FROM cancer_transcript_base WHERE gene_type <> 'protein_coding';

-- name: window over an aggregate | expect: guide
SELECT chromosome, sum(expression_fold_change) AS total, rank() OVER (ORDER BY sum(expression_fold_change) DESC, chromosome) AS place
FROM cancer_transcript_base GROUP BY chromosome;

-- name: window over a predicate that leaves out the baseline | expect: guide
SELECT transcript_id, count(*) OVER () AS found, expression_fold_change - avg(expression_fold_change) OVER () AS from_mean
FROM cancer_transcript_base WHERE expression_fold_change NOT BETWEEN 0.5 AND 2.0;

-- name: range frame by value | expect: guide
SELECT transcript_id, count(*) OVER (ORDER BY expression_fold_change RANGE BETWEEN 0.05 PRECEDING AND 0.05 FOLLOWING) AS alike
FROM cancer_transcript_base WHERE expression_fold_change BETWEEN 0.5 AND 1.5;

-- name: distinct on | expect: guide
SELECT DISTINCT ON (gene_id) gene_id, transcript_id, expression_fold_change
FROM cancer_transcript_base
WHERE gene_symbol <> ''
ORDER BY gene_id, expression_fold_change DESC, transcript_id;
