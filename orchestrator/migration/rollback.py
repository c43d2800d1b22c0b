"""Rollback: a patient is as it was before it was moved, its legacy database back and nothing of it in v0.6.0."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal
from weakref import WeakSet

import psycopg
from psycopg import sql

from orchestrator import journal
from orchestrator.access.roles import drop_role
from orchestrator.backup.archive import manifest_digest
from orchestrator.backup.backup import Place
from orchestrator.backup.bring_back import bring_back, shared_cores
from orchestrator.backup.contents import difference, pinned
from orchestrator.backup.manifest import Manifest, read_manifest
from orchestrator.errors import ExitCode, MediabaseError, RefusedError
from orchestrator.journal import Patient
from orchestrator.journal.access import restored_access
from orchestrator.journal.made import custom_objects
from orchestrator.legacy.access import operator
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration.core import core_ids
from orchestrator.migration.drop import LegacyServer, legacy_server, oid_of, rename, set_aside
from orchestrator.migration.export import clear
from orchestrator.migration.legacy_access import NOTHING_TO_UNDO, Site, unlock_one
from orchestrator.migration.parity import is_gone, is_metadata_as_built, read_digest
from orchestrator.migration.source import identify
from orchestrator.patient_id import reader_role
from orchestrator.postgres.connection import Connection, Servers
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.statements import statement
from orchestrator.wording import some

Legacy = Literal["never dropped", "restored", "none"]
PATIENT_TABLES = ("expression_data", "quarantined_expression", "metadata")
PATIENT_RELATIONS = [*PATIENT_TABLES, "cancer_transcript_base"]
"""What a patient's schema holds when it was built."""
SHOWN_DEPENDENTS = 5
FOLD_CHANGES, METADATA = "fold changes", "metadata"
"""What `changes_of` calls values that were changed."""
PATIENCE_SECONDS = 30
"""How long to wait for those who read a patient's schema."""
Restored = Callable[[Path, Manifest], str]
"""Restores an archive on the legacy server; see `bring_back`."""


@dataclass(frozen=True)
class RolledBack:
    """What became of one patient."""

    patient_id: str
    database: str
    result: Literal["rolled back", "unchanged", "failed"]
    legacy: Legacy | None = None
    """How the legacy database came to be there; None after a failure."""
    message: str = ""
    restore_seconds: float = 0.0
    """What it took to restore the legacy database, with the core that a thin archive needs, and to compare it."""


def roll_back(
    where: Servers,
    patient_ids: Sequence[str] | None,
    place: Place,
    begin: Callable[[int], None],
    report: Callable[[RolledBack], None],
    *,
    discard: bool,
) -> list[RolledBack]:
    """Roll back patients, or all; return what became of each.

    A patient whose data was changed in v0.6.0, or whose legacy database has other values, is only rolled back when
    `discard`; one of which nothing would be left only if it is named, too. Raises LockedError, and RefusedError without
    a journal or for a patient that it does not know.
    """
    with (
        journal.locked(where.target) as lock,
        legacy_server(where.legacy) as server,
        shared_cores(place.home) as cores_for,
    ):
        may_lose = discard and patient_ids is not None
        restored = partial(bring_back, server.dsn, pg_bin=place.pg_bin, cores_for=cores_for)
        journal.require(lock)
        known = journal.patients(lock, patient_ids)
        if missing := sorted(set(patient_ids or ()) - set(known)):
            raise RefusedError(f"The journal does not know {', '.join(missing)}: it was not moved.")
        begin(len(known))
        run_id = journal.start_run(lock, "rollback", {"patients": len(known)})
        done: list[RolledBack] = []
        exit_code = ExitCode.INTERRUPTED
        try:
            for each in known.values():
                done.append(_attempt(lock, run_id, server, each, restored, discard=discard, may_lose=may_lose))
                report(done[-1])
            exit_code = ExitCode.FAILED if any(each.result == "failed" for each in done) else ExitCode.DONE
        finally:
            journal.finish_run(lock, run_id, exit_code)
    return done


