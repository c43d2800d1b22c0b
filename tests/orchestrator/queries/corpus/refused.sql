-- name: update of the fold change | expect: E102
UPDATE cancer_transcript_base SET expression_fold_change = 1.0 WHERE expression_fold_change < 0;

-- name: update through an alias with from | expect: E102
UPDATE public.cancer_transcript_base AS c SET expression_fold_change = v.fold
FROM (VALUES ('ENST00000269571', 20.0)) AS v (id, fold) WHERE c.transcript_id = v.id;

-- name: delete | expect: E102
DELETE FROM cancer_transcript_base WHERE expression_fold_change IS NULL;

-- name: delete with using | expect: E102
DELETE FROM cancer_transcript_base c USING genes g WHERE g.gene_id = c.gene_id AND g.gene_symbol = '';

-- name: insert of values | expect: E102
INSERT INTO cancer_transcript_base (transcript_id, gene_symbol, expression_fold_change) VALUES ('ENST99999999999', 'NEW', 2.5);

-- name: insert of a select | expect: E102
INSERT INTO cancer_transcript_base (transcript_id, expression_fold_change)
SELECT 'X' || transcript_id, expression_fold_change FROM transcripts WHERE gene_id = 'ENSG00000141736';

-- name: upsert | expect: E102
INSERT INTO cancer_transcript_base (transcript_id, expression_fold_change) VALUES ('ENST00000269571', 3)
ON CONFLICT (transcript_id) DO UPDATE SET expression_fold_change = excluded.expression_fold_change;

-- name: merge | expect: E102
MERGE INTO cancer_transcript_base c USING (VALUES ('ENST00000269571', 3.0)) v (id, fold) ON c.transcript_id = v.id
WHEN MATCHED THEN UPDATE SET expression_fold_change = v.fold;

-- name: truncate | expect: E102
TRUNCATE TABLE cancer_transcript_base;

-- name: update in a cte | expect: E102
WITH reset AS (
    UPDATE cancer_transcript_base SET expression_fold_change = 1 WHERE expression_fold_change > 1000 RETURNING transcript_id
)
SELECT count(*) FROM reset;

-- name: drop | expect: E103
DROP TABLE IF EXISTS cancer_transcript_base;

-- name: alter | expect: E103
ALTER TABLE cancer_transcript_base ADD COLUMN note text;

-- name: index | expect: E103
CREATE INDEX idx_fold ON cancer_transcript_base (expression_fold_change);

-- name: analyze | expect: E103
ANALYZE cancer_transcript_base;

-- name: grant | expect: E103
GRANT SELECT ON cancer_transcript_base TO public;

-- name: comment on | expect: E103
COMMENT ON COLUMN cancer_transcript_base.expression_fold_change IS 'linear';

-- name: trigger | expect: E103
CREATE TRIGGER watch BEFORE UPDATE ON cancer_transcript_base FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();

-- name: lock | expect: E103
LOCK TABLE cancer_transcript_base IN SHARE MODE;

-- name: table like it | expect: E103
CREATE TEMPORARY TABLE mine (LIKE cancer_transcript_base INCLUDING DEFAULTS);

-- name: ctid | expect: E104
SELECT ctid, gene_symbol FROM cancer_transcript_base WHERE expression_fold_change > 2;

-- name: duplicates by ctid | expect: E104
SELECT a.transcript_id FROM cancer_transcript_base a JOIN cancer_transcript_base b ON a.transcript_id = b.transcript_id AND a.ctid < b.ctid;

-- name: xmin | expect: E104
SELECT xmin::text, count(*) FROM cancer_transcript_base GROUP BY 1;

-- name: tableoid | expect: E104
SELECT c.tableoid::regclass, c.gene_symbol FROM cancer_transcript_base c LIMIT 1;

-- name: sample | expect: E105
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base TABLESAMPLE SYSTEM (10) REPEATABLE (7);

-- name: sample with an alias | expect: E105
SELECT avg(c.expression_fold_change) FROM cancer_transcript_base AS c TABLESAMPLE BERNOULLI (5);

-- name: for update | expect: E106
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE gene_symbol = 'TP53' FOR UPDATE;

-- name: for share of the alias | expect: E106
SELECT c.transcript_id FROM cancer_transcript_base c JOIN genes g USING (gene_id) WHERE g.gene_symbol = 'TP53' FOR SHARE OF c;

-- name: dynamic sql in a block | expect: E107
DO $$
BEGIN
    EXECUTE 'UPDATE cancer_transcript_base SET expression_fold_change = 1 WHERE false';
END
$$;

