-- name: a key of the coordinates | expect: cte
SELECT gene_symbol, coordinates ->> 'start' AS start, expression_fold_change
FROM cancer_transcript_base WHERE gene_symbol IN ('TP53', 'ERBB2', 'EGFR');

-- name: function over an arrow | expect: cte
SELECT gene_symbol, jsonb_typeof(coordinates->'start') AS kind
FROM cancer_transcript_base WHERE chromosome = '17';

-- name: function over an arrow with an alias | expect: cte
SELECT c.gene_symbol, jsonb_typeof(c.coordinates->'strand') AS kind, expression_fold_change
FROM cancer_transcript_base c WHERE c.expression_fold_change <= 1 AND c.chromosome = '7';

-- name: cast over an arrow | expect: cte
SELECT transcript_id, (coordinates ->> 'end')::int - (coordinates ->> 'start')::int AS length
FROM cancer_transcript_base
WHERE expression_fold_change = 1.0 AND (coordinates->>'strand')::int = 1 AND chromosome = '17';

-- name: arrow chain | expect: cte
SELECT gene_symbol, d.key AS drug, drugs -> d.key ->> 'interaction_type' AS kind
FROM cancer_transcript_base, jsonb_object_keys(drugs) AS d (key)
WHERE gene_symbol = 'EGFR';

-- name: has a key | expect: cte
SELECT gene_symbol FROM cancer_transcript_base WHERE drugs ? 'gefitinib' OR drugs ? 'GEFITINIB';

-- name: has any of the keys | expect: cte
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base
WHERE drugs ?| array['erlotinib', 'trastuzumab', 'lapatinib', 'ERLOTINIB', 'TRASTUZUMAB'];

-- name: has all of the keys | expect: cte
SELECT gene_symbol FROM cancer_transcript_base WHERE coordinates ?& array['start', 'end'] AND gene_symbol LIKE 'KR%';

-- name: contains | expect: cte
SELECT gene_symbol FROM cancer_transcript_base WHERE coordinates @> '{"strand": -1}' AND expression_fold_change < 0.9;

-- name: contained | expect: cte
SELECT count(*) AS n FROM cancer_transcript_base WHERE '{"strand": 1}'::jsonb <@ coordinates;

-- name: path operators | expect: cte
SELECT gene_symbol, coordinates #>> '{start}' AS start, coordinates #> '{end}' AS stop
FROM cancer_transcript_base WHERE gene_symbol = 'MYC';

-- name: json path | expect: cte
SELECT gene_symbol FROM cancer_transcript_base
WHERE coordinates @? '$.start ? (@ > 100000000)' AND expression_fold_change >= 1 AND gene_type = 'protein_coding';

-- name: keys of an object | expect: cte
SELECT gene_symbol, go_id FROM cancer_transcript_base, jsonb_object_keys(go_terms) AS go_id
WHERE gene_symbol IN ('TP53', 'BRCA1');

-- name: count of an object's keys | expect: cte
SELECT transcript_id, (SELECT count(*) FROM jsonb_object_keys(c.drugs)) AS drugs
FROM cancer_transcript_base c WHERE c.drugs <> '{}' AND c.expression_fold_change < 2;

-- name: aggregate into json | expect: guide
SELECT chromosome, jsonb_object_agg(transcript_id, expression_fold_change ORDER BY transcript_id) AS folds
FROM cancer_transcript_base WHERE chromosome IN ('17', 'X') AND gene_type = 'protein_coding' GROUP BY chromosome;

-- name: build an object | expect: guide
SELECT jsonb_build_object('gene', gene_symbol, 'fold', expression_fold_change) AS fact
FROM cancer_transcript_base WHERE gene_symbol IN ('TP53', 'PTEN', 'CD8A', 'GZMB');

-- name: arrow of another table's column | expect: guide
SELECT c.gene_symbol, coalesce(d.metadata->>'note', 'none') AS note, c.expression_fold_change
FROM cancer_transcript_base c JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id
WHERE c.expression_fold_change <= 1.0;

-- name: function over an arrow of another table's column | expect: guide
SELECT c.gene_symbol, upper(d.metadata->>'note') AS note, lower(d.molecule_name) AS drug
FROM cancer_transcript_base c JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id
WHERE jsonb_typeof(d.metadata->'k') IS NULL AND c.expression_fold_change < 1.5 AND c.chromosome = '7';

-- name: arrow made of the row | expect: guide
SELECT (to_jsonb(expression_fold_change)) #>> '{}' AS as_text, jsonb_typeof(to_jsonb(gene_symbol)) AS kind
FROM cancer_transcript_base WHERE gene_symbol = 'KRAS';

-- name: arrow in a filter clause | expect: cte
SELECT count(*) FILTER (WHERE (coordinates->>'strand')::int = -1 AND expression_fold_change = 1.0) AS reverse_at_baseline
FROM cancer_transcript_base;

-- name: the whole row as json | expect: cte
SELECT row_to_json(c) ->> 'gene_symbol' AS symbol, to_jsonb(c) -> 'expression_fold_change' AS fold
FROM cancer_transcript_base c WHERE c.gene_symbol = 'TP53';
