-- name: a cte of the same name over genes only | expect: unchanged
WITH cancer_transcript_base AS (SELECT gene_id, gene_symbol FROM genes WHERE chromosome = '17')
SELECT gene_symbol FROM cancer_transcript_base;

-- name: a cte of the same name over the table | expect: guide
WITH cancer_transcript_base AS (
    SELECT transcript_id, gene_symbol, expression_fold_change
    FROM cancer_transcript_base
    WHERE gene_type = 'protein_coding'
)
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change <= 1;

-- name: shadow and table in one statement | expect: guide
WITH cancer_transcript_base AS (SELECT gene_id, count(*) AS n FROM gene_pathways GROUP BY gene_id)
SELECT s.n, real.gene_symbol, real.expression_fold_change
FROM cancer_transcript_base s
JOIN public.cancer_transcript_base real ON real.gene_id = s.gene_id
WHERE real.expression_fold_change BETWEEN 0.5 AND 2;

-- name: shadow in a subquery only | expect: guide
SELECT c.gene_symbol, c.expression_fold_change
FROM cancer_transcript_base c
WHERE c.gene_id IN (
    WITH cancer_transcript_base AS (SELECT target_gene_id FROM opentargets_known_drugs WHERE is_approved)
    SELECT target_gene_id FROM cancer_transcript_base
) AND c.expression_fold_change < 1.01;

-- name: shadow ends with its subquery | expect: guide
SELECT x.n, (SELECT count(*) FROM cancer_transcript_base WHERE expression_fold_change = 1) AS at_baseline
FROM (WITH cancer_transcript_base AS (SELECT 1 AS one) SELECT count(*) AS n FROM cancer_transcript_base) x;

-- name: a later cte sees the shadow, an earlier one the table | expect: guide
WITH before AS (SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change > 0.99),
     cancer_transcript_base AS (SELECT gene_id FROM genes),
     after AS (SELECT count(*) AS n FROM cancer_transcript_base)
SELECT before.n AS from_table, after.n AS from_shadow FROM before, after;

-- name: recursive with, where the name is the query itself | expect: unchanged
WITH RECURSIVE cancer_transcript_base AS (
    SELECT 1 AS step
    UNION ALL
    SELECT step + 1 FROM cancer_transcript_base WHERE step < 5
)
SELECT sum(step) AS total FROM cancer_transcript_base;

-- name: recursive with beside the table | expect: cte
WITH RECURSIVE thresholds AS (
    SELECT 0.5::float8 AS lowest
    UNION ALL
    SELECT lowest * 2 FROM thresholds WHERE lowest < 8
)
SELECT thresholds.lowest, count(c.transcript_id) AS transcripts
FROM thresholds LEFT JOIN cancer_transcript_base c ON c.expression_fold_change >= thresholds.lowest
GROUP BY thresholds.lowest ORDER BY thresholds.lowest;

-- name: an alias of that name for another table | expect: unchanged
SELECT cancer_transcript_base.gene_symbol
FROM genes AS cancer_transcript_base
WHERE cancer_transcript_base.chromosome = '7';

-- name: an alias of that name beside the table | expect: guide
SELECT cancer_transcript_base.description, c.expression_fold_change
FROM genes AS cancer_transcript_base
JOIN public.cancer_transcript_base c ON c.gene_id = cancer_transcript_base.gene_id
WHERE c.expression_fold_change <= 1.0 AND cancer_transcript_base.chromosome = '17';

-- name: nested withs, each with its own shadow | expect: guide
WITH a AS (
    WITH cancer_transcript_base AS (SELECT gene_id FROM gene_pathways WHERE pathway_source = 'Reactome')
    SELECT DISTINCT gene_id FROM cancer_transcript_base
),
b AS (SELECT gene_id, avg(expression_fold_change) AS mean FROM cancer_transcript_base GROUP BY gene_id)
SELECT b.gene_id, b.mean FROM a JOIN b USING (gene_id);

-- name: a cte named as the alias the tool would take | expect: guide
WITH t AS (SELECT gene_id FROM genes WHERE chromosome = '17'),
     pe AS (SELECT DISTINCT gene_id FROM gene_pathways),
     g AS (SELECT 2.0 AS threshold)
SELECT cancer_transcript_base.gene_symbol, expression_fold_change
FROM cancer_transcript_base
WHERE cancer_transcript_base.gene_id IN (SELECT gene_id FROM t)
  AND cancer_transcript_base.gene_id IN (SELECT gene_id FROM pe)
  AND expression_fold_change < (SELECT threshold FROM g);

-- name: ctes named as the core's tables | expect: guide
WITH transcripts AS (SELECT 'ENST00000269571'::text AS transcript_id), genes AS (SELECT 'ERBB2'::text AS gene_symbol)
SELECT c.transcript_id, c.expression_fold_change
FROM cancer_transcript_base c
WHERE c.transcript_id IN (SELECT transcript_id FROM transcripts)
   OR c.gene_symbol IN (SELECT gene_symbol FROM genes)
   OR c.expression_fold_change = 1.0;

-- name: materialized cte over the table | expect: guide
WITH changed AS MATERIALIZED (
    SELECT gene_id, gene_symbol, expression_fold_change AS fold FROM cancer_transcript_base WHERE expression_fold_change != 1
),
rest AS NOT MATERIALIZED (
    SELECT gene_id, gene_symbol, expression_fold_change AS fold FROM cancer_transcript_base WHERE expression_fold_change = 1
)
SELECT 'changed' AS what, count(*) AS n, min(fold) AS lowest, max(fold) AS highest FROM changed
UNION ALL
SELECT 'rest', count(*), min(fold), max(fold) FROM rest;

-- name: chain of ctes | expect: guide | ordered
with base as (
    select gene_symbol, gene_id, expression_fold_change from cancer_transcript_base
),
per_gene as (
    select gene_id, min(gene_symbol) as symbol, max(expression_fold_change) as top, count(*) as isoforms
    from base group by gene_id
),
ranked as (
    select *, rank() over (order by top desc) as place from per_gene
)
select place, symbol, top, isoforms from ranked where top <= 1.0 order by place, symbol, gene_id limit 40;

-- name: cte with column names of its own | expect: guide
WITH expression (id, symbol, fold) AS (
    SELECT transcript_id, gene_symbol, expression_fold_change FROM cancer_transcript_base
)
SELECT symbol, fold FROM expression WHERE fold >= 1 AND symbol LIKE 'ER%';

-- name: star of a cte over plain columns | expect: guide
WITH x AS (SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE gene_symbol LIKE 'K%')
SELECT * FROM x WHERE expression_fold_change < 1.5;

-- name: insert through a data-changing cte elsewhere | expect: unchanged, cte
CREATE TEMPORARY TABLE picked (gene_symbol text, fold float8);
WITH moved AS (
    INSERT INTO picked SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE chromosome = '17' RETURNING *
)
SELECT gene_symbol, fold FROM moved;
