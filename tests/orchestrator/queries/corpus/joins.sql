-- name: approved drugs against overexpressed genes | expect: guide
SELECT
    ctb.gene_symbol,
    ctb.expression_fold_change,
    okd.molecule_name,
    okd.mechanism_of_action
FROM cancer_transcript_base ctb
JOIN genes g ON ctb.gene_id = g.gene_id
JOIN opentargets_known_drugs okd ON g.gene_id = okd.target_gene_id
WHERE ctb.expression_fold_change > 3.0
  AND okd.is_approved = true
ORDER BY ctb.expression_fold_change DESC;

-- name: join with using on the gene | expect: cte
select gene_symbol, pathway_name, expression_fold_change
from cancer_transcript_base
join gene_pathways using (gene_id)
where expression_fold_change < 0.5;

-- name: join with using on the transcript | expect: cte
SELECT transcript_id, go_id, expression_fold_change
FROM cancer_transcript_base JOIN transcript_go_terms USING (transcript_id)
WHERE go_category = 'molecular_function';

-- name: star after join with using | expect: cte
SELECT * FROM cancer_transcript_base JOIN transcript_go_terms USING (transcript_id) WHERE gene_symbol IN ('VHL', 'ERBB2') AND go_category <> 'biological_process';

-- name: natural join with the transcripts' gene | expect: cte
SELECT gene_symbol, expression_fold_change
FROM cancer_transcript_base NATURAL JOIN (SELECT gene_id, count(*) AS pathways_of_gene FROM gene_pathways GROUP BY gene_id) p
WHERE p.pathways_of_gene >= 1;

-- name: comma join | expect: guide
SELECT c.gene_symbol, d.molecule_name, c.expression_fold_change
FROM cancer_transcript_base c, opentargets_known_drugs d
WHERE c.gene_id = d.target_gene_id AND d.is_approved AND c.expression_fold_change >= 1;

-- name: comma join with the wide table last | expect: guide
SELECT g.gene_symbol, c.expression_fold_change
FROM genes g, cancer_transcript_base c
WHERE g.gene_id = c.gene_id AND g.chromosome = '17' AND c.expression_fold_change <= 1.0;

-- name: genes without a changed transcript keep null | expect: cte
SELECT g.gene_symbol, c.transcript_id, c.expression_fold_change
FROM genes g
LEFT JOIN cancer_transcript_base c ON c.gene_id = g.gene_id AND c.expression_fold_change > 2.0
WHERE g.chromosome = '7';

-- name: genes with a transcript at baseline or null | expect: cte
SELECT g.gene_id, c.expression_fold_change
FROM genes g
LEFT JOIN cancer_transcript_base c ON c.gene_id = g.gene_id AND c.expression_fold_change BETWEEN 0.9 AND 1.1
WHERE g.gene_symbol LIKE 'CD%';

-- name: anti join by null key | expect: cte
SELECT g.gene_symbol
FROM genes g
LEFT JOIN cancer_transcript_base c ON c.gene_id = g.gene_id AND c.expression_fold_change <> 1.0
WHERE c.transcript_id IS NULL AND g.gene_type = 'protein_coding';

-- name: anti join by null fold change | expect: cte
SELECT g.gene_symbol
FROM genes g
LEFT JOIN cancer_transcript_base c ON c.gene_id = g.gene_id AND c.expression_fold_change > 1.5
WHERE c.expression_fold_change IS NULL AND g.chromosome IN ('1', '2', '3');

-- name: left join with the predicate in where | expect: cte
SELECT g.gene_symbol, c.expression_fold_change
FROM genes g LEFT JOIN cancer_transcript_base c ON c.gene_id = g.gene_id
WHERE c.expression_fold_change > 4;

-- name: left join coalesced by hand | expect: cte
SELECT g.gene_symbol, COALESCE(c.expression_fold_change, -1) AS fold_change
FROM genes g
LEFT JOIN cancer_transcript_base c ON c.gene_id = g.gene_id AND c.gene_type = 'protein_coding'
WHERE g.chromosome = 'X';

-- name: wide table on the left of a left join | expect: guide
SELECT c.gene_symbol, c.expression_fold_change, d.molecule_name
FROM cancer_transcript_base c
LEFT JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id AND d.clinical_phase = 4
WHERE c.chromosome = '10';

-- name: wide table on the left with its fold change in the on clause | expect: guide
SELECT c.transcript_id, c.expression_fold_change, d.drug_name
FROM cancer_transcript_base c
LEFT JOIN gene_drug_interactions d ON d.gene_id = c.gene_id AND c.expression_fold_change > 2
WHERE c.chromosome = '17';

-- name: right join | expect: cte
SELECT d.molecule_name, c.gene_symbol, c.expression_fold_change
FROM cancer_transcript_base c
RIGHT JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id AND c.expression_fold_change < 0.7
WHERE d.is_approved;

