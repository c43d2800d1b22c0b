-- name: or with a gene | expect: guide
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change > 2.0 OR gene_symbol IN ('TP53', 'VIM', 'CD4', 'APC');

-- name: not greater | expect: guide
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE NOT expression_fold_change > 1.5;

-- name: not of a conjunction | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE NOT (expression_fold_change > 1.0 AND gene_type = 'protein_coding');

-- name: not of a disjunction that leaves out the baseline | expect: guide
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE NOT (expression_fold_change <= 1.0 OR gene_symbol = '');

-- name: double negation | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE NOT NOT expression_fold_change >= 1 AND NOT (NOT chromosome = '17');

-- name: equal to baseline | expect: guide
SELECT gene_symbol FROM cancer_transcript_base WHERE expression_fold_change = 1.0 AND gene_type = 'protein_coding';

-- name: equal to baseline written otherwise | expect: guide
SELECT count(*) FILTER (WHERE 1 = expression_fold_change), count(*) FILTER (WHERE expression_fold_change = 1e0),
       count(*) FILTER (WHERE '1'::float8 = expression_fold_change), count(*) FILTER (WHERE expression_fold_change = 10 / 10),
       count(*) FILTER (WHERE expression_fold_change = '1.000')
FROM cancer_transcript_base;

-- name: unequal | expect: guide
SELECT count(*) AS changed, sum(expression_fold_change) AS total FROM cancer_transcript_base WHERE expression_fold_change <> 1.0;

-- name: between around | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change BETWEEN 0.5 AND 2;

-- name: between from baseline | expect: guide
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change BETWEEN 1.0 AND 1.2;

-- name: between to baseline | expect: guide
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change BETWEEN 0.8 AND 1;

-- name: between symmetric | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change BETWEEN SYMMETRIC 1.5 AND 0.75;

-- name: not between | expect: guide
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change NOT BETWEEN 0.5 AND 2.0;

-- name: not between beside the baseline | expect: guide
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change NOT BETWEEN 1.1 AND 100;

-- name: in with baseline | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change IN (0.5, 1, 2);

-- name: not in without baseline | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change NOT IN (0, 2, 4);

-- name: not in with baseline | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change NOT IN (0, 1, 2);

-- name: is null | expect: guide
SELECT count(*) AS missing FROM cancer_transcript_base WHERE expression_fold_change IS NULL;

-- name: is not null | expect: guide
SELECT count(*) AS there FROM cancer_transcript_base WHERE expression_fold_change IS NOT NULL;

-- name: comparison is not true | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE (expression_fold_change > 1.0) IS NOT TRUE;

-- name: comparison is false | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE (expression_fold_change > 1.0) IS FALSE;

-- name: comparison is unknown | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE (expression_fold_change > 1.0) IS UNKNOWN;

-- name: comparison is not unknown | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE (expression_fold_change > 1.0) IS NOT UNKNOWN;

-- name: is distinct from | expect: guide
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE expression_fold_change IS DISTINCT FROM 1.0;

-- name: is not distinct from | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change IS NOT DISTINCT FROM 1.0 AND chromosome = '17';

-- name: is distinct from a null | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change IS DISTINCT FROM NULL;

-- name: coalesce by hand | expect: guide
SELECT gene_symbol, COALESCE(expression_fold_change, 0) AS fold FROM cancer_transcript_base WHERE COALESCE(expression_fold_change, 0) <= 1;

-- name: coalesce by hand to another value | expect: guide
SELECT count(*) AS n, sum(COALESCE(expression_fold_change, -100)) AS total FROM cancer_transcript_base;

-- name: nullif of the baseline | expect: guide
SELECT count(NULLIF(expression_fold_change, 1.0)) AS changed, count(*) AS n FROM cancer_transcript_base;

-- name: nullif in a predicate | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE NULLIF(expression_fold_change, 1) IS NULL AND chromosome = '8';

-- name: greatest and least | expect: guide
SELECT transcript_id, GREATEST(expression_fold_change, 0.9) AS floor, LEAST(expression_fold_change, 1.1) AS ceiling
FROM cancer_transcript_base WHERE GREATEST(expression_fold_change, 1.0) = 1.0 AND chromosome IN ('9', '10');

-- name: case in where | expect: guide
SELECT transcript_id FROM cancer_transcript_base
WHERE CASE WHEN gene_type = 'protein_coding' THEN expression_fold_change > 2 ELSE expression_fold_change <= 1 END;

-- name: case with an else for the baseline | expect: guide
SELECT gene_symbol, CASE WHEN expression_fold_change > 2 THEN 'up' WHEN expression_fold_change < 0.5 THEN 'down' ELSE 'stable' END AS call
FROM cancer_transcript_base WHERE chromosome = '17';

