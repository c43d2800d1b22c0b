"""The baseline proof: conditions that a row at 1.0 can, or cannot, meet; each also asked of PostgreSQL."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.queries.baseline import can_be_true

CANNOT = [
    "fc > 2.0", "2.0 < fc", "fc >= 1.0000001", "fc < 0.5", "fc <> 1.0", "fc != 1", "NOT fc = 1.0", "fc = 2",
    "fc > 2 AND gene = 'TP53'", "gene = 'TP53' AND fc < 0.8", "fc > 2 OR fc < 0.5", "NOT (fc BETWEEN 0.5 AND 2)",
    "fc NOT BETWEEN 0.9 AND 1.1", "fc BETWEEN 1.5 AND 3", "fc IN (0.5, 2)", "fc NOT IN (1, 2)", "fc IS NULL",
    "fc IS DISTINCT FROM 1.0", "fc IS DISTINCT FROM 1", "fc = NULL", "fc > NULL", "NOT fc > NULL", "fc <> NULL",
    "CASE WHEN fc > 2 THEN true WHEN fc < 0.5 THEN true ELSE false END", "CASE WHEN fc > 2 THEN true END",
    "CASE WHEN gene = 'A' THEN fc > 2 ELSE fc < 0.5 END", "coalesce(fc, 0) > 1", "abs(fc - 1) > 0.5",
    "abs(ln(fc)) > 0.7", "log(fc) > 1", "-fc > 0", "fc * 2 > 3", "fc / 2 > 1", "fc::numeric > 1.5", "fc::int > 1",
    "greatest(fc, 0.5) > 1", "least(fc, 3) > 1", "fc > '2'", "false", "NULL", "fc + 1 > 2.5", "(fc - 1.0) <> 0",
    "coalesce(fc > 2, false)", "(fc > 2) IS TRUE", "NOT (fc <= 1 OR gene = 'A')", "sqrt(fc) > 1.1", "1 / 2 = fc",
    "fc <> 1.0 AND (gene = 'A' OR gene = 'B')", "CASE fc WHEN 1 THEN false ELSE true END", "nullif(1, 1) = fc",
]  # fmt: skip
"""Conditions that no row at 1.0 can meet, as a proof must find out."""
CAN = [
    "fc > 0.5", "fc >= 1.0", "fc = 1", "fc <= 1", "fc BETWEEN 0.5 AND 2", "fc IN (1, 2)", "fc > 2 OR gene = 'TP53'",
    "NOT (fc > 2 AND gene = 'TP53')", "gene = 'TP53'", "fc > other", "fc IS NOT NULL", "fc IS NOT DISTINCT FROM 1",
    "CASE WHEN fc > 2 THEN true ELSE gene = 'A' END", "CASE WHEN gene = 'A' THEN fc > 2 ELSE true END",
    "abs(ln(fc)) < 0.5", "fc::text = '1'", "true", "(fc > 2) IS NOT TRUE", "(fc > NULL) IS NULL", "'10' < '9'",
    "coalesce(other, fc) > 2", "nullif(fc, 1) IS NULL", "random() < fc", "fc > 2 IS FALSE", "fc < 'NaN'",
    "fc = ANY (ARRAY[1, 2])", "fc BETWEEN SYMMETRIC 2 AND 0.5", "1 / (fc - 1) > 2", "ln(fc - 1) > 2", "exp(fc) > 2",
]  # fmt: skip
"""Conditions that may be met, or of which nothing is known."""


def proven(condition: str) -> bool:
    """Tell whether it is proven that no row at 1.0 meets a condition."""
    tree = parse_one(condition, read="postgres", into=exp.Condition)
    return not can_be_true([tree], lambda column: column.name == "fc")


@pytest.mark.parametrize("condition", CANNOT)
def test_no_row_at_baseline_can_meet(condition: str) -> None:
    """It is proven, so that only stored rows are read."""
    assert proven(condition)


@pytest.mark.parametrize("condition", CAN)
def test_a_row_at_baseline_may_meet(condition: str) -> None:
    """It is not proven, so that all transcripts are read."""
    assert not proven(condition)


def test_several_conditions_count_together() -> None:
    """One that cannot be met is enough."""
    trees = [parse_one(each, read="postgres", into=exp.Condition) for each in ("gene = 'A'", "fc > 2")]
    assert not can_be_true(trees, lambda column: column.name == "fc")


NUMBERS = st.sampled_from(["0", "0.5", "1", "1.0", "2", "-1", "NULL::float8", "fc", "fc", "fc"])
OPERANDS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("abs({}::float8)".format, inner),
        st.builds("coalesce({}::float8, {}::float8)".format, inner, inner),
        st.builds("greatest({}::float8, {}::float8)".format, inner, inner),
        st.builds("({})::numeric".format, inner),
        st.builds("(CASE WHEN {}::float8 > 1 THEN {}::float8 END)".format, inner, inner),
    ),
    max_leaves=5,
)
COMPARISONS = st.one_of(
    st.builds(
        "({}::float8 {} {}::float8)".format, OPERANDS,
        st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]), OPERANDS,
    ),
    st.builds("({}::float8 BETWEEN {}::float8 AND {}::float8)".format, OPERANDS, OPERANDS, OPERANDS),
    st.builds("({}::float8 IN ({}::float8, {}::float8))".format, OPERANDS, OPERANDS, OPERANDS),
    st.builds("({}::float8 IS NULL)".format, OPERANDS),
)  # fmt: skip
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner),
        st.builds("(NOT {})".format, inner),
        st.builds("({} IS TRUE)".format, inner),
        st.builds("(CASE WHEN {} THEN {} ELSE {} END)".format, inner, inner, inner),
        st.builds("coalesce({}, {})".format, inner, inner),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def session(server: Servers) -> Connection:
    """Return a session that works out conditions."""
    return connect(server.legacy, autocommit=True)


@pytest.mark.parametrize("condition", CANNOT)
def test_postgresql_says_so_too(session: Connection, condition: str) -> None:
    """With 1.0 in the place of the fold change, and some gene, the condition is not true."""
    rows = "(values (1.0::float8, 'A'), (1.0, 'TP53'), (1.0, null)) as t (fc, gene)"
    assert session.execute(f"select count(*) from {rows} where {condition}".encode()).fetchone() == (0,)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(CONDITIONS)
def test_what_is_proven_is_true(session: Connection, condition: str) -> None:
    """PostgreSQL's own answer at 1.0 is never `true` where the proof says that it cannot be."""
    answer = session.execute(f"select {condition} from (values (1.0::float8)) as t (fc)".encode()).fetchone()
    assert not (proven(condition) and answer == (True,))
