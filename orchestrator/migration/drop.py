"""Dropping legacy databases whose patients were moved, validated and archived: one at a time, proven just before."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from weakref import WeakSet

import psycopg
from psycopg import sql

from orchestrator import journal
from orchestrator.backup.archive import manifest_digest
from orchestrator.backup.contents import difference, pinned
from orchestrator.backup.cores import needed_core
from orchestrator.backup.manifest import Manifest, read_manifest
from orchestrator.backup.verify import check_files
from orchestrator.errors import ExitCode, MediabaseError, RefusedError
from orchestrator.journal import Patient
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration.core import core_ids
from orchestrator.migration.parity import is_gone, read_digest
from orchestrator.migration.source import identify
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.statements import statement
from orchestrator.wording import some

INTENT, DROPPED, REFUSED = "drop intended", "dropped", "drop refused"
"""Events of a drop."""
ASIDE = "mediabase_dropping_"
"""What the name of a database begins with, before its oid, while it is looked at for the last time."""
SHOWN_SESSIONS = 5


@dataclass(frozen=True)
class Dropped:
    """What became of one patient's legacy database."""

    patient_id: str
    database: str
    result: Literal["dropped", "would be dropped", "refused"]
    message: str = ""
    freed_bytes: int = 0


@dataclass(frozen=True)
class LegacyServer:
    """The server with the legacy databases: a connection in autocommit mode to none of them, and its identifier."""

    connection: Connection
    system: str
    dsn: str = field(repr=False)


def drop_legacy(
    where: Servers, patient_ids: Sequence[str] | None, report: Callable[[Dropped], None], *, is_sure: bool
) -> list[Dropped]:
    """Drop the legacy databases of archived patients, or of all that are; return what became of each.

    Unless `is_sure`, nothing is dropped, and what could be is said from the journal and the archives' files. Raises
    LockedError, and RefusedError without a journal or for a patient that it does not know.
    """
    with journal.locked(where.target) as lock, legacy_server(where.legacy) as server:
        journal.require(lock)
        known = journal.patients(lock, patient_ids)
        if missing := sorted(set(patient_ids or ()) - set(known)):
            raise RefusedError(f"The journal does not know {', '.join(missing)}: it was not moved.")
        wanted = [each for each in known.values()
                  if patient_ids or (each.archive and each.state not in ("dropped", "rolled_back"))]  # fmt: skip
        if not is_sure:
            return [_plan(server, each) for each in wanted]
        run_id = journal.start_run(lock, "drop-legacy", {"patients": len(wanted)})
        done: list[Dropped] = []
        exit_code = ExitCode.INTERRUPTED
        try:
            for each in wanted:
                done.append(drop_one(lock, run_id, server, each))
                report(done[-1])
            is_refused = any(each.result == "refused" for each in done)
            exit_code = ExitCode.FAILED if is_refused else ExitCode.DONE
        finally:
            journal.finish_run(lock, run_id, exit_code)
    return done


def drop_one(lock: Connection, run_id: int, server: LegacyServer, patient: Patient) -> Dropped:
    """Drop one patient's legacy database, within a run that holds the lock; or say why not.

    The database is renamed first, which takes that nobody is in it and lets nobody in. Then it is read once more, and
    dropped if it is what was archived and moved; otherwise it gets its name back.
    """
    try:
        return _drop(lock, run_id, server, patient)
    except (MediabaseError, OSError, psycopg.Error) as error:
        reason = f"{error.filename}: {error.strerror}." if isinstance(error, OSError) else describe_failure(error)[1]
        if not server.connection.broken:  # of a drop whose answer never came nobody knows: the next run looks
            journal.event(lock, run_id, patient.patient_id, REFUSED, reason=reason)
        return Dropped(patient.patient_id, patient.source_database, "refused", reason)


@contextmanager
def legacy_server(dsn: str) -> Iterator[LegacyServer]:
    """Yield the legacy server."""
    with connect(dsn, autocommit=True) as connection:
        row = connection.execute("select system_identifier::text from pg_control_system()").fetchone()
        assert row is not None  # noqa: S101  # a function has one row
        yield LegacyServer(connection, str(row[0]), dsn)


def oid_of(server: LegacyServer, name: str) -> int | None:
    """Return the oid of a database; None when there is none of that name."""
    row = server.connection.execute("select oid::bigint from pg_database where datname = %s", [name]).fetchone()
    return int(str(row[0])) if row else None


def set_aside(lock: Connection, server: LegacyServer, patient_id: str) -> str | None:
    """Return the name of a patient's database that a drop before this one renamed; None when there is none."""
    name, _ = _intent(lock, server, patient_id)
    return name if name and oid_of(server, name) is not None else None


def _intent(lock: Connection, server: LegacyServer, patient_id: str) -> tuple[str | None, bool]:
    """Return what the latest drop of a patient called its database, and whether that drop had no end."""
    values = {"patient_id": patient_id, "intent": INTENT, "ends": [DROPPED, REFUSED], "system": server.system}
    row = lock.execute(statement(__package__, "last_intent"), values).fetchone()
    return (str(row[0]), bool(row[1])) if row else (None, False)


