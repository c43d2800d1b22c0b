"""Patients of the journal: all of them by one query, and all that is known about one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row, dict_row

from orchestrator import journal
from orchestrator.errors import UsageError
from orchestrator.journal import Patient
from orchestrator.migration.parity import is_gone
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.engine import table_bytes
from orchestrator.postgres.statements import statement


@dataclass(frozen=True)
class Listed:
    """A patient in the list of all; counts are rows."""

    patient_id: str
    state: str
    source: str
    """Its legacy database, or the file that it came as."""
    is_imported: bool
    file_format: str | None
    """None before it is built."""
    cancer_type: str | None
    cancer_subtype: str | None
    stored_rows: int | None
    baseline_rows: int | None
    quarantined_rows: int | None
    schema_bytes: int | None
    """Of its tables with their indexes on disk; None when it has no schema."""
    published_at: datetime | None


@dataclass(frozen=True)
class Details:
    """All that is known about a patient, but for its values."""

    journal: Patient
    schema_bytes: int
    metadata: dict[str, object] | None
    """The row of its metadata by column; None when it is not built."""
    validation: dict[str, object] | None
    """Its last verdict: is_passed, failures, notes, checked_at; None when there is none."""


def list_patients(target: Connection) -> list[Listed]:
    """Return every patient that the journal knows, by id.

    No schema of a patient is asked: facts are from schema cohort. Raises RefusedError without a journal.
    """
    journal.require(target)
    has_facts = target.execute("select to_regclass('cohort.patient_metadata')").fetchone() != (None,)
    facts = sql.SQL("cohort.patient_metadata" if has_facts else "(select null::text as patient_id)")
    query = statement(__package__, "patients").format(facts=facts, bytes=table_bytes(target))
    with target.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(query).fetchall()


def known_patient(target: Connection, patient_id: str) -> Patient:
    """Return the journal's row of a patient. Raises UsageError for one that it does not know."""
    return known_patients(target, [patient_id])[0]


def known_patients(target: Connection, patient_ids: Sequence[str]) -> list[Patient]:
    """Return the journal's rows of these patients, each once and in their order.

    Raises UsageError for one that it does not know, RefusedError without a journal.
    """
    journal.require(target)
    known = journal.patients(target, patient_ids)
    if unknown := [patient_id for patient_id in patient_ids if patient_id not in known]:
        raise UsageError(f"The journal does not know {', '.join(map(repr, unknown))}: see mediabase patient list.")
    return [known[patient_id] for patient_id in dict.fromkeys(patient_ids)]


def details(target: Connection, patient_id: str) -> Details:
    """Return what is known about a patient. Raises what `known_patient` raises."""
    known = known_patient(target, patient_id)
    size = statement(__package__, "schema_bytes").format(bytes=table_bytes(target))
    row = target.execute(size, {"schema_name": known.schema_name}).fetchone()
    metadata = None
    if known.built_at and not is_gone(target, known.schema_name):
        metadata = _row(target, sql.SQL("select * from {}").format(sql.Identifier(known.schema_name, "metadata")))
    verdict = "select is_passed, failures, notes, checked_at from migration.validation where patient_id = {}"
    validation = _row(target, sql.SQL(verdict).format(sql.Literal(patient_id)))
    return Details(known, int(str(row[0])) if row else 0, metadata, validation)


def _row(target: Connection, query: sql.Composed) -> dict[str, object] | None:
    with target.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchone()