-- name: dynamic sql by format | expect: E107
CREATE FUNCTION pg_temp.count_of(name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SELECT count(%I) FROM cancer_transcript_base', name) INTO n;
    RETURN n;
END
$$;

-- name: columns from information_schema | expect: E108
SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'cancer_transcript_base';

-- name: size of the table | expect: E108
SELECT pg_size_pretty(pg_total_relation_size('cancer_transcript_base')) AS size;

-- name: the table as regclass | expect: E108
SELECT reltuples FROM pg_class WHERE oid = 'public.cancer_transcript_base'::regclass;

-- name: indexes of the table | expect: E108
SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'cancer_transcript_base';

-- name: the core's own fold change | expect: E109
SELECT transcript_id, expression_fold_change FROM transcripts WHERE expression_fold_change > 2;

-- name: the core's own fold change beside the wide table's | expect: E109
SELECT c.gene_symbol, t.expression_fold_change FROM cancer_transcript_base c JOIN transcripts t USING (transcript_id)
WHERE t.expression_fold_change <> c.expression_fold_change;

-- name: the core's own fold change through an alias | expect: E109
SELECT g.gene_symbol, max(tr.expression_fold_change) AS top FROM public.transcripts tr JOIN genes g ON g.gene_id = tr.gene_id GROUP BY g.gene_symbol;

-- name: group by the key with bare columns | expect: E110
SELECT transcript_id, gene_symbol, expression_fold_change FROM cancer_transcript_base GROUP BY transcript_id;

-- name: group by the key of a join with bare columns | expect: E110
SELECT c.transcript_id, c.gene_symbol, count(p.pathway_id) AS pathways
FROM cancer_transcript_base c LEFT JOIN gene_pathways p ON p.gene_id = c.gene_id
GROUP BY c.transcript_id;

-- name: a text that is no statement | expect: E111 | invalid
SELECT gene_symbol FROM cancer_transcript_base WHERE expression_fold_change > AND gene_symbol = 'TP53';

-- name: a parenthesis too few | expect: E111 | invalid
SELECT gene_symbol FROM cancer_transcript_base WHERE (expression_fold_change > 2;

-- name: another database | expect: E113 | invalid
SELECT gene_symbol FROM mediabase_patient_nobody.public.cancer_transcript_base WHERE expression_fold_change > 2;

-- name: rounding that never worked | expect: E115 | invalid
SELECT gene_symbol, ROUND(expression_fold_change, 2) AS fold FROM cancer_transcript_base WHERE expression_fold_change > 2;

-- name: rounding of an expression that never worked | expect: E115 | invalid
SELECT gene_symbol, ROUND((1.0 - expression_fold_change) * 100, 1) AS percent_loss FROM cancer_transcript_base;

-- name: a column of older tables | expect: E101 | invalid
SELECT gene_symbol, publications FROM cancer_transcript_base WHERE expression_fold_change > 2;

-- name: a column of older tables behind emoji | expect: E101 | invalid
SELECT '🧬🧬' AS mark, gene_symbol, /* 🔬 */ cancer_types FROM cancer_transcript_base WHERE expression_fold_change > 2;

-- name: another column of older tables | expect: E101 | invalid
SELECT c.gene_symbol FROM cancer_transcript_base c WHERE c.expression_freq ->> 'breast' = 'high';

-- name: pharmacogenomics of older tables | expect: E101 | invalid
SELECT gene_symbol, pharmgkb_pathways, pharmgkb_variants FROM cancer_transcript_base;

-- name: a column that has no facts any more | expect: E101
SELECT gene_symbol, drug_scores FROM cancer_transcript_base WHERE expression_fold_change > 2;

-- name: a predicate over a column that has no facts any more | expect: E101
SELECT gene_symbol FROM cancer_transcript_base WHERE (evidence_quality_metrics ->> 'overall_confidence')::float8 > 0.5;

-- name: features, which v0.6.0 does not have | expect: E101
SELECT c.gene_symbol, c.features -> 'exons' AS exons FROM cancer_transcript_base c WHERE c.gene_symbol = 'TP53';

-- name: references by source | expect: E101
SELECT gene_symbol, jsonb_array_length(source_references -> 'publications') AS n FROM cancer_transcript_base WHERE gene_symbol = 'EGFR';

-- name: copy of the table | expect: E103 | invalid
COPY cancer_transcript_base (transcript_id, expression_fold_change) TO STDOUT WITH CSV HEADER;

-- name: group by the position of the key | expect: E110
SELECT transcript_id, gene_symbol, expression_fold_change FROM cancer_transcript_base GROUP BY 1;

-- name: group by the key under another name | expect: E110
SELECT transcript_id AS id, gene_symbol, expression_fold_change FROM cancer_transcript_base GROUP BY id;

-- name: group by the key with a correlated subquery | expect: E110
SELECT c.transcript_id, (SELECT count(*) FROM gene_pathways p WHERE p.gene_id = c.gene_id) AS pathways
FROM cancer_transcript_base c GROUP BY c.transcript_id;

-- name: group by the key in grouping sets | expect: E110
SELECT transcript_id, gene_symbol, count(*) FROM cancer_transcript_base GROUP BY GROUPING SETS ((transcript_id));

-- name: having over a bare column | expect: E110
SELECT transcript_id FROM cancer_transcript_base GROUP BY transcript_id HAVING expression_fold_change > 2;

-- name: the whole row beside the key | expect: E110
SELECT c.* FROM cancer_transcript_base c GROUP BY c.transcript_id;
