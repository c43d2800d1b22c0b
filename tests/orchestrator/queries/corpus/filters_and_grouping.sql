-- name: counts by filter | expect: guide
SELECT
    count(*) AS transcripts,
    count(*) FILTER (WHERE expression_fold_change > 1) AS up,
    count(*) FILTER (WHERE expression_fold_change < 1) AS down,
    count(*) FILTER (WHERE expression_fold_change = 1) AS unchanged
FROM cancer_transcript_base;

-- name: counts by case | expect: guide
SELECT COUNT(*) as total_rows, COUNT(CASE WHEN expression_fold_change != 1.0 THEN 1 END) as non_baseline
FROM cancer_transcript_base;

-- name: genes by type | expect: guide
SELECT gene_type, count(*), count(distinct gene_id) AS genes, avg(expression_fold_change), stddev_samp(expression_fold_change)
FROM cancer_transcript_base GROUP BY gene_type;

-- name: group by position | expect: guide | ordered
SELECT chromosome, count(*) FROM cancer_transcript_base WHERE expression_fold_change <= 1.0 GROUP BY 1 ORDER BY 1;

-- name: group by an output name | expect: guide | ordered
SELECT round(expression_fold_change::numeric, 0) AS rounded, count(*) AS n
FROM cancer_transcript_base
WHERE expression_fold_change BETWEEN 0.1 AND 20
GROUP BY rounded
ORDER BY rounded;

-- name: group by a name that is input and output | expect: guide
SELECT upper(gene_type) AS gene_type, count(*) AS n, min(expression_fold_change) AS lowest
FROM cancer_transcript_base GROUP BY gene_type;

-- name: group by an expression | expect: guide
SELECT width_bucket(expression_fold_change, 0, 2, 4) AS bucket, count(*) AS n
FROM cancer_transcript_base
WHERE expression_fold_change >= 0 AND expression_fold_change < 2
GROUP BY width_bucket(expression_fold_change, 0, 2, 4);

-- name: having the strongest at baseline | expect: guide
SELECT gene_id, max(expression_fold_change) AS top
FROM cancer_transcript_base GROUP BY gene_id HAVING max(expression_fold_change) = 1.0;

-- name: having a mean over two | expect: guide
SELECT gene_symbol, avg(expression_fold_change) AS mean
FROM cancer_transcript_base
WHERE gene_symbol <> ''
GROUP BY gene_symbol
HAVING avg(expression_fold_change) > 2 AND count(*) >= 1;

-- name: rollup | expect: guide
SELECT chromosome, gene_type, count(*) AS n, sum(expression_fold_change) AS total
FROM cancer_transcript_base
WHERE chromosome IN ('17', '7', 'X')
GROUP BY ROLLUP (chromosome, gene_type);

-- name: cube with grouping | expect: guide
SELECT grouping(chromosome, gene_type) AS level, chromosome, gene_type, avg(expression_fold_change) AS mean
FROM cancer_transcript_base
WHERE chromosome IN ('1', '2')
GROUP BY CUBE (chromosome, gene_type);

-- name: grouping sets | expect: guide
SELECT chromosome, gene_symbol, max(expression_fold_change) AS top
FROM cancer_transcript_base
WHERE gene_symbol IN ('TP53', 'ERBB2', 'EGFR', 'MYC', 'CCND1')
GROUP BY GROUPING SETS ((chromosome), (gene_symbol), ());

-- name: grouping sets over a state of the fold change | expect: guide
SELECT expression_fold_change = 1.0 AS at_baseline, gene_type, count(*) AS n
FROM cancer_transcript_base
GROUP BY GROUPING SETS ((expression_fold_change = 1.0), (gene_type), (expression_fold_change = 1.0, gene_type));

-- name: quartiles | expect: guide
SELECT
    percentile_cont(0.25) WITHIN GROUP (ORDER BY expression_fold_change) AS q1,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY expression_fold_change) AS median,
    percentile_disc(0.75) WITHIN GROUP (ORDER BY expression_fold_change) AS q3
FROM cancer_transcript_base;