def _attempt(
    lock: Connection,
    run_id: int,
    server: LegacyServer,
    patient: Patient,
    restored: Restored,
    *,
    discard: bool,
    may_lose: bool,
) -> RolledBack:
    if patient.state == "rolled_back":
        return RolledBack(
            patient.patient_id, patient.source_database, "unchanged", message="It was rolled back before."
        )
    try:
        if not discard:
            _refuse_changed(lock, patient)
        refuse_dependents(lock, patient)
        started = time.monotonic()
        legacy, note = _bring_back(lock, server, patient, restored, may_lose=may_lose)
        restore_seconds = round(time.monotonic() - started, 2) if legacy == "restored" else 0.0
        if legacy != "none" and not discard:
            _refuse_other_legacy(lock, server, patient)
        opened = _open(lock, run_id, server, patient, is_restored=legacy == "restored")
        _take_away(lock, run_id, patient, discard=discard)
        note = " ".join(filter(None, [note, opened, drop_role(lock, reader_role(patient.patient_id))]))
    except (MediabaseError, OSError, psycopg.Error) as error:
        reason = f"{error.filename}: {error.strerror}." if isinstance(error, OSError) else describe_failure(error)[1]
        journal.event(lock, run_id, patient.patient_id, "rollback failed", reason=reason)
        return RolledBack(patient.patient_id, patient.source_database, "failed", message=reason)
    return RolledBack(patient.patient_id, patient.source_database, "rolled back", legacy, note, restore_seconds)


def _refuse_changed(lock: Connection, patient: Patient) -> None:
    """Raise MediabaseError when a patient's data is not what was built, because going back would lose that."""
    if changes := changes_of(lock, patient):
        raise MediabaseError(
            f"It was changed in v0.6.0 since it was moved ({some(changes, SHOWN_DEPENDENTS)}), and its legacy database "
            "does not have that: pass --discard to lose it."
        )


def changes_of(lock: Connection, patient: Patient) -> list[str]:
    """Return what a patient's schema has that its last build did not make, by name; fold changes come first."""
    if patient.built_at is None or is_gone(lock, patient.schema_name):
        return []
    # Custom objects of the legacy database, as they were made, are there once they are gone here.
    made = [each.oid for each in custom_objects(lock, patient.patient_id, patient.schema_name) if each.source]
    values = {"patient_id": patient.patient_id, "schema": patient.schema_name, "ours": PATIENT_RELATIONS, "made": made}
    query = statement(__package__, "changes").format(schema=sql.Identifier(patient.schema_name))
    changes = [str(change) for (change,) in lock.execute(query, values).fetchall()]
    if not is_metadata_as_built(lock, patient.patient_id):
        changes.insert(0, METADATA)
    if patient.current_digest and read_digest(lock, patient.schema_name) != patient.current_digest:
        changes.insert(0, FOLD_CHANGES)
    return changes


def _refuse_other_legacy(lock: Connection, server: LegacyServer, patient: Patient) -> None:
    """Raise MediabaseError unless the legacy database has what v0.6.0 was made from: nothing else would be left."""
    if patient.legacy_digest is None:
        return
    database = LegacyDatabase(patient.source_database, patient.patient_id)
    found = identify(server.dsn, database, core_ids(lock), patient.surface)
    if found.digest != patient.legacy_digest:
        raise MediabaseError(
            "Its legacy database does not have the values that were moved (mediabase parity shows which differ): "
            "pass --discard to go back to what that has now."
        )


def refuse_dependents(lock: Connection, patient: Patient) -> None:
    """Raise MediabaseError when something outside a patient's schema would go with it."""
    rows = lock.execute(statement(__package__, "dependents"), {"schema": patient.schema_name}).fetchall()
    if rows:
        names = some([str(name) for (name,) in rows], SHOWN_DEPENDENTS)
        raise MediabaseError(f"These read its schema, and would go with it: {names}. Drop them first.")


