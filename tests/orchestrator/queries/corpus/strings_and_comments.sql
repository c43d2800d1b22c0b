-- name: the name in a string | expect: guide
SELECT 'cancer_transcript_base' AS source, count(*) AS n FROM cancer_transcript_base;

-- name: the fold change in a string | expect: guide
SELECT gene_symbol || ': expression_fold_change = ' || expression_fold_change AS text
FROM cancer_transcript_base WHERE gene_symbol IN ('TP53', 'CD4');

-- name: the name in a string only | expect: unchanged
SELECT 'FROM cancer_transcript_base' AS text, count(*) AS n FROM genes;

-- name: the name in a comment only | expect: unchanged
-- SELECT * FROM cancer_transcript_base
SELECT count(*) AS n FROM genes /* not cancer_transcript_base */;

-- name: line comments everywhere | expect: guide
SELECT -- the symbol: gene_symbol
    gene_symbol, -- expression_fold_change > 2
    expression_fold_change -- linear, not log2
FROM -- cancer_transcript_base
    cancer_transcript_base -- the wide table
WHERE -- not changed
    expression_fold_change <= 1 -- 1.0 is the baseline
    AND chromosome = '17'; -- done

-- name: nested block comments | expect: guide
SELECT gene_symbol /* outer /* inner: cancer_transcript_base */ still outer */, expression_fold_change
FROM /* alias c */ cancer_transcript_base c /* WHERE false */
WHERE c.expression_fold_change /* fold */ BETWEEN /* lowest */ 0.9 AND /* highest */ 1.1 AND c.chromosome = '7';

-- name: a comment mark in a string | expect: guide
SELECT gene_symbol, '-- not a comment' AS a, '/* nor this */' AS b, expression_fold_change
FROM cancer_transcript_base WHERE gene_symbol <> '--' AND gene_symbol = 'EGFR';

-- name: quotes in a string | expect: guide
SELECT 'it''s cancer_transcript_base''s expression_fold_change' AS quoted, expression_fold_change
FROM cancer_transcript_base WHERE gene_symbol = 'MYC';

-- name: escape string | expect: guide
SELECT E'it\'s\tcancer_transcript_base' AS escaped, gene_symbol, expression_fold_change
FROM cancer_transcript_base WHERE gene_symbol = 'MYC' AND expression_fold_change > 0;

-- name: unicode string | expect: guide
SELECT U&'\0394 fold' AS label, expression_fold_change FROM cancer_transcript_base WHERE gene_symbol = 'VIM';

-- name: dollar quotes | expect: guide
SELECT $$cancer_transcript_base's "expression_fold_change"$$ AS text, gene_symbol, expression_fold_change
FROM cancer_transcript_base WHERE gene_symbol = 'CD44';

-- name: tagged dollar quotes | expect: guide
SELECT $q$ SELECT * FROM cancer_transcript_base; -- $$ $q$ AS text, count(*) AS n
FROM cancer_transcript_base WHERE expression_fold_change = 1.0;

-- name: strings joined over lines | expect: guide
SELECT 'cancer_'
    'transcript_base' AS name, expression_fold_change
FROM cancer_transcript_base WHERE gene_symbol = 'TP53';

-- name: emoji in front | expect: guide
SELECT '🧬🔬 gene' AS 🧬, gene_symbol, expression_fold_change AS "🔥"
FROM cancer_transcript_base WHERE '🔥' <> gene_symbol AND expression_fold_change <= 1.0 AND chromosome = '17';

-- name: emoji in a comment in front | expect: guide
/* 🧪🧪🧪 patient's profile, 𝔣𝔬𝔩𝔡 change ≥ 1 — naïve façade */ SELECT gene_symbol, expression_fold_change
FROM cancer_transcript_base WHERE expression_fold_change >= 1.0 AND gene_symbol IN ('TP53', 'ERBB2', 'CD4');

-- name: combining marks and right-to-left text | expect: guide
SELECT 'é جين' AS label, c.gene_symbol, c.expression_fold_change FROM cancer_transcript_base c
WHERE c.gene_symbol NOT LIKE '%٪%' AND c.expression_fold_change <= 1.0 AND c.chromosome = '7';

-- name: tabs and carriage returns | expect: guide
SELECT	gene_symbol,
	expression_fold_change
FROM	cancer_transcript_base	c
WHERE	c.expression_fold_change <= 1.0
	AND c.chromosome = '17';

-- name: no space where none is needed | expect: guide
SELECT gene_symbol,expression_fold_change*2"twice"FROM cancer_transcript_base WHERE(expression_fold_change)<=(1)AND(chromosome)='17';

-- name: all on one line without a semicolon | expect: guide
select gene_symbol, expression_fold_change from cancer_transcript_base where chromosome='17' and expression_fold_change<=1.0

-- name: semicolons in strings and comments | expect: guide
SELECT 'a;b' AS x /* ; */, gene_symbol, expression_fold_change -- ;
FROM cancer_transcript_base WHERE gene_symbol <> ';' AND chromosome = '17' AND expression_fold_change = 1;

-- name: like with escape and percent | expect: guide
SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base
WHERE gene_symbol LIKE 'HLA!-%' ESCAPE '!' OR gene_symbol SIMILAR TO '(KRT|CCN)[0-9]+' OR gene_symbol ~* '^myc.?$';

-- name: question marks and colons | expect: guide
SELECT gene_symbol, 'a:b?' AS mark, expression_fold_change::text AS fold FROM cancer_transcript_base WHERE gene_symbol = 'ALK';

-- name: two statements in one text | expect: guide, guide
SELECT count(*) FROM cancer_transcript_base WHERE expression_fold_change > 2; SELECT count(*) FROM cancer_transcript_base WHERE expression_fold_change <= 1;
