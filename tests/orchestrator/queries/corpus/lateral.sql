-- name: strongest transcripts of each gene | expect: guide
SELECT g.gene_symbol, top.transcript_id, top.expression_fold_change
FROM genes g
CROSS JOIN LATERAL (
    SELECT c.transcript_id, c.expression_fold_change
    FROM cancer_transcript_base c
    WHERE c.gene_id = g.gene_id
    ORDER BY c.expression_fold_change DESC, c.transcript_id
    LIMIT 2
) top
WHERE g.chromosome = '17';

-- name: left join lateral on true | expect: guide
SELECT g.gene_symbol, n.up, n.still
FROM genes g
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE c.expression_fold_change > 1) AS up,
           count(*) FILTER (WHERE c.expression_fold_change = 1) AS still
    FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id
) n ON true
WHERE g.chromosome = '8';

-- name: lateral that reads the wide table from the left | expect: guide
SELECT c.gene_symbol, c.expression_fold_change, d.molecule_name
FROM cancer_transcript_base c
LEFT JOIN LATERAL (
    SELECT molecule_name FROM opentargets_known_drugs
    WHERE target_gene_id = c.gene_id AND clinical_phase >= c.expression_fold_change
    ORDER BY molecule_name, drug_id LIMIT 1
) d ON true
WHERE c.chromosome = '7';

-- name: lateral values | expect: guide
SELECT c.transcript_id, v.scale, v.value
FROM cancer_transcript_base c
CROSS JOIN LATERAL (VALUES ('linear', c.expression_fold_change), ('percent', c.expression_fold_change * 100)) AS v (scale, value)
WHERE c.gene_symbol = 'TP53';

-- name: lateral function of the fold change | expect: guide
SELECT c.gene_symbol, s.step
FROM cancer_transcript_base c, generate_series(1, least(greatest(c.expression_fold_change, 1), 3)::int) AS s (step)
WHERE c.gene_symbol IN ('ERBB2', 'EGFR', 'TP53', 'CD274', 'VIM');

-- name: lateral with two references | expect: guide
SELECT a.gene_symbol, a.transcript_id, near.transcript_id AS nearest
FROM cancer_transcript_base a
CROSS JOIN LATERAL (
    SELECT b.transcript_id FROM cancer_transcript_base b
    WHERE b.gene_id = a.gene_id AND b.transcript_id <> a.transcript_id
    ORDER BY abs(b.expression_fold_change - a.expression_fold_change), b.transcript_id
    LIMIT 1
) near
WHERE a.chromosome IN ('5', '12', 'X');

-- name: pathways of a transcript unnested | expect: cte
SELECT c.gene_symbol, p.label, c.expression_fold_change
FROM cancer_transcript_base c, unnest(c.pathways) AS p (label)
WHERE c.expression_fold_change < 1.2 AND p.label LIKE '%Signaling%';

-- name: keys of the drugs of a transcript | expect: cte
SELECT c.gene_symbol, d.key, d.value ->> 'interaction_type' AS kind
FROM cancer_transcript_base c CROSS JOIN LATERAL jsonb_each(c.drugs) d
WHERE c.gene_symbol IN ('EGFR', 'ERBB2', 'BRAF');

-- name: lateral without an alias for the columns | expect: guide
SELECT g.gene_symbol, x.mean
FROM genes g, LATERAL (SELECT avg(expression_fold_change) AS mean FROM cancer_transcript_base WHERE gene_id = g.gene_id) x
WHERE g.gene_symbol LIKE 'S%' AND g.gene_type = 'protein_coding';