-- name: simple case | expect: guide
SELECT CASE expression_fold_change WHEN 1.0 THEN 'baseline' WHEN 2.0 THEN 'double' ELSE 'other' END AS state, count(*) AS n
FROM cancer_transcript_base GROUP BY 1;

-- name: case without else | expect: guide
SELECT sum(CASE WHEN expression_fold_change >= 1 THEN 1 END) AS at_least, count(*) AS n FROM cancer_transcript_base;

-- name: log2 fold change | expect: guide
SELECT transcript_id, log(2, expression_fold_change::numeric) AS log2_fold FROM cancer_transcript_base
WHERE expression_fold_change > 0.01 AND expression_fold_change < 100 AND chromosome = '7';

-- name: logarithm in a predicate | expect: guide
SELECT transcript_id FROM cancer_transcript_base
WHERE CASE WHEN expression_fold_change > 0 THEN abs(ln(expression_fold_change)) < 0.1 END;

-- name: logarithm that leaves out the baseline | expect: guide
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base
WHERE CASE WHEN expression_fold_change > 0 THEN abs(ln(expression_fold_change) / ln(2)) >= 1 ELSE false END AND gene_symbol <> '';

-- name: distance from baseline | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE abs(expression_fold_change - 1) < 0.25;

-- name: distance from baseline, far | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE abs(expression_fold_change - 1.0) > 0.5;

-- name: arithmetic on the left | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change * 2 + 1 >= 3;

-- name: minus sign | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE -expression_fold_change >= -1.0;

-- name: modulo and power | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change ^ 2 <= 1.5 AND expression_fold_change::numeric % 1 = 0;

-- name: rounded to baseline | expect: guide
SELECT transcript_id, round(expression_fold_change::numeric, 2) AS fold FROM cancer_transcript_base WHERE round(expression_fold_change::numeric, 1) = 1.0;

-- name: cast to integer | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE CASE WHEN expression_fold_change BETWEEN 0 AND 1000000 THEN expression_fold_change::int = 1 END;

-- name: as text | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change::text = '1';

-- name: formatted | expect: guide
SELECT transcript_id, to_char(expression_fold_change, 'FM9990.00') AS shown FROM cancer_transcript_base WHERE chromosome = '17' AND expression_fold_change BETWEEN 0.5 AND 1.5;

-- name: concatenated | expect: guide
SELECT gene_symbol || ' x' || expression_fold_change AS label FROM cancer_transcript_base WHERE chromosome = '8';

-- name: sign | expect: guide
SELECT sign(expression_fold_change - 1) AS direction, count(*) AS n FROM cancer_transcript_base GROUP BY 1;

-- name: row comparison | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE (expression_fold_change, transcript_id) >= (1.0, 'ENST0') AND chromosome = '17';

-- name: row equality | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE (chromosome, expression_fold_change) = ('17', 1.0);

-- name: boolean output | expect: guide
SELECT transcript_id, expression_fold_change >= 1 AS not_down, expression_fold_change IS NULL AS missing FROM cancer_transcript_base WHERE chromosome = '3';

-- name: count of the column and of rows | expect: guide
SELECT count(expression_fold_change) AS values, count(*) AS rows FROM cancer_transcript_base WHERE gene_type <> 'lncRNA';

-- name: minimum of the induced and maximum of the rest | expect: guide
SELECT (SELECT min(expression_fold_change) FROM cancer_transcript_base WHERE expression_fold_change > 1) AS next_above,
       (SELECT max(expression_fold_change) FROM cancer_transcript_base WHERE expression_fold_change <= 1) AS highest_of_rest;

-- name: only genes, no fold change | expect: guide
SELECT gene_symbol, count(*) AS isoforms FROM cancer_transcript_base WHERE gene_type = 'protein_coding' GROUP BY gene_symbol;

-- name: one transcript by its id | expect: guide
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base WHERE transcript_id IN ('ENST00000269571', 'ENST00000269305', 'ENST00000544301', 'ENST00000011653');

-- name: all of a gene | expect: guide
SELECT transcript_id, expression_fold_change FROM cancer_transcript_base WHERE gene_symbol = 'BRCA1';

-- name: two ranges joined by or | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change > 2 OR expression_fold_change < 0.5;

-- name: two ranges of which one has the baseline | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change > 4 OR expression_fold_change BETWEEN 0.95 AND 1.05;

-- name: contradiction in one branch | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE (expression_fold_change > 2 AND expression_fold_change < 1.5) OR expression_fold_change <= 1 AND chromosome = '17';

-- name: comparison with itself | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change = expression_fold_change;

-- name: threshold by a cast | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change >= '1'::numeric AND expression_fold_change < CAST('3' AS double precision);

