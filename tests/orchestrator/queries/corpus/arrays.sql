-- name: any of an array of symbols | expect: guide
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base
WHERE gene_symbol = ANY (ARRAY['TP53', 'PTEN', 'CD4', 'FOLH1', 'SMAD4']);

-- name: any of an array literal | expect: guide
SELECT gene_symbol FROM cancer_transcript_base WHERE gene_symbol = ANY ('{VHL,APC,ATM}'::text[]) AND expression_fold_change <= 1;

-- name: fold change in an array | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change = ANY (ARRAY[0.5, 1.0, 2.0]);

-- name: fold change unlike all of an array | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change <> ALL (ARRAY[1.0, 0.0]) AND chromosome = '17';

-- name: aggregated array and its parts | expect: guide
SELECT gene_id, (array_agg(expression_fold_change ORDER BY expression_fold_change DESC))[1] AS top,
       array_length(array_agg(transcript_id), 1) AS isoforms
FROM cancer_transcript_base WHERE gene_symbol <> '' GROUP BY gene_id;

-- name: slice of an aggregate | expect: guide
SELECT chromosome, (array_agg(gene_symbol ORDER BY expression_fold_change, transcript_id))[1:3] AS lowest
FROM cancer_transcript_base GROUP BY chromosome;

-- name: pathways contain | expect: cte
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base
WHERE array_to_string(pathways, '|') ILIKE '%cell cycle%' AND expression_fold_change BETWEEN 0.9 AND 1.1;

-- name: number of pathways | expect: cte
SELECT gene_symbol, cardinality(pathways) AS n FROM cancer_transcript_base WHERE gene_symbol IN ('TP53', 'EGFR', 'PIK3CA');

-- name: overlap of product types | expect: cte
SELECT count(*) AS n FROM cancer_transcript_base WHERE product_type && ARRAY['protein_coding', 'kinase'] AND expression_fold_change = 1;

-- name: an element of an array column | expect: cte
SELECT gene_symbol, product_type[1] AS first_type, ncbi_ids[1] AS entrez FROM cancer_transcript_base WHERE gene_symbol LIKE 'ERBB%';

-- name: array as a row | expect: guide
SELECT ARRAY[gene_symbol, chromosome, gene_type] AS labels, ARRAY[expression_fold_change, 1.0] AS pair
FROM cancer_transcript_base WHERE gene_symbol IN ('ESR1', 'PGR', 'AR', 'FOXA1');

-- name: unnest beside the table | expect: cte
SELECT wanted.symbol, c.expression_fold_change
FROM unnest(ARRAY['TP53', 'NOT A GENE', 'CD4', 'MLH1']) WITH ORDINALITY AS wanted (symbol, place)
LEFT JOIN cancer_transcript_base c ON c.gene_symbol = wanted.symbol;

-- name: molecular functions unnested and counted | expect: cte
SELECT f.name, count(*) AS n, avg(c.expression_fold_change) AS mean
FROM cancer_transcript_base c CROSS JOIN unnest(c.molecular_functions) AS f (name)
GROUP BY f.name HAVING count(*) >= 2;

-- name: array of thresholds as a subscript | expect: guide
SELECT gene_symbol, (ARRAY['low', 'mid', 'high'])[CASE WHEN expression_fold_change < 1 THEN 1 WHEN expression_fold_change = 1 THEN 2 ELSE 3 END] AS class
FROM cancer_transcript_base WHERE chromosome = '3';
