-- name: public in front | expect: guide
SELECT gene_symbol, expression_fold_change FROM public.cancer_transcript_base WHERE expression_fold_change < 1.2 AND chromosome = '17';

-- name: public in front with an alias | expect: guide
SELECT c.gene_symbol, c.expression_fold_change FROM public.cancer_transcript_base c WHERE c.gene_symbol IN ('TP53', 'MLH1', 'MSH2', 'CD274');

-- name: column with schema and table | expect: guide
SELECT public.cancer_transcript_base.gene_symbol, public.cancer_transcript_base.expression_fold_change
FROM public.cancer_transcript_base
WHERE public.cancer_transcript_base.expression_fold_change <= 1.0 AND public.cancer_transcript_base.chromosome = '7';

-- name: quoted in lower case | expect: guide
SELECT "gene_symbol", "expression_fold_change" FROM "cancer_transcript_base" WHERE "expression_fold_change" = 1 AND "chromosome" = '17';

-- name: everything quoted | expect: guide
SELECT "c"."gene_symbol" AS "symbol", "c"."expression_fold_change" AS "fold" FROM "public"."cancer_transcript_base" AS "c" WHERE "c"."expression_fold_change" > 0.9 AND "c"."chromosome" = '8';

-- name: upper case | expect: guide
SELECT GENE_SYMBOL, EXPRESSION_FOLD_CHANGE FROM CANCER_TRANSCRIPT_BASE WHERE EXPRESSION_FOLD_CHANGE >= 1.0 AND GENE_SYMBOL IN ('MYC', 'VIM', 'CD4');

-- name: mixed case with schema | expect: guide
Select Gene_Symbol, Expression_Fold_Change From Public.Cancer_Transcript_Base Where Expression_Fold_Change Between 0.99 And 1.01 And Chromosome = '7';

-- name: quoted output in upper case | expect: guide
SELECT expression_fold_change AS "EXPRESSION_FOLD_CHANGE", gene_symbol AS "Gene" FROM cancer_transcript_base WHERE gene_symbol = 'ERBB2';

-- name: spaces and comments inside the name | expect: guide
SELECT c . gene_symbol, c /* fold */ . expression_fold_change FROM public . cancer_transcript_base /* wide */ c WHERE c . expression_fold_change <= 1 AND c . chromosome = '17';

-- name: unicode escape in a quoted name | expect: E111
SELECT U&"gene\005fsymbol", expression_fold_change FROM cancer_transcript_base WHERE gene_symbol = 'KRAS';

-- name: only | expect: guide
SELECT gene_symbol, expression_fold_change FROM ONLY cancer_transcript_base WHERE expression_fold_change <= 1.0 AND chromosome = '17';

-- name: asterisk after the table | expect: guide
SELECT gene_symbol FROM cancer_transcript_base * WHERE expression_fold_change = 1.0 AND chromosome = '7';

-- name: table command | expect: cte
SELECT x.gene_symbol, x.expression_fold_change FROM (TABLE cancer_transcript_base) x WHERE x.chromosome = '17';

-- name: table command alone | expect: cte
TABLE cancer_transcript_base LIMIT 0;

-- name: star | expect: cte
SELECT * FROM cancer_transcript_base WHERE gene_symbol IN ('TP53', 'EGFR', 'CD4');

-- name: star of an alias | expect: cte
SELECT c.*, d.molecule_name FROM cancer_transcript_base c JOIN opentargets_known_drugs d ON d.target_gene_id = c.gene_id WHERE c.transcript_id = 'ENST00000288135';

-- name: star of another table | expect: guide
SELECT g.*, c.expression_fold_change FROM cancer_transcript_base c JOIN genes g ON g.gene_id = c.gene_id WHERE c.expression_fold_change <= 1.0 AND g.chromosome = '17';

-- name: whole row | expect: cte
SELECT count(c) AS rows, count(DISTINCT c.gene_id) AS genes FROM cancer_transcript_base c WHERE c.expression_fold_change = 1;

-- name: whole row by the table's name | expect: cte
SELECT (cancer_transcript_base).gene_symbol FROM cancer_transcript_base WHERE expression_fold_change < 0.5;

-- name: whole row is null after a left join | expect: cte
SELECT g.gene_symbol FROM genes g LEFT JOIN cancer_transcript_base c ON c.gene_id = g.gene_id AND c.expression_fold_change > 1.0
WHERE c IS NULL AND g.chromosome = '17';

-- name: field of a parenthesised row | expect: cte
SELECT (c).gene_symbol, (c).expression_fold_change FROM cancer_transcript_base c WHERE (c).expression_fold_change <= 1.0 AND chromosome = '17';