-- name: threshold just beside the baseline | expect: guide
SELECT count(*) FILTER (WHERE expression_fold_change > 0.9999999) AS a, count(*) FILTER (WHERE expression_fold_change < 1.0000001) AS b FROM cancer_transcript_base;

-- name: threshold at the limit of precision | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change >= 1.00000000000000000001;

-- name: threshold beyond the precision as numeric | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change::numeric >= 1.00000000000000000001;

-- name: tumour suppressors that are not lost | expect: guide
SELECT gene_symbol, expression_fold_change, ROUND(((1.0 - expression_fold_change) * 100)::numeric, 1) AS percent_loss
FROM cancer_transcript_base
WHERE gene_symbol IN ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2', 'APC', 'SMAD4', 'VHL', 'NF1', 'CDKN2A') AND NOT expression_fold_change < 0.8;

-- name: housekeeping genes within ten percent | expect: guide
SELECT gene_symbol, transcript_id, expression_fold_change FROM cancer_transcript_base
WHERE expression_fold_change >= 0.9 AND expression_fold_change <= 1.1 AND gene_type = 'protein_coding';

-- name: drug targets at baseline | expect: guide
SELECT DISTINCT d.molecule_name, c.gene_symbol
FROM opentargets_known_drugs d JOIN cancer_transcript_base c ON c.gene_id = d.target_gene_id
WHERE c.expression_fold_change = 1.0 AND d.is_approved;

-- name: pathway scores over all members | expect: guide
SELECT p.pathway_name, avg(c.expression_fold_change) AS score, count(*) AS members
FROM gene_pathways p JOIN cancer_transcript_base c ON c.gene_id = p.gene_id
GROUP BY p.pathway_id, p.pathway_name HAVING count(*) >= 5;

-- name: share of induced transcripts of each pathway | expect: guide
SELECT p.pathway_name, avg((c.expression_fold_change > 1.5)::int) AS share
FROM gene_pathways p JOIN cancer_transcript_base c ON c.gene_id = p.gene_id
GROUP BY p.pathway_name;

-- name: signature score by conditional sums | expect: guide
SELECT sum(expression_fold_change) FILTER (WHERE gene_symbol IN ('MKI67', 'TOP2A', 'AURKA', 'CCNB1')) AS proliferation,
       sum(expression_fold_change) FILTER (WHERE gene_symbol IN ('CD8A', 'GZMB', 'PRF1', 'IFNG')) AS immune
FROM cancer_transcript_base;

-- name: ratio of two genes | expect: guide
SELECT a.expression_fold_change / NULLIF(b.expression_fold_change, 0) AS ratio
FROM cancer_transcript_base a, cancer_transcript_base b
WHERE a.transcript_id = 'ENST00000269571' AND b.transcript_id IN ('ENST00000544301', 'ENST00000011653', 'ENST00000269305');

-- name: outliers by the interquartile range | expect: guide
WITH q AS (
    SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY expression_fold_change) AS q1,
           percentile_cont(0.75) WITHIN GROUP (ORDER BY expression_fold_change) AS q3
    FROM cancer_transcript_base
)
SELECT c.transcript_id FROM cancer_transcript_base c, q
WHERE c.expression_fold_change > q.q3 + 1.5 * (q.q3 - q.q1);

-- name: z scores | expect: guide
SELECT c.transcript_id, (c.expression_fold_change - s.mean) / s.sd AS z
FROM cancer_transcript_base c
CROSS JOIN (SELECT avg(expression_fold_change) AS mean, stddev_pop(expression_fold_change) AS sd FROM cancer_transcript_base WHERE expression_fold_change < 1000) s
WHERE c.expression_fold_change < 1000 AND c.chromosome = '17';

-- name: histogram | expect: guide
SELECT width_bucket(expression_fold_change, ARRAY[0.25, 0.5, 1.0, 2.0, 4.0]) AS bucket, count(*) AS n
FROM cancer_transcript_base GROUP BY 1;

-- name: square root and absolute value as operators | expect: guide
SELECT transcript_id, |/ expression_fold_change AS root FROM cancer_transcript_base
WHERE @ (expression_fold_change - 1) < 0.3 AND expression_fold_change >= 0 AND chromosome IN ('7', '17');

-- name: operator by its full name | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change OPERATOR(pg_catalog.>=) 1;

-- name: a null in the list | expect: guide
SELECT count(*) FILTER (WHERE expression_fold_change IN (1, NULL)) AS a, count(*) FILTER (WHERE expression_fold_change NOT IN (2, NULL)) AS b,
       count(*) FILTER (WHERE (expression_fold_change IN (2, NULL)) IS NULL) AS c
FROM cancer_transcript_base;

