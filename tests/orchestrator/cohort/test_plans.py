"""What a cohort is asked most is read from indexes, also when it is large."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import CHECKOUT, Lab
from psycopg import sql

from orchestrator import journal
from orchestrator.access.roles import COHORT_READER
from orchestrator.cohort.read import Query, gene, gene_query, members, variable_query
from orchestrator.cohort.refresh import refresh_stale

PATIENTS = 400
EVERY_NTH = 3


@pytest.fixture(scope="module")
def large(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with a patient that is real, and many that only the cohort has."""
    laboratory_server.reset()
    laboratory_server.migrate("DEMO_HER2")
    made_up = (CHECKOUT / "benchmarks" / "cohort.sql").read_text()
    laboratory_server.query(made_up + " returning 1", parameters={"first": 1, "last": PATIENTS, "nth": EVERY_NTH})
    with journal.locked(laboratory_server.where.target) as target:
        refresh_stale(target, lambda _: None, lambda _: None)
    yield laboratory_server
    laboratory_server.reset()


def plan(lab: Lab, query: Query) -> list[dict[str, Any]]:
    """Return the nodes of the plan that a reader of the cohort gets, as they ran."""
    text, values = query
    with lab.session() as target, target.transaction():
        target.execute(f"set local role {COHORT_READER}".encode())
        row = target.execute(sql.SQL("explain (analyze, format json) ") + text, values).fetchone()
    assert row is not None
    found: list[dict[str, Any]] = []
    waiting = [row[0][0]["Plan"]]
    while waiting:
        found.append(waiting.pop())
        waiting += found[-1].get("Plans", [])
    return found


def reading(nodes: list[dict[str, Any]], relation: str) -> list[dict[str, Any]]:
    """Return the nodes that read a relation."""
    return [node for node in nodes if node.get("Relation Name") == relation]


def test_the_cohort_is_whole(large: Lab) -> None:
    """Otherwise the plans below would be of something else."""
    with large.session() as target:
        assert [each for each in members(target) if not each.is_current] == []
        assert len(gene(target, "ERBB2").patients) == PATIENTS + 1
    ((rows,),) = large.query("select count(*) from cohort.cohort_expression")
    assert rows > 50_000


@pytest.mark.parametrize("symbol", ["ERBB2", "EGFR", "NOGENE"])
def test_a_gene_is_read_from_the_primary_key_alone(large: Lab, symbol: str) -> None:
    """No other way into the table, and no look into it: fold changes are in the index."""
    nodes = reading(plan(large, gene_query(symbol)), "cohort_rows")
    assert [(node["Node Type"], node["Index Name"], node["Heap Fetches"]) for node in nodes] == [
        ("Index Only Scan", "cohort_rows_pkey", 0)
    ]


def test_a_transcript_of_the_view_is_read_from_the_primary_key_alone(large: Lab) -> None:
    """For who writes SQL: the view keeps nobody from the index."""
    ((transcript_id,),) = large.query("select min(transcript_id) from public.transcripts")
    query = sql.SQL("select patient_id, fold_change from cohort.cohort_expression where transcript_id = %(id)s")
    nodes = reading(plan(large, (query, {"id": transcript_id})), "cohort_rows")
    assert [(node["Node Type"], node["Index Name"]) for node in nodes] == [("Index Only Scan", "cohort_rows_pkey")]


def test_what_varies_most_is_read_from_its_index(large: Lab) -> None:
    """As many rows as are asked for, and nothing is sorted for that."""
    nodes = reading(plan(large, variable_query(20)), "cohort_variability")
    assert [(node["Node Type"], node["Index Name"], node["Actual Rows"]) for node in nodes] == [
        ("Index Scan", "cohort_variability_variance_idx", 20)
    ]


def test_one_patient_is_removed_by_its_index(large: Lab) -> None:
    """A refresh of one patient does not look at the rows of the others."""
    with large.session() as target:
        ((told,),) = target.execute(
            "explain (format json) delete from cohort.cohort_rows where patient_id = 'DEMO_HER2'"
        ).fetchall()
    assert "cohort_rows_patient_idx" in json.dumps(told)
