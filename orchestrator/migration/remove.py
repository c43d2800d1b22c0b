"""Patients removed, with everything of them kept in a folder, and brought back from there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from orchestrator import journal
from orchestrator.access.roles import drop_role
from orchestrator.errors import ExitCode, MediabaseError, UsageError
from orchestrator.journal import Patient
from orchestrator.journal.made import custom_objects
from orchestrator.migration.parity import is_gone, read_digest
from orchestrator.migration.removed import keep
from orchestrator.migration.rollback import (
    FOLD_CHANGES,
    METADATA,
    PATIENCE_SECONDS,
    PATIENT_TABLES,
    SHOWN_DEPENDENTS,
    changes_of,
    refuse_dependents,
    take_away,
)
from orchestrator.patient_id import reader_role
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.failures import describe_failure
from orchestrator.wording import some


@dataclass(frozen=True)
class Removal:
    """What became of one patient."""

    patient_id: str
    rows: int = 0
    """Stored and quarantined."""
    folder: Path | None = None
    """Where everything of it is; None when nothing was removed."""
    message: str = ""


def remove(
    target_dsn: str,
    patient_ids: Sequence[str],
    place: Path,
    report: Callable[[Removal], None],
    *,
    is_sure: bool,
) -> list[Removal]:
    """Remove patients, each after what was kept of it under `place` was read again; only look unless `is_sure`.

    Legacy databases are not touched. Raises LockedError, RefusedError without a journal, and UsageError for a patient
    that is not there.
    """
    with journal.locked(target_dsn) as lock:
        journal.require(lock)
        known = journal.patients(lock, patient_ids)
        absent = [each for each in patient_ids if each not in known or known[each].built_at is None]
        if absent:
            raise UsageError(f"There is no patient {', '.join(absent)} in v0.6.0: see mediabase status.")
        if not is_sure:
            return [_plan(lock, known[each]) for each in patient_ids]
        run_id = journal.start_run(lock, "remove", {"patients": len(known)})
        done: list[Removal] = []
        exit_code = ExitCode.INTERRUPTED
        try:
            for patient_id in patient_ids:
                done.append(_attempt(lock, run_id, known[patient_id], place))
                report(done[-1])
            exit_code = ExitCode.DONE if all(each.folder for each in done) else ExitCode.FAILED
        finally:
            journal.finish_run(lock, run_id, exit_code)
    return done


def _rows(patient: Patient) -> int:
    return (patient.stored_rows or 0) + (patient.quarantined_rows or 0)


def _plan(lock: Connection, patient: Patient) -> Removal:
    try:
        _refuse(lock, patient)
    except MediabaseError as error:
        return Removal(patient.patient_id, _rows(patient), message=str(error))
    return Removal(patient.patient_id, _rows(patient))


def _refuse(lock: Connection, patient: Patient) -> None:
    if is_gone(lock, patient.schema_name):
        raise MediabaseError("Somebody has dropped its schema: there is nothing to keep.")
    # Values are kept as they are now; what is there besides would be lost.
    others = [each for each in changes_of(lock, patient) if each not in (FOLD_CHANGES, METADATA)]
    others += [each.name for each in custom_objects(lock, patient.patient_id, patient.schema_name) if each.source]
    if others:
        raise MediabaseError(
            f"It has more than was built ({some(others, SHOWN_DEPENDENTS)}), which would be lost: move that first."
        )
    refuse_dependents(lock, patient)


def _attempt(lock: Connection, run_id: int, patient: Patient, place: Path) -> Removal:
    try:
        _refuse(lock, patient)
        with lock.transaction():
            lock.execute(f"set local lock_timeout = '{PATIENCE_SECONDS}s'".encode())
            tables = [sql.Identifier(patient.schema_name, table) for table in PATIENT_TABLES]
            lock.execute(sql.SQL("lock table {} in share row exclusive mode").format(sql.SQL(", ").join(tables)))
            folder = keep(lock, patient, place, read_digest(lock, patient.schema_name))
            take_away(lock, run_id, patient, "removed", folder=str(folder))
        note = drop_role(lock, reader_role(patient.patient_id))
    except (MediabaseError, OSError, psycopg.Error) as error:
        reason = f"{error.filename}: {error.strerror}." if isinstance(error, OSError) else describe_failure(error)[1]
        journal.event(lock, run_id, patient.patient_id, "remove failed", reason=reason)
        return Removal(patient.patient_id, message=reason)
    return Removal(patient.patient_id, _rows(patient), folder, note)
