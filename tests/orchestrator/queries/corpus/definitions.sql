-- name: temporary table as select | expect: guide, unchanged
CREATE TEMPORARY TABLE my_result AS
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change <= 1.0 AND chromosome = '17';
SELECT gene_symbol, expression_fold_change FROM my_result;

-- name: select into | expect: guide, unchanged
SELECT gene_symbol, expression_fold_change INTO TEMPORARY chosen FROM cancer_transcript_base WHERE expression_fold_change <= 1.0 AND chromosome = '17';
SELECT gene_symbol, expression_fold_change FROM chosen;

-- name: temporary view | expect: guide, unchanged
CREATE TEMPORARY VIEW stable AS SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change BETWEEN 0.9 AND 1.1;
SELECT count(*) AS n, sum(expression_fold_change) AS total FROM stable;

-- name: view with column names | expect: guide, unchanged
CREATE OR REPLACE TEMPORARY VIEW overexpressed (symbol, fold) AS
    SELECT c.gene_symbol, c.expression_fold_change FROM cancer_transcript_base c WHERE c.expression_fold_change > 2;
SELECT symbol, fold FROM overexpressed WHERE fold > 3;

-- name: view over all columns | expect: cte, unchanged
CREATE TEMPORARY VIEW everything AS SELECT * FROM cancer_transcript_base;
SELECT gene_symbol, expression_fold_change FROM everything WHERE expression_fold_change = 1.0 AND chromosome = '17';

-- name: insert of a select into a table of one's own | expect: unchanged, guide, unchanged
CREATE TEMPORARY TABLE hits (gene_symbol text, fold_change double precision);
INSERT INTO hits (gene_symbol, fold_change)
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change >= 1 AND chromosome = '7';
SELECT gene_symbol, fold_change FROM hits;

-- name: update of a table of one's own from it | expect: unchanged, unchanged, cte, unchanged
CREATE TEMPORARY TABLE panel (gene_symbol text, fold float8);
INSERT INTO panel (gene_symbol) VALUES ('TP53'), ('EGFR'), ('CD4'), ('NOT A GENE');
UPDATE panel SET fold = (SELECT max(c.expression_fold_change) FROM cancer_transcript_base c WHERE c.gene_symbol = panel.gene_symbol);
SELECT gene_symbol, fold FROM panel;

-- name: delete from a table of one's own by it | expect: unchanged, cte, unchanged
CREATE TEMPORARY TABLE candidates AS SELECT DISTINCT gene_id FROM genes WHERE chromosome = '17';
DELETE FROM candidates WHERE gene_id IN (SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change = 1.0);
SELECT gene_id FROM candidates;

-- name: prepared statement | expect: guide, unchanged, unchanged
PREPARE by_gene (text) AS SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE gene_symbol = $1;
EXECUTE by_gene('TP53');
DEALLOCATE by_gene;

-- name: cursor | expect: guide, unchanged
DECLARE unchanged_ones CURSOR FOR SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change = 1.0 ORDER BY transcript_id;
FETCH 10 FROM unchanged_ones;

-- name: sql function | expect: view, unchanged
CREATE FUNCTION pg_temp.fold_of(symbol text) RETURNS double precision LANGUAGE sql STABLE AS $$
    SELECT max(expression_fold_change) FROM cancer_transcript_base WHERE gene_symbol = symbol
$$;
SELECT symbol, pg_temp.fold_of(symbol) AS fold FROM unnest(ARRAY['TP53', 'ERBB2', 'VIM', 'NOT A GENE']) AS symbols (symbol);

-- name: plpgsql function | expect: view, unchanged
CREATE FUNCTION pg_temp.induced(lowest double precision) RETURNS SETOF text LANGUAGE plpgsql AS $body$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT transcript_id, expression_fold_change AS fold FROM cancer_transcript_base LOOP
        IF found.fold >= lowest THEN
            RETURN NEXT found.transcript_id;
        END IF;
    END LOOP;
END
$body$;
SELECT count(*) AS n FROM pg_temp.induced(1.0) AS induced (transcript_id);

-- name: a setting before the query | expect: unchanged, guide
SET extra_float_digits = 0;
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change <= 1.0 AND chromosome = '17';

-- name: search_path set by the script | expect: unchanged, guide
SET search_path = public;
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change <= 1.0 AND chromosome = '17';

