"""Reads what the pages show, with the rights of who looks."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from http import HTTPStatus
from typing import Any

import psycopg

from orchestrator.api.database import Cohort, OnePatient, Pool, Query, Row, read, read_recorded, record, tell
from orchestrator.api.problems import AnswerError
from orchestrator.api.statements import of_patient
from orchestrator.api.views import (
    Biomarker,
    ComparedGene,
    CompareView,
    DrugTarget,
    Metadata,
    OverviewView,
    PatientRow,
    PatientView,
    Value,
    Visitor,
)
from orchestrator.pages.fold_changes import Distribution, FoldChangeClass, Gene
from orchestrator.patient_id import is_supported, schema_name
from orchestrator.postgres.statements import statement

PAGE_SIZE = 50
STATES = ("validated", "archived", "dropped", "failed")
DRUG_THRESHOLD = 3.0
"""Of query 2 of the guide."""
SHOWN_DRUGS = 20
MOST_PATIENTS = 12
MOST_GENES = 40
"""More do not fit a page that one can read."""
SUPPRESSORS, CHECKPOINTS = "tumor_suppressor", "immune_checkpoint"


async def overview(pool: Pool, token: bytes, visitor: Visitor, query: str, state: str, page: int) -> OverviewView:
    """Return a page of the patients that match: of the cohort, or of those that the token opens."""
    find = _in_cohort if visitor.sees_cohort else _in_token
    matches, patients = await find(pool, token, query, state, PAGE_SIZE * (page - 1))
    return OverviewView(visitor, query, state, STATES, patients, matches, page, PAGE_SIZE)


def check_id(patient_id: str) -> None:
    """Raise AnswerError for what can be no id: the same as for a patient that is not there."""
    if not is_supported(patient_id):
        raise AnswerError(HTTPStatus.NOT_FOUND, "There is no such patient, or none that this token opens.")


async def patient(pool: Pool, token: bytes, visitor: Visitor, patient_id: str) -> PatientView:
    """Return what there is to see of a patient. Raises AnswerError for what can be no id."""
    check_id(patient_id)
    named = of_patient(patient_id)
    way = OnePatient(token, patient_id)
    told, classes, spread, markers = await read_recorded(
        pool, way, "page: patient",
        (named("patient"), {}), (statement(__package__, "page_classes"), {}), (named("page_spread"), {}),
        (named("page_biomarkers"), {}),
    )  # fmt: skip
    facts = json.loads(told[0][1])
    statistics = facts["statistics"]
    found, drugs = await _drugs(pool, way, (named("drug_targets"), {
        "fold_change_min": DRUG_THRESHOLD, "approved": True, "limit": SHOWN_DRUGS, "offset": 0,
    }))  # fmt: skip
    biomarkers = [(panel, Biomarker(*rest)) for panel, *rest in markers]
    return PatientView(
        visitor=visitor,
        patient_id=patient_id,
        schema_name=schema_name(patient_id),
        metadata=_metadata(facts["metadata"]) if facts["metadata"] else None,
        stored_rows=statistics["stored"],
        baseline_rows=statistics["baseline"],
        quarantine_reasons=statistics["quarantined"],
        at_least_double=statistics["overexpressed"],
        at_most_half=statistics["underexpressed"],
        classes=tuple(FoldChangeClass(*row) for row in classes),
        distribution=_distribution(spread[0]),
        suppressors=tuple(each for panel, each in biomarkers if panel == SUPPRESSORS),
        checkpoints=tuple(each for panel, each in biomarkers if panel == CHECKPOINTS),
        drug_targets=drugs,
        drug_targets_found=found,
        drug_threshold=DRUG_THRESHOLD,
        download=f"/patients/{patient_id}/transcripts.ndjson",
    )


async def compare(pool: Pool, token: bytes, visitor: Visitor, patients: list[str], genes: list[str]) -> CompareView:
    """Return genes beside each other, patient by patient. Raises AnswerError for more than fit a page."""
    if len(patients) > MOST_PATIENTS or len(genes) > MOST_GENES:
        most = f"At most {MOST_PATIENTS} patients and {MOST_GENES} genes fit a page; /api/v1/compare takes more."
        raise AnswerError(HTTPStatus.BAD_REQUEST, most)
    known = {row[0] for row in await tell(pool, "select patient_id from access.patients(%s)", [token])}
    shown = [each for each in patients if each in known]
    found: dict[str, dict[str, Any]] = {}
    for each in shown if genes else ():
        query = (of_patient(each)("compare"), {"gene_symbols": genes})
        [[(_, items)]] = await read_recorded(pool, OnePatient(token, each), "page: compare", query)
        found[each] = json.loads(items)
    symbols = [symbol for symbol in genes if any(symbol in values for values in found.values())]
    return CompareView(
        visitor=visitor,
        asked_patients=tuple(patients),
        asked_genes=tuple(genes),
        patient_ids=tuple(shown),
        genes=tuple(ComparedGene(symbol, tuple(_value(found[each][symbol]) for each in shown)) for symbol in symbols),
        unknown_patients=tuple(each for each in patients if each not in known),
        unknown_genes=tuple(each for each in genes if found and each not in symbols),
    )


async def _in_cohort(
    pool: Pool, token: bytes, query: str, state: str, offset: int
) -> tuple[int, tuple[PatientRow, ...]]:
    values = {"query": query, "state": state, "limit": PAGE_SIZE, "offset": offset}
    [rows] = await read(pool, Cohort(token), (statement(__package__, "page_overview"), values))
    async with pool.connection() as connection:
        await record(connection, Cohort(token), "page: cohort", len(rows))
    return rows[0][0] if rows else 0, tuple(PatientRow(*row[1:]) for row in rows)


async def _in_token(
    pool: Pool, token: bytes, query: str, state: str, offset: int
) -> tuple[int, tuple[PatientRow, ...]]:
    rows = await tell(pool, "select * from access.patients(%s)", [token])
    matching = [
        PatientRow(patient_id, found_state, stored or 0, quarantined or 0, None, None, None)
        for patient_id, _, found_state, stored, quarantined, _ in rows
        if query.lower() in patient_id.lower() and state in ("", found_state)
    ]
    part = tuple(matching[offset : offset + PAGE_SIZE])
    async with pool.connection() as connection:
        await record(connection, Cohort(token), "page: patients", len(part))
    return len(matching), part


async def _drugs(pool: Pool, way: OnePatient, query: Query) -> tuple[int, tuple[DrugTarget, ...]]:
    """Return how many drug targets there are, and the first; none where the core has no table of drugs."""
    try:
        [[(_, items, found)]] = await read(pool, way, query)
    except psycopg.errors.UndefinedTable:
        return 0, ()
    return found, tuple(
        DrugTarget(
            each["gene_symbol"], each["transcript_id"], each["expression_fold_change"], each["molecule_name"],
            each["mechanism_of_action"], each["clinical_phase_label"],
        )
        for each in json.loads(items)
    )  # fmt: skip


def _metadata(row: Mapping[str, Any]) -> Metadata:
    known: dict[str, Any] = {each.name: row.get(each.name) for each in fields(Metadata)}
    if known["upload_date"]:
        known["upload_date"] = datetime.fromisoformat(known["upload_date"])
    return Metadata(**known)


def _distribution(row: Row) -> Distribution:
    told = dict(zip((each.name for each in fields(Distribution)), row, strict=True))
    told["rows_by_class"] = {int(number): int(rows) for number, rows in told["rows_by_class"].items()}
    for side in ("top_up", "top_down"):
        told[side] = tuple(Gene(*gene) for gene in told[side])
    return Distribution(**told)


def _value(gene: Mapping[str, Any]) -> Value:
    return Value(gene["expression_fold_change"], gene["quarantine_reason"], gene["transcript_id"])
