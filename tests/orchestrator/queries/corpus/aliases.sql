-- name: alias equal to a column | expect: guide
SELECT gene_symbol.gene_symbol, gene_symbol.expression_fold_change
FROM cancer_transcript_base AS gene_symbol
WHERE gene_symbol.expression_fold_change <= 1 AND gene_symbol.chromosome = '17';

-- name: output named as another column | expect: guide
SELECT gene_id AS gene_symbol, gene_symbol AS gene_id, expression_fold_change AS chromosome
FROM cancer_transcript_base WHERE chromosome = '17' AND expression_fold_change = 1;

-- name: output named as the fold change | expect: guide | ordered
SELECT transcript_id, -expression_fold_change AS expression_fold_change
FROM cancer_transcript_base WHERE chromosome = '8'
ORDER BY expression_fold_change, transcript_id;

-- name: where does not see the output name | expect: guide
SELECT gene_symbol, expression_fold_change * 0 AS expression_fold_change
FROM cancer_transcript_base WHERE expression_fold_change > 0.99 AND expression_fold_change < 1.01;

-- name: alias pe | expect: guide
SELECT pe.gene_symbol, pe.expression_fold_change FROM cancer_transcript_base pe WHERE pe.expression_fold_change < 1.001 AND pe.chromosome = '9';

-- name: alias t | expect: guide
SELECT t.transcript_id, t.gene_id, t.expression_fold_change FROM cancer_transcript_base t WHERE t.gene_symbol LIKE 'MY%';

-- name: alias g | expect: guide
SELECT g.* FROM (SELECT g.gene_symbol, g.expression_fold_change FROM cancer_transcript_base g) g WHERE g.gene_symbol LIKE 'TP%';

-- name: alias in upper case | expect: guide
SELECT C.GENE_SYMBOL, C.EXPRESSION_FOLD_CHANGE FROM CANCER_TRANSCRIPT_BASE C WHERE C.EXPRESSION_FOLD_CHANGE BETWEEN .5 AND 1.5 AND C.CHROMOSOME = '17';

-- name: quoted alias with a space | expect: guide
SELECT "my table".gene_symbol AS "Gene Symbol", "my table".expression_fold_change AS "Fold Change"
FROM cancer_transcript_base AS "my table" WHERE "my table".gene_symbol LIKE 'CD%';

-- name: quoted alias that is a keyword | expect: guide
SELECT "select".gene_symbol AS "from", "select".expression_fold_change AS "where"
FROM cancer_transcript_base "select" WHERE "select".chromosome = '13';

-- name: quoted alias with upper case beside its lower case | expect: guide
SELECT "C".gene_symbol, c.description, "C".expression_fold_change
FROM cancer_transcript_base "C" JOIN genes c ON c.gene_id = "C".gene_id
WHERE "C".expression_fold_change <= 1.0 AND c.chromosome = '17';

-- name: alias used again inside | expect: guide
SELECT c.gene_symbol, c.expression_fold_change
FROM cancer_transcript_base c
WHERE c.gene_id IN (SELECT c.target_gene_id FROM opentargets_known_drugs c WHERE c.is_approved)
  AND c.expression_fold_change >= 1;

-- name: alias used again for the table inside | expect: guide
SELECT c.chromosome, c.gene_symbol
FROM cancer_transcript_base c
WHERE c.expression_fold_change = (SELECT max(c.expression_fold_change) FROM cancer_transcript_base c WHERE c.expression_fold_change <= 1.0)
  AND c.chromosome IN ('1', '17');

-- name: alias with column names | expect: cte
SELECT x.id, x.symbol FROM cancer_transcript_base AS x (id, symbol) WHERE x.symbol LIKE 'EG%' AND x.expression_fold_change > 0;

-- name: bare output names | expect: guide
SELECT gene_symbol symbol, expression_fold_change fold, expression_fold_change * 100 - 100 percent_change
FROM cancer_transcript_base WHERE gene_symbol IN ('TP53', 'MYC', 'CD44');

-- name: names of unnamed outputs | expect: guide
SELECT gene_symbol, upper(gene_symbol), expression_fold_change::numeric, abs(expression_fold_change), (expression_fold_change), -expression_fold_change,
       CASE WHEN expression_fold_change > 1 THEN gene_symbol ELSE gene_id END, coalesce(gene_symbol, gene_id), expression_fold_change > 1