-- name: column called as a function | expect: cte
SELECT gene_symbol(c), expression_fold_change(c) FROM cancer_transcript_base c WHERE c.gene_symbol LIKE 'BRC%';

-- name: star of a subquery of all columns | expect: cte
SELECT s.gene_symbol, s.expression_fold_change FROM (SELECT * FROM cancer_transcript_base) s WHERE s.expression_fold_change <= 1.0 AND s.chromosome = '8';

-- name: count of a star | expect: guide
SELECT count(*) FROM cancer_transcript_base;

-- name: no column at all | expect: guide
SELECT 1 AS one FROM cancer_transcript_base WHERE true;

-- name: empty select list | expect: guide
SELECT FROM cancer_transcript_base WHERE expression_fold_change < 1.5;

-- name: names that only begin alike | expect: guide
SELECT cancer_transcript_base_2.gene_symbol, cancer_transcript_base_2.expression_fold_change
FROM cancer_transcript_base AS cancer_transcript_base_2 WHERE cancer_transcript_base_2.expression_fold_change = 1 AND cancer_transcript_base_2.chromosome = '9';

-- name: names that are keywords in other dialects | expect: guide
SELECT gene_symbol AS rank, expression_fold_change AS value, chromosome AS date, gene_type AS type, transcript_id AS key
FROM cancer_transcript_base WHERE expression_fold_change <= 1.0 AND chromosome = '17' AND gene_type = 'protein_coding';

-- name: a name of sixty-three bytes | expect: guide
SELECT a_very_long_alias_that_an_analyst_was_fond_of_and_kept_for_year.gene_symbol
FROM cancer_transcript_base a_very_long_alias_that_an_analyst_was_fond_of_and_kept_for_year
WHERE a_very_long_alias_that_an_analyst_was_fond_of_and_kept_for_year.expression_fold_change <= 1.0 AND chromosome = '17';

-- name: a name beyond ASCII | expect: guide
SELECT änderung.gene_symbol AS gen_größe, änderung.expression_fold_change AS "Δ fold"
FROM cancer_transcript_base änderung WHERE änderung.expression_fold_change <= 1.0 AND änderung.chromosome = '17';

-- name: columns that the joined tables have, too | expect: guide
SELECT c.gene_symbol, description, start_position, gene_name
FROM cancer_transcript_base c JOIN genes ON genes.gene_id = c.gene_id
WHERE c.expression_fold_change <= 1.0 AND strand = 1 AND c.chromosome = '17';

-- name: columns of a third table that the joined tables have, too | expect: guide
SELECT gene_symbol, external_id, created_at IS NOT NULL AS dated
FROM cancer_transcript_base c JOIN gene_cross_references x ON x.gene_id = c.gene_id
WHERE external_db = 'EntrezGene' AND c.expression_fold_change <= 1.0 AND chromosome = '17';

-- name: an outer column that the joined tables have, too | expect: guide
SELECT genes.gene_symbol, genes.strand
FROM genes
WHERE genes.chromosome = '17' AND EXISTS (
    SELECT 1 FROM cancer_transcript_base c
    WHERE c.gene_symbol = 'ERBB2' AND c.expression_fold_change >= 1.0 AND strand = -1
);

-- name: an outer column behind two selects | expect: guide
SELECT genes.gene_symbol
FROM genes
WHERE genes.chromosome = '7' AND 0 < (
    SELECT count(*) FROM (
        SELECT 1 FROM transcript_go_terms o WHERE EXISTS (
            SELECT 1 FROM cancer_transcript_base c WHERE c.gene_symbol = 'TP53' AND c.transcript_id = o.transcript_id AND strand = 1
        )
    ) found
);

-- name: a quoted alias with a quote | expect: guide
SELECT "c""1".gene_symbol, "c""1".expression_fold_change FROM cancer_transcript_base "c""1" WHERE "c""1".gene_symbol LIKE 'NF%';

-- name: a cte with columns under the table's name | expect: guide
WITH cancer_transcript_base (symbol, fold) AS (SELECT gene_symbol, expression_fold_change FROM public.cancer_transcript_base)
SELECT symbol, fold FROM cancer_transcript_base WHERE fold <= 1.0 AND symbol LIKE 'C%';

-- name: a function whose alias a joined table has as a column | expect: cte
SELECT strand, c.gene_symbol, c.expression_fold_change
FROM cancer_transcript_base c, generate_series(1, 2) strand
WHERE c.gene_symbol IN ('TP53', 'VIM');

-- name: an unnested list whose alias a joined table has as a column | expect: cte
SELECT description, c.expression_fold_change
FROM cancer_transcript_base c JOIN unnest(ARRAY['TP53', 'EGFR']) AS description ON c.gene_symbol = description;