-- name: right join with the wide table preserved | expect: guide
SELECT p.pathway_name, c.gene_symbol, c.expression_fold_change
FROM gene_pathways p
RIGHT JOIN cancer_transcript_base c ON c.gene_id = p.gene_id AND p.pathway_source = 'MSigDB_Hallmark'
WHERE c.gene_symbol IN ('TP53', 'PTEN', 'MYC', 'KRAS', 'VIM');

-- name: full join of changes and drug targets | expect: cte
SELECT c.gene_symbol, c.expression_fold_change, d.target_gene_id
FROM (SELECT * FROM genes WHERE chromosome = '7') g
JOIN cancer_transcript_base c ON c.gene_id = g.gene_id
FULL JOIN (SELECT DISTINCT target_gene_id FROM opentargets_known_drugs) d ON d.target_gene_id = c.gene_id;

-- name: full join with the wide table itself | expect: cte
SELECT c.transcript_id, c.expression_fold_change, t.go_id
FROM cancer_transcript_base c
FULL JOIN transcript_go_terms t ON t.transcript_id = c.transcript_id
WHERE c.expression_fold_change IS NULL OR c.expression_fold_change = 1.0;

-- name: cross join with a threshold | expect: guide
SELECT c.gene_symbol, c.expression_fold_change, limits.name
FROM cancer_transcript_base c
CROSS JOIN (VALUES ('strong', 4.0), ('moderate', 2.0), ('none', 1.0)) AS limits (name, lowest)
WHERE c.expression_fold_change >= limits.lowest AND c.gene_symbol IN ('ERBB2', 'EGFR', 'MKI67', 'CD274');

-- name: inner join on an expression of the fold change | expect: guide
SELECT c.gene_symbol, bins.label
FROM cancer_transcript_base c
JOIN (VALUES (0, 'down'), (1, 'unchanged'), (2, 'up')) bins (number, label)
    ON bins.number = CASE WHEN c.expression_fold_change < 1 THEN 0 WHEN c.expression_fold_change > 1 THEN 2 ELSE 1 END
WHERE c.chromosome IN ('17', '7');

-- name: parenthesised join tree | expect: cte
SELECT g.gene_symbol, c.expression_fold_change, p.pathway_id
FROM genes g
LEFT JOIN (cancer_transcript_base c JOIN gene_pathways p ON p.gene_id = c.gene_id)
    ON c.gene_id = g.gene_id AND c.expression_fold_change > 2
WHERE g.gene_symbol IN ('ERBB2', 'EGFR', 'KRT5', 'TP53', 'ACTB', 'VIM');

-- name: join of the transcripts table beside | expect: guide
SELECT t.transcript_type, c.gene_symbol, c.expression_fold_change
FROM transcripts t
JOIN cancer_transcript_base c ON c.transcript_id = t.transcript_id
WHERE c.expression_fold_change < 0.25;

-- name: aliases t and g and pe are taken | expect: guide
SELECT pe.gene_symbol, t.transcript_type, g.description, pe.expression_fold_change
FROM cancer_transcript_base pe
JOIN transcripts t ON t.transcript_id = pe.transcript_id
JOIN genes g ON g.gene_id = pe.gene_id
WHERE pe.expression_fold_change BETWEEN 0.95 AND 1.05 AND g.strand = 1;

-- name: inner join that only filters | expect: guide
SELECT d.molecule_name, d.clinical_phase
FROM opentargets_known_drugs d
JOIN cancer_transcript_base c ON c.gene_id = d.target_gene_id
WHERE c.expression_fold_change NOT BETWEEN 0.8 AND 1.25;

-- name: cross references of suppressed genes | expect: guide
SELECT c.gene_symbol, x.external_db, x.external_id
FROM cancer_transcript_base AS c
INNER JOIN gene_cross_references AS x ON x.gene_id = c.gene_id
WHERE c.expression_fold_change < 0.3 AND x.external_db = 'EntrezGene';

-- name: three tables and a disjunction over two of them | expect: guide
SELECT c.gene_symbol, d.molecule_name, p.pathway_name
FROM cancer_transcript_base c
JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id
JOIN gene_pathways p ON p.gene_id = c.gene_id
WHERE (c.expression_fold_change > 3 OR d.clinical_phase = 4) AND c.gene_symbol IN ('ERBB2', 'TOP2A', 'TP53', 'KRT5');

-- name: comparison with a column of another table | expect: guide
SELECT c.gene_symbol, d.molecule_name
FROM cancer_transcript_base c JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id
WHERE c.expression_fold_change < d.clinical_phase;

-- name: two left joins in a row | expect: cte
SELECT g.gene_symbol, up.expression_fold_change AS up, down.expression_fold_change AS down
FROM genes g
LEFT JOIN cancer_transcript_base up ON up.gene_id = g.gene_id AND up.expression_fold_change > 1
LEFT JOIN cancer_transcript_base down ON down.gene_id = g.gene_id AND down.expression_fold_change < 1
WHERE g.chromosome = '17' AND g.gene_type = 'protein_coding';
