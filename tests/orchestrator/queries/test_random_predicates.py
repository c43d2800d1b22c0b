"""Random conditions on the fold change and on genes: both versions find the same transcripts."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_lab import Asked, Failure, difference, outcomes

GRAMMAR = {
    "statement": (
        "SELECT count(*) AS n, md5(string_agg(transcript_id, ',' ORDER BY transcript_id)) AS ids,"
        " sum(expression_fold_change) AS total FROM cancer_transcript_base WHERE <condition>",
        "SELECT count(*) AS n, md5(string_agg(transcript_id, ',' ORDER BY transcript_id)) AS ids"
        " FROM opentargets_known_drugs JOIN cancer_transcript_base ON target_gene_id = gene_id AND (<condition>)",
        "SELECT count(*) AS n FROM genes AS o WHERE NOT EXISTS (SELECT 1 FROM cancer_transcript_base"
        " WHERE o.gene_id = cancer_transcript_base.gene_id AND (<condition>))",
        "SELECT count(*) FILTER (WHERE <condition>) AS n, count(*) AS rows FROM cancer_transcript_base",
    ),
    "condition": (
        "<fold> <compared> <constant>", "<number> <compared> <constant>", "<constant> <compared> <number>",
        "<number> <compared> <number>", "<fold> <compared> <text>", "<number> <between> <constant> AND <constant>",
        "<number> <in> (<constant>, <constant>)", "<number> IS <not>NULL",
        "<fold> >= ANY (ARRAY[<constant>, <constant>])", "(<number>, transcript_id) > (<constant>, 'ENST5')",
        "<gene>", "<gene>", "(<condition> AND <condition>)", "(<condition> OR <condition>)", "(<condition> OR <gene>)",
        "NOT (<condition>)",
        "(<condition>) IS <not><truth>", "(<condition>) = (<condition>)", "COALESCE(<condition>, <condition>)",
        "CASE WHEN <condition> THEN <condition> ELSE <condition> END", "CASE WHEN <condition> THEN <condition> END",
    ),
    "number": (
        "<fold>", "<fold>", "<constant>", "ln(<fold>)", "log(<fold>)", "log(2, <fold>::numeric)", "sqrt(<fold>)",
        "exp(least(<fold>, 3))", "power(<fold>, 2)", "<fold> ^ 2", "<fold>::int", "<fold>::numeric", "<fold>::real",
        "sign(<fold> - 1)", "ceil(<fold>)", "floor(<fold>)", "width_bucket(<fold>, 0, 4, 8)",
        "(<number> + <number>)", "(<number> - <number>)", "(<number> * <number>)", "(<number> / <divisor>)",
        "abs(<number>)", "(- <number>)", "round((<number>)::numeric, 1)", "(<number>)::float8",
        "COALESCE(<number>, <number>)", "NULLIF(<number>, <constant>)", "GREATEST(<number>, <number>)",
        "LEAST(<number>, <number>)", "CASE WHEN <condition> THEN <number> ELSE <number> END",
        "CASE WHEN <condition> THEN <number> END",
    ),
    "fold": ("expression_fold_change",),
    "constant": (
        "1", "1.0", "1e0", "0", "0.5", "0.999999", "1.000001", "1.5", "2", "4.0", "-1", "3 / 2", "NULL::float8",
    ),
    "divisor": ("2", "0.5", "-4", "3.0"),
    "text": ("'1'", "'0.5'", "'2.0'", "'NaN'", "'-Infinity'"),
    "compared": (">", ">=", "<", "<=", "=", "<>", "!=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"),
    "between": ("BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC"),
    "in": ("IN", "NOT IN"),
    "not": ("", "NOT "),
    "truth": ("TRUE", "FALSE", "UNKNOWN", "NULL"),
    "gene": (
        "gene_symbol LIKE 'S%'", "gene_symbol NOT LIKE '%1%'", "gene_symbol ~ '^[A-M]'", "gene_symbol = 'TP53'",
        "gene_symbol <> ''", "gene_symbol IN ('ERBB2', 'EGFR', 'KRT5')", "gene_symbol IS NULL", "true", "false",
        "gene_type = 'protein_coding'", "gene_type <> 'lncRNA'", "gene_type IS NOT NULL", "chromosome = '17'",
        "chromosome IN ('1', '2', 'X')", "chromosome > '2'", "transcript_id LIKE 'ENST0%'", "length(gene_symbol) > 4",
        "transcript_id = 'ENST00000269571'", "transcript_id < 'ENST90000000200'", "NULL::boolean",
        "gene_id IN (SELECT gene_id FROM gene_pathways)",
    ),
}  # fmt: skip
"""Each part with what it may be. No condition fails for a fold change that is positive."""
DEPTH = 4
RECURSIVE = {"number": re.compile("<(number|condition)>"), "condition": re.compile("<condition>")}


def composed(choices: Iterator[int], part: str = "statement", depth: int = DEPTH) -> str:
    """Return a text of the grammar, each choice made by the next number; where they end, the simplest is taken."""
    options = GRAMMAR[part]
    if part in RECURSIVE:
        depth -= 1
        if depth <= 0:
            options = tuple(each for each in options if not RECURSIVE[part].search(each))
    chosen = options[next(choices, 0) % len(options)]
    return re.sub("<([a-z]+)>", lambda found: composed(choices, found[1], depth), chosen)


STATEMENTS = st.binary(min_size=8, max_size=80).map(lambda choices: composed(iter(choices)))


def agree(patient: Asked, text: str) -> None:
    """Ask both versions: the migrated statement is in the guide's pattern, and says the same."""
    migrated = patient.migrate(text)
    assert outcomes(migrated) == ("guide",), migrated.findings
    before = patient.before(text)
    assert not isinstance(before, Failure), before
    assert difference(before, patient.after(migrated.text), is_ordered=True) == "", migrated.text


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(text=STATEMENTS)
def test_random_conditions(clean: Asked, text: str) -> None:
    """The same 200 each time."""
    agree(clean, text)


@pytest.mark.acceptance
@settings(max_examples=2000, derandomize=True, deadline=None, database=None)
@given(text=STATEMENTS)
def test_two_thousand_random_conditions(clean: Asked, text: str) -> None:
    """The same 2,000 each time."""
    agree(clean, text)