-- name: median by chromosome | expect: guide
SELECT chromosome, percentile_cont(array[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY expression_fold_change) AS deciles
FROM cancer_transcript_base GROUP BY chromosome;

-- name: most frequent value | expect: guide
SELECT mode() WITHIN GROUP (ORDER BY expression_fold_change) AS most_frequent, count(DISTINCT expression_fold_change) AS values
FROM cancer_transcript_base;

-- name: hypothetical rank | expect: guide
SELECT rank(1.0) WITHIN GROUP (ORDER BY expression_fold_change) AS place_of_baseline FROM cancer_transcript_base;

-- name: string_agg in order | expect: guide
SELECT chromosome, string_agg(gene_symbol, ', ' ORDER BY expression_fold_change DESC, gene_symbol) AS genes
FROM cancer_transcript_base
WHERE gene_symbol IN ('TP53', 'ERBB2', 'GRB7', 'BRCA1', 'STAT1', 'TOP2A', 'EGFR', 'MET', 'BRAF')
GROUP BY chromosome;

-- name: boolean aggregates | expect: guide
SELECT gene_id, bool_and(expression_fold_change >= 1) AS all_up, bool_or(expression_fold_change = 1) AS any_still
FROM cancer_transcript_base GROUP BY gene_id;

-- name: correlation of the fold change with a position | expect: guide
SELECT corr(c.expression_fold_change, g.start_position) AS r, regr_count(c.expression_fold_change, g.start_position) AS n
FROM cancer_transcript_base c JOIN genes g ON g.gene_id = c.gene_id
WHERE c.expression_fold_change BETWEEN 0 AND 10;

-- name: aggregate of an empty set | expect: guide
SELECT count(*) AS n, max(expression_fold_change) AS top FROM cancer_transcript_base WHERE gene_symbol = 'NO SUCH GENE';

-- name: sum and mean of all rows | expect: guide
SELECT sum(expression_fold_change) AS total, avg(expression_fold_change) AS mean FROM cancer_transcript_base WHERE chromosome <> 'Y';

-- name: distinct values near one | expect: guide | ordered
SELECT DISTINCT expression_fold_change FROM cancer_transcript_base
WHERE expression_fold_change > 0.98 AND expression_fold_change < 1.02 ORDER BY 1;

-- name: distinct chromosomes of unchanged genes | expect: guide
SELECT DISTINCT chromosome FROM cancer_transcript_base WHERE expression_fold_change = 1;

-- name: group by the table's key and all columns | expect: guide
SELECT transcript_id, gene_symbol, expression_fold_change
FROM cancer_transcript_base WHERE chromosome = '18'
GROUP BY transcript_id, gene_symbol, expression_fold_change;

-- name: drugs per state of the target | expect: guide
SELECT CASE WHEN c.expression_fold_change > 1 THEN 'up' WHEN c.expression_fold_change < 1 THEN 'down' ELSE 'baseline' END AS state,
       count(DISTINCT d.molecule_name) AS drugs
FROM opentargets_known_drugs d
JOIN cancer_transcript_base c ON c.gene_id = d.target_gene_id
GROUP BY 1;

-- name: filter beside where | expect: guide
SELECT chromosome,
       count(*) FILTER (WHERE gene_type = 'protein_coding' AND expression_fold_change <= 1) AS coding_not_up,
       avg(expression_fold_change) FILTER (WHERE expression_fold_change < 10) AS trimmed
FROM cancer_transcript_base
WHERE gene_symbol <> ''
GROUP BY chromosome;

-- name: correlated subquery beside a group | expect: guide
SELECT c.gene_symbol, max(c.expression_fold_change) AS top,
       (SELECT count(*) FROM genes g WHERE g.gene_symbol = c.gene_symbol) AS genes_of_that_name
FROM cancer_transcript_base c
WHERE c.chromosome = '17'
GROUP BY c.gene_symbol;

-- name: distinct ordered by the column under another name | expect: guide | ordered
SELECT DISTINCT gene_symbol AS symbol, expression_fold_change AS fold
FROM cancer_transcript_base WHERE chromosome = '7' ORDER BY expression_fold_change, gene_symbol;

-- name: distinct on the fold change | expect: guide | ordered
SELECT DISTINCT ON (expression_fold_change) expression_fold_change, transcript_id
FROM cancer_transcript_base WHERE expression_fold_change BETWEEN 0.9 AND 1.1
ORDER BY expression_fold_change, transcript_id;

-- name: having without group | expect: guide
SELECT max(expression_fold_change) AS top, count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change <= 1 HAVING min(expression_fold_change) < 1;

-- name: grouped by the key where only aggregates are beside it | expect: guide
SELECT transcript_id, upper(max(gene_symbol)) AS symbol, count(*) FILTER (WHERE expression_fold_change = 1) AS at_baseline
FROM cancer_transcript_base WHERE chromosome = '13' GROUP BY transcript_id;

-- name: grouped case over the fold change | expect: guide
SELECT CASE WHEN expression_fold_change > 1 THEN 'up' ELSE 'not up' END AS state, string_agg(DISTINCT chromosome, ',') AS chromosomes, count(*) AS n
FROM cancer_transcript_base
GROUP BY CASE WHEN expression_fold_change > 1 THEN 'up' ELSE 'not up' END;

-- name: correlated exists in having | expect: guide
SELECT c.chromosome, max(c.expression_fold_change) AS top
FROM cancer_transcript_base c
GROUP BY c.chromosome
HAVING EXISTS (SELECT 1 FROM genes g WHERE g.chromosome = c.chromosome AND g.strand = 1);

-- name: grouped by a comparison | expect: guide
SELECT chromosome = '17' AS on_17, gene_type LIKE '%RNA' AS is_rna, count(*) AS n, avg(expression_fold_change) AS mean
FROM cancer_transcript_base GROUP BY on_17, gene_type LIKE '%RNA' ORDER BY 1, 2;