-- name: not in a list with a null | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change NOT IN (2, 3, NULL) OR expression_fold_change = 1;

-- name: between with a null bound | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE NOT (expression_fold_change BETWEEN NULL AND 0.5);

-- name: sum with a null | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE (expression_fold_change + NULL > 2) IS NULL;

-- name: division by an integer and of integers | expect: guide
SELECT count(*) FILTER (WHERE expression_fold_change >= 3 / 2) AS whole, count(*) FILTER (WHERE expression_fold_change >= 3 / 2.0) AS exact,
       count(*) FILTER (WHERE expression_fold_change / 2 >= 0.5) AS half
FROM cancer_transcript_base;

-- name: integer division decides | expect: guide
SELECT transcript_id FROM cancer_transcript_base WHERE expression_fold_change >= 3 / 2 AND chromosome = '17';

-- name: negative integer division decides | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change > -7 / 4 + 2 OR expression_fold_change = -3 / 2 + 2;

-- name: single precision | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change::real > 0.1::real * 10 OR expression_fold_change >= 1.00000001::real;

-- name: rounding by a cast decides | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change >= 1.4::int AND expression_fold_change <= 1.04::numeric(3, 1);

-- name: not a number and infinity | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change < 'NaN' AND expression_fold_change < 'Infinity'::float8 AND expression_fold_change > '-inf';

-- name: greater than not a number | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE NOT expression_fold_change >= 'NaN'::float8;

-- name: comparison of comparisons | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE (expression_fold_change > 2) = (gene_type = 'no such type');

-- name: comparison with false | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE (expression_fold_change > 1) = false AND (expression_fold_change <> 1) IN (true, false);

-- name: any and all of lists | expect: guide
SELECT count(*) FILTER (WHERE expression_fold_change >= ANY (ARRAY[1, 5])) AS some, count(*) FILTER (WHERE expression_fold_change <= ALL (ARRAY[1, 5])) AS every
FROM cancer_transcript_base WHERE expression_fold_change > ANY (ARRAY[0.9, 3]);

-- name: in a list of values | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE expression_fold_change IN (VALUES (1.0::float8), (2.0));

-- name: coalesce of a comparison | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE COALESCE(expression_fold_change > NULL, expression_fold_change = 1);

-- name: coalesce of a comparison to true | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE COALESCE(expression_fold_change > NULL, true);

-- name: case over a null | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE CASE WHEN expression_fold_change > NULL THEN false WHEN expression_fold_change = 1 THEN true END;

-- name: simple case in where | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE CASE expression_fold_change WHEN 2 THEN false WHEN 1.0 THEN true ELSE expression_fold_change > 3 END;

-- name: greatest with a null | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE GREATEST(NULL, expression_fold_change, 0.5) = 1 OR LEAST(expression_fold_change, NULL) > 2;

-- name: greatest decides | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE GREATEST(expression_fold_change, 1.5) > 1.2;

-- name: volatile function beside a predicate | expect: guide
SELECT count(*) AS n FROM cancer_transcript_base WHERE random() >= 0 AND expression_fold_change <= 1;

-- name: predicate in the on of an inner join before a left join | expect: guide
SELECT c.gene_symbol, p.pathway_name, d.molecule_name
FROM cancer_transcript_base c
JOIN gene_pathways p ON p.gene_id = c.gene_id AND c.expression_fold_change > 1.5
LEFT JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id AND c.expression_fold_change > 100
WHERE p.pathway_source = 'Reactome' AND c.chromosome IN ('8', '17', '20');

-- name: predicate on the preserved side only in the on | expect: guide
SELECT c.transcript_id, c.expression_fold_change, d.molecule_name
FROM cancer_transcript_base c
LEFT JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id AND c.expression_fold_change > 2 AND d.is_approved
WHERE c.chromosome = '2';

-- name: predicate of the outer query in a subquery | expect: guide
SELECT c.transcript_id FROM cancer_transcript_base c
WHERE NOT EXISTS (SELECT 1 FROM genes g WHERE g.gene_id = c.gene_id AND c.expression_fold_change > 1) AND c.chromosome = '17';

-- name: the same predicate on two references, one of them negated | expect: guide
SELECT a.transcript_id, b.transcript_id AS other
FROM cancer_transcript_base a JOIN cancer_transcript_base b ON b.gene_id = a.gene_id AND a.transcript_id <> b.transcript_id
WHERE a.expression_fold_change > 1.1 AND NOT b.expression_fold_change > 1.1;

-- name: a comparison between two references | expect: guide
SELECT count(*) AS n
FROM cancer_transcript_base a JOIN cancer_transcript_base b ON b.gene_id = a.gene_id
WHERE a.expression_fold_change > 2 OR a.expression_fold_change = b.expression_fold_change;