-- name: two queries after one another | expect: guide, cte, guide
SELECT count(*) FROM cancer_transcript_base WHERE expression_fold_change > 2;
SELECT count(DISTINCT pathways) FROM cancer_transcript_base WHERE expression_fold_change = 1;
SELECT gene_symbol, expression_fold_change FROM public.cancer_transcript_base WHERE expression_fold_change <= 1.0 AND chromosome = '17';

-- name: update of a table of one's own, joined | expect: unchanged, cte, unchanged
CREATE TEMPORARY TABLE watched AS SELECT gene_symbol, 0::float8 AS fold FROM genes WHERE chromosome = '17' AND gene_symbol <> '';
UPDATE watched SET fold = c.expression_fold_change FROM cancer_transcript_base c
WHERE c.gene_symbol = watched.gene_symbol AND c.expression_fold_change <> 1.0 AND c.transcript_id LIKE 'ENST000002%';
SELECT gene_symbol, fold FROM watched;

-- name: delete from a table of one's own with using | expect: unchanged, cte, unchanged
CREATE TEMPORARY TABLE watched AS SELECT gene_id, gene_symbol FROM genes WHERE chromosome = '17';
DELETE FROM watched USING public.cancer_transcript_base c WHERE c.gene_id = watched.gene_id AND c.expression_fold_change >= 1;
SELECT gene_symbol FROM watched;

-- name: merge into a table of one's own | expect: unchanged, cte, unchanged
CREATE TEMPORARY TABLE watched AS SELECT gene_id, 0::float8 AS fold FROM genes WHERE chromosome = '17';
MERGE INTO watched USING (SELECT gene_id, max(expression_fold_change) AS top FROM cancer_transcript_base GROUP BY gene_id) AS c
    ON c.gene_id = watched.gene_id
WHEN MATCHED THEN UPDATE SET fold = c.top;
SELECT gene_id, fold FROM watched;

-- name: with in front of an insert | expect: unchanged, cte, unchanged
CREATE TEMPORARY TABLE hits (gene_symbol text, fold float8);
WITH coding AS (SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE gene_type = 'protein_coding')
INSERT INTO hits SELECT gene_symbol, expression_fold_change FROM coding WHERE expression_fold_change <= 1;
SELECT gene_symbol, fold FROM hits;

-- name: with in an insert | expect: unchanged, guide, unchanged
CREATE TEMPORARY TABLE hits (gene_symbol text PRIMARY KEY, fold float8);
INSERT INTO hits
WITH coding AS (SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE gene_type = 'protein_coding')
SELECT gene_symbol, max(expression_fold_change) FROM coding GROUP BY gene_symbol
ON CONFLICT (gene_symbol) DO UPDATE SET fold = excluded.fold;
SELECT gene_symbol, fold FROM hits;

-- name: materialized view | expect: guide, unchanged
CREATE MATERIALIZED VIEW at_baseline AS
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change = 1.0
WITH DATA;
SELECT gene_symbol, expression_fold_change FROM at_baseline WHERE gene_symbol LIKE 'C%';

-- name: types of the table in a function | expect: view, unchanged
CREATE FUNCTION pg_temp.not_up() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    each cancer_transcript_base%ROWTYPE;
    highest cancer_transcript_base.expression_fold_change%TYPE := 1.0;
    n bigint := 0;
BEGIN
    FOR each IN SELECT * FROM public.cancer_transcript_base LOOP
        IF each.expression_fold_change <= highest THEN
            n := n + 1;
        END IF;
    END LOOP;
    RETURN n;
END
$$;
SELECT pg_temp.not_up() AS n;

-- name: function with its body in sql | expect: view, unchanged
CREATE FUNCTION pg_temp.up(lowest double precision) RETURNS bigint LANGUAGE sql
BEGIN ATOMIC
    SELECT count(*) FROM cancer_transcript_base WHERE expression_fold_change >= lowest;
END;
SELECT pg_temp.up(1.0) AS n;

-- name: function of a row of the table | expect: view, cte
CREATE FUNCTION pg_temp.percent(c cancer_transcript_base) RETURNS double precision LANGUAGE sql AS $$ SELECT c.expression_fold_change * 100 $$;
SELECT c.gene_symbol, pg_temp.percent(c) AS percent FROM cancer_transcript_base c WHERE c.chromosome = '17';
