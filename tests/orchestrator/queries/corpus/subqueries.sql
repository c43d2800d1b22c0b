-- name: above the mean of all | expect: guide
SELECT gene_symbol, expression_fold_change
FROM cancer_transcript_base
WHERE expression_fold_change > (SELECT avg(expression_fold_change) FROM cancer_transcript_base);

-- name: above the mean of its chromosome | expect: guide
SELECT c.gene_symbol, c.chromosome, c.expression_fold_change
FROM cancer_transcript_base c
WHERE c.expression_fold_change > (
    SELECT avg(i.expression_fold_change) FROM cancer_transcript_base i WHERE i.chromosome = c.chromosome
) AND c.chromosome IN ('17', '21');

-- name: exists over drugs | expect: guide
SELECT gene_symbol, expression_fold_change
FROM cancer_transcript_base c
WHERE EXISTS (SELECT 1 FROM opentargets_known_drugs d WHERE d.target_gene_id = c.gene_id AND d.is_approved)
  AND expression_fold_change BETWEEN 0.66 AND 1.5;

-- name: not exists an induced transcript | expect: guide
SELECT g.gene_symbol
FROM genes g
WHERE NOT EXISTS (
    SELECT 1 FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id AND c.expression_fold_change > 1.0
) AND g.chromosome = '17';

-- name: not exists a transcript at baseline | expect: guide
SELECT g.gene_symbol
FROM genes g
WHERE NOT EXISTS (SELECT FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id AND c.expression_fold_change = 1.0);

-- name: exists a transcript at baseline | expect: guide
SELECT g.gene_id, g.gene_symbol
FROM genes g
WHERE EXISTS (
    SELECT * FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id AND NOT c.expression_fold_change > 1.0
) AND g.gene_symbol <> '';

-- name: in a list of suppressed genes | expect: guide
SELECT molecule_name, target_gene_id
FROM opentargets_known_drugs
WHERE target_gene_id IN (SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change < 0.5);

-- name: not in the induced genes | expect: guide
SELECT gene_symbol FROM genes
WHERE gene_id NOT IN (SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change >= 1.0)
  AND gene_type = 'protein_coding';

-- name: scalar subquery in the select list | expect: guide
SELECT
    g.gene_symbol,
    (SELECT max(c.expression_fold_change) FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id) AS strongest,
    (SELECT count(*) FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id AND c.expression_fold_change = 1) AS at_baseline
FROM genes g
WHERE g.gene_symbol IN ('TP53', 'PTEN', 'RB1', 'MYC', 'CCND1', 'KRT20', 'SFTPB');

-- name: correlated reference from the inside to the wide table | expect: guide
SELECT c.gene_symbol,
       (SELECT count(*) FROM gene_pathways p WHERE p.gene_id = c.gene_id AND c.expression_fold_change >= 1) AS pathways_if_kept
FROM cancer_transcript_base c
WHERE c.chromosome = '7';

-- name: unqualified name that means the outer table | expect: guide
SELECT gene_symbol, expression_fold_change
FROM cancer_transcript_base
WHERE EXISTS (SELECT 1 FROM opentargets_known_drugs WHERE target_gene_id = cancer_transcript_base.gene_id AND expression_fold_change <= clinical_phase);

-- name: unqualified name that both could have | expect: guide
SELECT g.gene_symbol
FROM genes g
WHERE g.gene_id IN (SELECT gene_id FROM cancer_transcript_base WHERE gene_symbol = g.gene_symbol AND expression_fold_change = 1.0);

-- name: derived table | expect: guide
SELECT bucket, count(*) AS transcripts
FROM (
    SELECT CASE
        WHEN expression_fold_change >= 2 THEN 'up'
        WHEN expression_fold_change <= 0.5 THEN 'down'
        ELSE 'unchanged'
    END AS bucket
    FROM cancer_transcript_base
) AS buckets
GROUP BY bucket;

-- name: predicate outside the derived table | expect: guide
SELECT s.symbol, s.fold
FROM (SELECT gene_symbol AS symbol, expression_fold_change AS fold FROM cancer_transcript_base) s
WHERE s.fold > 0.9 AND s.fold < 1.1;

-- name: derived table three levels deep | expect: guide
SELECT max(n) AS most FROM (
    SELECT chromosome, count(*) AS n FROM (
        SELECT chromosome FROM (
            SELECT chromosome, expression_fold_change AS x FROM cancer_transcript_base
        ) a WHERE x <= 1
    ) b GROUP BY chromosome
) c;

-- name: any over a subquery | expect: guide
SELECT gene_symbol FROM genes
WHERE gene_id = ANY (SELECT gene_id FROM cancer_transcript_base WHERE expression_fold_change IN (1, 2, 3));

-- name: greater than all of a family | expect: guide
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base
WHERE expression_fold_change >= ALL (
    SELECT expression_fold_change FROM cancer_transcript_base WHERE gene_symbol IN ('TP53', 'BRCA1', 'SMAD4')
);

-- name: row in a subquery of rows | expect: guide
SELECT c.transcript_id FROM cancer_transcript_base c
WHERE (c.gene_id, c.expression_fold_change) IN (
    SELECT gene_id, max(expression_fold_change) FROM cancer_transcript_base GROUP BY gene_id
) AND c.chromosome = '12';

-- name: subquery in having | expect: guide
SELECT chromosome, avg(expression_fold_change) AS mean
FROM cancer_transcript_base
GROUP BY chromosome
HAVING avg(expression_fold_change) >= (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY expression_fold_change) FROM cancer_transcript_base);

-- name: subquery in order by | expect: guide | ordered
SELECT g.gene_symbol
FROM genes g
WHERE g.gene_symbol IN ('TP53', 'EGFR', 'ERBB2', 'MYC', 'CD4', 'VIM', 'KRAS')
ORDER BY (SELECT sum(c.expression_fold_change) FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id), g.gene_symbol, g.gene_id;

-- name: subquery in limit | expect: guide | ordered
SELECT transcript_id, expression_fold_change
FROM cancer_transcript_base
ORDER BY expression_fold_change, transcript_id
LIMIT (SELECT count(*) / 10 FROM cancer_transcript_base WHERE expression_fold_change < 1);

-- name: array subquery | expect: guide
SELECT g.gene_symbol, ARRAY(
    SELECT c.expression_fold_change FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id ORDER BY c.transcript_id
) AS folds
FROM genes g WHERE g.chromosome = '17' AND g.gene_type = 'protein_coding';

-- name: case over exists | expect: guide
SELECT g.gene_symbol,
    CASE WHEN EXISTS (SELECT 1 FROM cancer_transcript_base c WHERE c.gene_id = g.gene_id AND c.expression_fold_change = 1.0)
         THEN 'has baseline' ELSE 'all changed' END AS state
FROM genes g WHERE g.chromosome IN ('8', '9', '10');
