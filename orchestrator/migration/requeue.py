"""Patients under a core that gained or lost transcripts: which rows that concerns, and how they change places."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from orchestrator import journal
from orchestrator.errors import ExitCode, MediabaseError, PatientError
from orchestrator.journal import Patient
from orchestrator.migration.core import core_ids
from orchestrator.migration.parity import is_counted, is_gone, is_metadata_as_built, read_digest
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.statements import statement

CHANGED = "It was changed in v0.6.0 since it was built; nothing was moved (mediabase validate {})."
VERSIONED = "regexp_replace(beside.transcript_id, '^(ENST[0-9]+)[.][0-9]+$', '\\1')"
"""A legacy id is taken as it was written; that of a file may have a version."""
TABLES = ("expression_data", "quarantined_expression", "metadata")


@dataclass(frozen=True)
class Affected:
    """What the core as it is now makes of a patient's rows."""

    patient_id: str
    orphaned: int
    """Stored rows whose transcript the core has no more."""
    storable: int
    """Quarantined rows whose transcript the core has now."""


@dataclass(frozen=True)
class Requeued:
    """What became of one patient; counts are rows."""

    patient_id: str
    orphaned: int = 0
    """Moved to quarantine."""
    stored: int = 0
    """Moved out of quarantine."""
    others: int = 0
    """At 1.0 now, or in quarantine for their values."""
    problem: str = ""
    """Why nothing was moved; empty when that is done."""


def affected(target: Connection, patient_ids: Sequence[str] | None = None) -> list[Affected]:
    """Return the patients, of these or all, of whom rows would change places; reads only.

    Patients built for the core as it is are not looked at. Raises UsageError for one that the journal does not know.
    """
    found = []
    for patient in _of_other_cores(target, patient_ids):
        with target.transaction(force_rollback=True):  # which gives its locks back, within the caller's snapshot
            row = target.execute(_statement("affected", patient)).fetchone()
        orphaned, storable = (int(str(count)) for count in row or (0, 0))
        if orphaned or storable:
            found.append(Affected(patient.patient_id, orphaned, storable))
    return found


def requeue(
    target_dsn: str,
    patient_ids: Sequence[str] | None,
    begin: Callable[[int], None],
    report: Callable[[Requeued], None],
) -> list[Requeued]:
    """Put the rows of these patients, or of all, where the core as it is now wants them; each in one transaction.

    What was at baseline and has no transcript any more is not known row by row, and stays counted there. Raises
    LockedError, RefusedError without a journal, UsageError for a patient that it does not know.
    """
    with journal.locked(target_dsn) as target:
        journal.require(target)
        chosen = _of_other_cores(target, patient_ids)
        begin(len(chosen))
        run_id = journal.start_run(target, "requeue", {"patients": len(chosen)})
        done: list[Requeued] = []
        exit_code = ExitCode.INTERRUPTED
        try:
            for patient in chosen:
                done.append(_attempt(target, run_id, patient))
                report(done[-1])
            exit_code = ExitCode.FAILED if any(each.problem for each in done) else ExitCode.DONE
        finally:
            journal.finish_run(target, run_id, exit_code)
    return done


def _of_other_cores(target: Connection, patient_ids: Sequence[str] | None) -> list[Patient]:
    now = str(core_ids(target).fingerprint)
    return [
        each for each in journal.known_patients(target, patient_ids)
        if each.built_at and each.core_fingerprint != now and not is_gone(target, each.schema_name)
    ]  # fmt: skip


def _attempt(target: Connection, run_id: int, patient: Patient) -> Requeued:
    try:
        with target.transaction():
            done = _move(target, patient)
            journal.event(target, run_id, patient.patient_id, "requeued", orphaned=done.orphaned, stored=done.stored)
    except (MediabaseError, psycopg.Error) as error:
        code, problem = describe_failure(error)
        journal.event(target, run_id, patient.patient_id, "failed", code=code)
        return Requeued(patient.patient_id, problem=problem)
    return done


def _move(target: Connection, patient: Patient) -> Requeued:
    tables = sql.SQL(", ").join(sql.Identifier(patient.schema_name, name) for name in TABLES)
    target.execute(sql.SQL("lock table {} in share row exclusive mode").format(tables))
    if _is_changed(target, patient):
        raise PatientError("MB003", CHANGED.format(patient.patient_id))
    fingerprint = core_ids(target).fingerprint
    orphaned = target.execute(_statement("requeue_out", patient)).rowcount
    row = target.execute(_statement("requeue_in", patient), {"built_at": patient.built_at}).fetchone()
    known, stored = (int(str(count)) for count in row or (0, 0))
    before = int(str(patient.core_fingerprint).partition(":")[0])
    gained = {"gained": known - orphaned}
    target.execute(_statement("requeued_metadata", patient), gained)
    with target.cursor(row_factory=dict_row) as cursor:
        now = cursor.execute(_statement("requeued_now", patient)).fetchone() or {}
    values = {
        **gained, **now, "reasons": Jsonb(now["reasons"]), "digest": read_digest(target, patient.schema_name),
        "patient_id": patient.patient_id, "core_fingerprint": str(fingerprint),
        "core_growth": fingerprint.rows - before,
    }  # fmt: skip
    target.execute(statement(__package__, "requeued"), values)
    return Requeued(patient.patient_id, orphaned, stored, known - stored)


def _is_changed(target: Connection, patient: Patient) -> bool:
    return (
        read_digest(target, patient.schema_name) != patient.current_digest
        or not is_counted(target, patient)
        or not is_metadata_as_built(target, patient.patient_id)
    )


def _statement(name: str, patient: Patient) -> sql.Composed:
    schema = sql.Identifier(patient.schema_name)
    named = sql.SQL(VERSIONED if patient.is_imported else "beside.transcript_id")
    candidates = statement(__package__, "requeue_candidates").format(schema=schema, named=named)
    return statement(__package__, name).format(schema=schema, candidates=candidates)