def _bring_back(
    lock: Connection, server: LegacyServer, patient: Patient, restored: Restored, *, may_lose: bool
) -> tuple[Legacy, str]:
    """See that the legacy database is there; return whether it had to be restored, and what is to be noted."""
    if patient.is_imported:
        raise MediabaseError("It was imported from a file, and has no legacy database to go back to.")
    if patient.legacy_system and patient.legacy_system != server.system:
        raise MediabaseError("It was moved from another server: check MEDIABASE_LEGACY_DSN.")
    name, aside = patient.source_database, set_aside(lock, server, patient.patient_id)
    if oid_of(server, name):
        return "never dropped", _compare(server, patient)
    if aside:
        rename(server, aside, name)
        return "never dropped", _compare(server, patient)
    if patient.archive is None and may_lose:
        return "none", "It had no legacy database, and nothing is left of it."
    if patient.archive is None:
        raise MediabaseError(
            f"There is no {name} on that server, and no archive of it, so that nothing would be left: name the patient "
            "and pass --discard if that is wanted."
        )
    folder = Path(patient.archive)
    manifest = read_manifest(folder)
    if manifest_digest(folder) != patient.archive_digest:
        raise MediabaseError(f"{folder} is not the archive that was made: its manifest is another.")
    return "restored", restored(folder, manifest)


def _open(lock: Connection, run_id: int, server: LegacyServer, patient: Patient, *, is_restored: bool) -> str:
    """Undo the lock and the cut-over of a legacy database; return what is to be noted."""
    oid = oid_of(server, patient.source_database)
    if oid is None:
        return ""
    if is_restored:
        restored_access(lock, server.system, patient.source_database, oid)
    site = Site(lock, server.connection, operator(server.connection), run_id)
    done = unlock_one(site, LegacyDatabase(patient.source_database, patient.patient_id))
    if done.result == "failed":
        raise MediabaseError(f"Its legacy database cannot be opened again: {done.message}")
    return "" if done.message == NOTHING_TO_UNDO else done.message


def _compare(server: LegacyServer, patient: Patient) -> str:
    """Return how a legacy database differs from its archive; empty when it does not, or has none."""
    if patient.archive is None:
        return ""
    try:
        archived = read_manifest(Path(patient.archive)).contents
    except MediabaseError as error:
        return str(error)
    with pinned(server.dsn, patient.source_database, WeakSet()) as legacy:
        differs = difference(archived, legacy.contents(lambda: None))
    return f"Its legacy database changed since it was archived: {differs}." if differs else ""


def _take_away(lock: Connection, run_id: int, patient: Patient, *, discard: bool) -> None:
    """Remove everything of a patient from the target, in one transaction with its row in the journal."""
    with lock.transaction():
        lock.execute(f"set local lock_timeout = '{PATIENCE_SECONDS}s'".encode())
        if not (discard or is_gone(lock, patient.schema_name)):
            # To bring the legacy database back may have taken hours, and others work meanwhile.
            tables = [sql.Identifier(patient.schema_name, table) for table in PATIENT_TABLES]
            lock.execute(sql.SQL("lock table {} in exclusive mode").format(sql.SQL(", ").join(tables)))
            _refuse_changed(lock, patient)
        take_away(lock, run_id, patient, "rolled back")


def take_away(lock: Connection, run_id: int, patient: Patient, event: str, **detail: object) -> None:
    """Remove everything of a patient from the target, in the caller's transaction with its row in the journal."""
    for schema in (patient.schema_name, f"audit_{patient.schema_name}"):
        lock.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
    clear(lock, [patient.patient_id])
    for place in lock.execute(statement(__package__, "tables_of_patients")).fetchall():
        table = sql.Identifier(*map(str, place))
        lock.execute(sql.SQL("delete from {} where patient_id = %s").format(table), [patient.patient_id])
    lock.execute(statement(__package__, "rolled_back"), {"patient_id": patient.patient_id})
    journal.event(lock, run_id, patient.patient_id, event, **detail)