FROM cancer_transcript_base WHERE gene_symbol = 'CDH1';

-- name: names of outputs of casts | expect: guide
SELECT gene_symbol::varchar, cast(chromosome AS text), expression_fold_change::float4, transcript_id::name
FROM cancer_transcript_base WHERE gene_symbol = 'APC';

-- name: names of scalar subqueries | expect: guide
SELECT (SELECT gene_symbol FROM cancer_transcript_base WHERE transcript_id = 'ENST00000269305'),
       (SELECT max(expression_fold_change) FROM cancer_transcript_base WHERE gene_symbol = 'TP53'),
       EXISTS (SELECT gene_symbol FROM cancer_transcript_base WHERE expression_fold_change = 1.0),
       ARRAY(SELECT expression_fold_change FROM cancer_transcript_base WHERE gene_symbol = 'EGFR' ORDER BY 1);

-- name: same output twice | expect: guide
SELECT gene_symbol, gene_symbol, expression_fold_change, expression_fold_change
FROM cancer_transcript_base WHERE gene_symbol IN ('RB1', 'NF1', 'VHL');

-- name: qualified with the table's own name | expect: guide
SELECT cancer_transcript_base.gene_symbol, cancer_transcript_base.expression_fold_change
FROM cancer_transcript_base WHERE cancer_transcript_base.gene_symbol LIKE 'STA%';

-- name: an alias of a join tree | expect: cte
SELECT j.gene_symbol, j.expression_fold_change, j.pathway_id
FROM (cancer_transcript_base JOIN gene_pathways USING (gene_id)) AS j
WHERE j.expression_fold_change <= 1.0 AND j.chromosome = '17';

-- name: an alias of the merged columns | expect: E111
SELECT merged.gene_id, c.expression_fold_change
FROM cancer_transcript_base c JOIN gene_pathways p USING (gene_id) AS merged
WHERE c.chromosome = '7';

-- name: grouped by an output name that a joined table has, too | expect: cte
SELECT lower(gene_type) AS description, chromosome AS strand, count(*) AS n, max(expression_fold_change) AS top
FROM cancer_transcript_base
WHERE gene_symbol <> ''
GROUP BY description, strand;

-- name: ordered by an output name that a joined table has, too | expect: guide | ordered
SELECT gene_symbol, -expression_fold_change AS start_position, transcript_id AS transcript_name
FROM cancer_transcript_base WHERE chromosome = '17' AND gene_symbol <> ''
ORDER BY start_position, transcript_name;

-- name: distinct on an output name that a joined table has, too | expect: guide | ordered
SELECT DISTINCT ON (strand) chromosome AS strand, transcript_id, expression_fold_change
FROM cancer_transcript_base ORDER BY strand, expression_fold_change, transcript_id;

-- name: output of a function with from in its arguments | expect: guide
SELECT substring(gene_symbol FROM 1 FOR 3) AS family, trim(both 'E' from gene_symbol), position('B' in gene_symbol), overlay(gene_symbol placing '*' from 2 for 1),
       expression_fold_change IS DISTINCT FROM 1.0, extract(year from date '2025-01-01') > expression_fold_change
FROM cancer_transcript_base WHERE gene_symbol LIKE 'ER%';

-- name: output of nested cases and casts | expect: guide
SELECT CASE WHEN gene_symbol IS DISTINCT FROM 'TP53' THEN 'other' ELSE gene_symbol END,
       CASE WHEN false THEN 1 ELSE CASE WHEN false THEN 2 ELSE expression_fold_change::int::numeric END END,
       (gene_symbol) COLLATE "C", (expression_fold_change)::text, (expression_fold_change + 1)::text
FROM cancer_transcript_base WHERE chromosome = '17' AND expression_fold_change < 1000;

-- name: types of outputs | expect: guide
SELECT pg_typeof(gene_symbol)::text AS symbol, pg_typeof(transcript_id)::text AS id, pg_typeof(expression_fold_change)::text AS fold,
       pg_typeof(array_agg(chromosome))::text AS list, pg_typeof(max(gene_type))::text AS top
FROM cancer_transcript_base WHERE gene_symbol = 'TP53'
GROUP BY gene_symbol, transcript_id, expression_fold_change;
