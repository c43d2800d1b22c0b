-- name: order by a cast's own name | expect: guide
SELECT expression_fold_change::text, transcript_id FROM cancer_transcript_base
ORDER BY expression_fold_change, transcript_id LIMIT 10;

-- name: order by the name of an else | expect: guide | ordered
SELECT CASE WHEN gene_type = 'x' THEN 'y' ELSE chromosome END, transcript_id FROM cancer_transcript_base
ORDER BY chromosome, transcript_id LIMIT 10;

-- name: distinct on the name of a cast | expect: guide | ordered
SELECT DISTINCT ON (gene_symbol) gene_symbol::varchar(2), transcript_id FROM cancer_transcript_base
ORDER BY gene_symbol, transcript_id;

-- name: order behind parentheses | expect: cte | ordered
(SELECT gene_symbol, transcript_id FROM cancer_transcript_base) ORDER BY expression_fold_change DESC, transcript_id LIMIT 5;

-- name: order behind parentheses in a derived table | expect: cte
SELECT count(*) FROM ((SELECT transcript_id FROM cancer_transcript_base)
ORDER BY expression_fold_change, transcript_id LIMIT 7) x WHERE x.transcript_id > 'ENST00000300000';

-- name: least of an integer divides floats | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE LEAST(1, expression_fold_change) / 2 > 0.4;

-- name: greatest of an integer divides floats | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE GREATEST(3, expression_fold_change) / 2 > 1;

-- name: coalesce of an integer divides floats | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE COALESCE(3, expression_fold_change) / 2 > 1;

-- name: nullif of an integer divides floats | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE NULLIF(3, expression_fold_change) / 2 > 1;

-- name: a string divided by an integer | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE expression_fold_change >= '3' / 2;

-- name: an integer divided by a string | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE 7 / '2' * expression_fold_change = 3;

-- name: strings in parentheses are compared as strings | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE ('10') < '9' AND expression_fold_change > 0;

-- name: greatest of strings | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE GREATEST('10', '9') = '9' AND expression_fold_change > 0;

-- name: single precision rounds | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE 16777217::real = 16777216 AND expression_fold_change > 0;

-- name: a prefix operator reaches far | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE |/ abs(expression_fold_change) + 3 = 2;

-- name: an absolute value as an operator | expect: cte
SELECT count(*) FROM cancer_transcript_base WHERE @ expression_fold_change - 2 > 0;

-- name: function with a search path of its own | expect: view, unchanged
CREATE FUNCTION pg_temp.high() RETURNS bigint LANGUAGE sql SET search_path = public
AS $$ SELECT count(*) FROM cancer_transcript_base WHERE expression_fold_change > 2 $$;
SELECT pg_temp.high() AS n;

-- name: update from the second surface | expect: unchanged, E109, unchanged
CREATE TEMPORARY TABLE mine (id text, v float8);
UPDATE mine SET v = t.expression_fold_change FROM transcripts t WHERE t.transcript_id = mine.id;
SELECT * FROM mine;

-- name: function over the second surface | expect: E109
CREATE FUNCTION pg_temp.high() RETURNS bigint LANGUAGE sql
AS $$ SELECT count(*) FROM transcripts WHERE expression_fold_change > 2 $$;

-- name: all columns beside a change | expect: unchanged, cte
CREATE TEMPORARY TABLE mine (id text);
WITH d AS (INSERT INTO mine VALUES ('x') RETURNING id) SELECT c.* FROM cancer_transcript_base c WHERE gene_symbol = 'TP53';

-- name: columns renamed in an update | expect: unchanged, cte, unchanged
CREATE TEMPORARY TABLE mine (id text, v text);
UPDATE mine SET v = x.b FROM cancer_transcript_base AS x (a, b) WHERE x.a = mine.id;
SELECT count(*) FROM mine;

-- name: update with a column that is no more | expect: unchanged, E101, unchanged
CREATE TEMPORARY TABLE mine (id text, v jsonb);
UPDATE mine SET v = c.features FROM cancer_transcript_base c WHERE c.transcript_id = mine.id;
SELECT count(*) FROM mine;

-- name: cube with a number | expect: guide
SELECT gene_symbol, count(*) FROM cancer_transcript_base WHERE chromosome = '17' GROUP BY CUBE (gene_symbol, 1);

-- name: grouping by a number | expect: guide
SELECT chromosome, GROUPING(chromosome) AS level, count(*) FROM cancer_transcript_base GROUP BY ROLLUP (1);

-- name: grouping of a column in parentheses | expect: guide
SELECT chromosome, GROUPING((chromosome)) AS level, count(*) FROM cancer_transcript_base GROUP BY chromosome;

-- name: grouped by the fold change beside a subquery | expect: cte
SELECT c.expression_fold_change, (SELECT count(*) FROM genes g WHERE g.start_position > c.expression_fold_change) AS n
FROM cancer_transcript_base c WHERE c.chromosome = '17' GROUP BY c.expression_fold_change;

-- name: order by a row | expect: guide | ordered
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE chromosome = '7'
ORDER BY (gene_type, transcript_id);

-- name: exists with all columns of an alias | expect: cte
SELECT g.gene_symbol FROM genes g
WHERE EXISTS (SELECT c.* FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id AND c.expression_fold_change > 2);

-- name: insert of values with a subquery | expect: unchanged, cte, unchanged
CREATE TEMPORARY TABLE mine (v float8);
INSERT INTO mine VALUES ((SELECT max(expression_fold_change) FROM cancer_transcript_base));
SELECT v FROM mine;

-- name: an alias that is called conflict | expect: unchanged, guide, unchanged
CREATE TEMPORARY TABLE mine (v text);
INSERT INTO mine SELECT c.transcript_id FROM cancer_transcript_base c JOIN genes conflict ON conflict.gene_id = c.gene_id
WHERE c.chromosome = '17';
SELECT v FROM mine;

-- name: a hidden alias | expect: cte
SELECT x.gene_symbol FROM genes x
WHERE EXISTS (
    SELECT 1 FROM cancer_transcript_base c JOIN gene_pathways x ON x.gene_id = c.gene_id
    WHERE start_position > 100 AND c.expression_fold_change > 1.5
) AND x.chromosome = '17';

-- name: a sign in front | expect: guide
SELECT +expression_fold_change FROM cancer_transcript_base WHERE chromosome = '17';

-- name: order by the name of a function | expect: guide
SELECT chromosome, count(*) FROM cancer_transcript_base GROUP BY chromosome ORDER BY count, chromosome;

-- name: who asks | expect: guide
SELECT count(*) FROM cancer_transcript_base WHERE user IS NOT NULL AND expression_fold_change > 1;

-- name: the key with an aggregate | expect: guide
SELECT transcript_id, max(gene_symbol) AS top FROM cancer_transcript_base WHERE chromosome = '17' GROUP BY transcript_id;

-- name: a quoted round | expect: E115
SELECT "round"(expression_fold_change, 2) FROM cancer_transcript_base;

-- name: comments beside the table | expect: guide
SELECT c.gene_symbol FROM cancer_transcript_base /* the table */ AS /* its alias */ c -- here
WHERE c.expression_fold_change > 1.5;

-- name: size of the table's heap | expect: E108
SELECT pg_table_size('cancer_transcript_base');

-- name: a recursive list names a later query | expect: unchanged
WITH RECURSIVE a AS (SELECT gene_symbol FROM cancer_transcript_base),
    cancer_transcript_base AS (SELECT gene_symbol FROM genes WHERE gene_symbol = 'TP53')
SELECT * FROM a;