def rename(server: LegacyServer, name: str, new_name: str) -> None:
    """Rename a database. Raises MediabaseError while anybody is in it, and names them."""
    command = sql.SQL("alter database {} rename to {}").format(sql.Identifier(name), sql.Identifier(new_name))
    try:
        server.connection.execute(command)
    except psycopg.errors.ObjectInUse as error:
        rows = server.connection.execute(statement(__package__, "sessions"), {"name": name}).fetchall()
        who = some([str(session) for (session,) in rows], SHOWN_SESSIONS) or "somebody who left just now"
        raise MediabaseError(f"Database {name} is in use by {who}: run again when they have left.") from error


def _plan(server: LegacyServer, patient: Patient) -> Dropped:
    try:
        _archive(server, patient)
    except (MediabaseError, OSError) as error:
        return Dropped(patient.patient_id, patient.source_database, "refused", str(error))
    return Dropped(patient.patient_id, patient.source_database, "would be dropped")


def _drop(lock: Connection, run_id: int, server: LegacyServer, patient: Patient) -> Dropped:
    name, patient_id = patient.source_database, patient.patient_id
    if patient.state == "dropped":
        raise MediabaseError("It was dropped before.")
    manifest = _archive(server, patient)
    _refuse_other_data(lock, patient)
    aside, oid = set_aside(lock, server, patient_id), oid_of(server, name)
    if aside and oid:
        raise MediabaseError(f"{aside} is what an interrupted drop left of it, and {name} is there again: drop one.")
    if aside is None and oid is None:
        return _gone(lock, run_id, server, patient)
    if aside is None:
        aside = f"{ASIDE}{oid}"
        journal.event(lock, run_id, patient_id, INTENT, database=name, aside=aside, system=server.system)
        rename(server, name, aside)
    try:
        _prove(lock, server, patient, manifest, aside)
        (size_bytes,) = server.connection.execute("select pg_database_size(%s)", [aside]).fetchone() or (0,)
        server.connection.execute(sql.SQL("drop database {}").format(sql.Identifier(aside)))
    except BaseException as error:
        try:
            if oid_of(server, aside):
                rename(server, aside, name)
        except (MediabaseError, psycopg.Error):
            raise MediabaseError(f"{name} is called {aside} until this is run again; {error}") from error
        raise
    journal.dropped(lock, run_id, patient_id)
    return Dropped(patient_id, name, "dropped", freed_bytes=int(str(size_bytes)))


def _archive(server: LegacyServer, patient: Patient) -> Manifest:
    """Return the manifest of a patient's archive; raise MediabaseError unless its files allow the drop."""
    if not patient.archive or patient.state != "archived":
        raise MediabaseError(f"It is {patient.state}, not archived: mediabase archive {patient.patient_id}.")
    if patient.is_valid is not True:
        raise MediabaseError(f"It is not validated: mediabase validate {patient.patient_id}.")
    if patient.legacy_system != server.system:
        raise MediabaseError("It was moved from another server: check MEDIABASE_LEGACY_DSN.")
    folder = Path(patient.archive)
    manifest = read_manifest(folder)
    if manifest_digest(folder) != patient.archive_digest:
        raise MediabaseError(f"{folder} is not the archive that was made: its manifest is another.")
    check_files(folder, manifest)
    if manifest.thin:
        needed_core(folder.parent.parent, manifest)
    return manifest


def _refuse_other_data(lock: Connection, patient: Patient) -> None:
    """Raise MediabaseError unless v0.6.0 has, at this moment, what was moved."""
    is_there = not is_gone(lock, patient.schema_name)
    if not is_there or read_digest(lock, patient.schema_name) != patient.current_digest:
        raise MediabaseError(
            f"Its data in v0.6.0 is {'not what was moved' if is_there else 'gone'}, so that its legacy database is "
            f"needed: see mediabase parity {patient.patient_id}."
        )


def _prove(lock: Connection, server: LegacyServer, patient: Patient, manifest: Manifest, aside: str) -> None:
    """Raise MediabaseError unless a legacy database is, at this moment, what was archived and what was moved."""
    with pinned(server.dsn, aside, WeakSet()) as legacy:
        differs = difference(manifest.contents, legacy.contents(lambda: None))
        if not differs and legacy.definitions() != manifest.definitions:
            differs = "other definitions, sequences or large objects"
    if differs:
        raise MediabaseError(
            f"It changed since it was archived ({differs}): migrate it again, and then archive it again."
        )
    database = LegacyDatabase(aside, patient.patient_id)
    if identify(server.dsn, database, core_ids(lock), patient.surface).digest != patient.legacy_digest:
        raise MediabaseError("It changed since it was moved: migrate it again, and then archive it again.")


def _gone(lock: Connection, run_id: int, server: LegacyServer, patient: Patient) -> Dropped:
    """Record a drop that was done, when the process ended before it could say so."""
    if not _intent(lock, server, patient.patient_id)[1]:
        raise MediabaseError(f"There is no {patient.source_database} on that server, and it was not dropped from here.")
    journal.dropped(lock, run_id, patient.patient_id)
    return Dropped(patient.patient_id, patient.source_database, "dropped", "It was gone already.")
