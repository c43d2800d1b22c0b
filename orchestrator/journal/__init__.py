"""The journal: which runs there were, where each patient stands, and who works on the target now."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from orchestrator.errors import LockedError, RefusedError, UsageError
from orchestrator.invocation import INVOCATION
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.failures import MEANINGS
from orchestrator.postgres.statements import statement

NOT_VALID = "MB026"
"""Error code of a patient whose validation failed."""
FROM_FILE = "file"
"""What stands in place of a legacy server's identifier for patients that came as files."""
LOCK_KEY = 0x6D656469616261  # "mediaba"


@dataclass(frozen=True)
class Patient:
    """A patient's row in the journal; counts are rows, digests sha256 in hexadecimal."""

    patient_id: str
    schema_name: str
    source_database: str
    state: str
    run_id: int
    surface: str | None
    core_fingerprint: str | None
    legacy_system: str | None
    """Identifier of the server that it was moved from; FROM_FILE for a file."""
    taken_at: datetime | None
    is_valid: bool | None
    """Whether its data passed validation; None when it was not looked at since it was built."""
    archive: str | None
    """Folder of its latest archive."""
    archive_digest: str | None
    """Of that archive's manifest, which has the digests of its files and of all tables."""
    archived_at: datetime | None
    legacy_rows: int | None
    stored_rows: int | None
    baseline_rows: int | None
    quarantined_rows: int | None
    quarantine_reasons: dict[str, int] | None
    missing_rows: int | None
    legacy_digest: str | None
    current_digest: str | None
    error_code: str | None
    error_constraint: str | None
    error_message: str | None
    built_at: datetime | None
    published_at: datetime | None
    changed_at: datetime

    @property
    def is_imported(self) -> bool:
        """Tell whether it came as a file, and has no legacy database."""
        return self.legacy_system == FROM_FILE

    @property
    def problem(self) -> str:
        """Return what failed, as one sentence; empty when nothing did."""
        if self.error_message or not self.error_code:
            return self.error_message or ""
        constraint = f" ({self.error_constraint})" if self.error_constraint else ""
        meaning = f": {MEANINGS[self.error_code]}" if self.error_code in MEANINGS else ""
        return f"PostgreSQL error {self.error_code}{constraint}{meaning}."


@dataclass(frozen=True)
class Run:
    """A run's row in the journal."""

    run_id: int
    command: str
    operator: str
    host: str
    process_id: int
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None


def exists(connection: Connection) -> bool:
    """Tell whether the target has a journal."""
    return connection.execute("select to_regclass('migration.patient')").fetchone() != (None,)


def require(connection: Connection) -> None:
    """Raise RefusedError when the target has no journal."""
    if not exists(connection):
        raise RefusedError("This target has no journal yet: nothing was migrated (mediabase migrate --all).")


def patients(connection: Connection, patient_ids: Sequence[str] | None = None) -> dict[str, Patient]:
    """Return the journal's patients by id, all or the named ones."""
    with connection.cursor(row_factory=class_row(Patient)) as cursor:
        cursor.execute(statement(__package__, "patients"), {"patient_ids": patient_ids and list(patient_ids)})
        return {patient.patient_id: patient for patient in cursor.fetchall()}


def known_patients(connection: Connection, patient_ids: Sequence[str] | None) -> list[Patient]:
    """Return the named patients, or all; raise UsageError for one that the journal does not know."""
    known = patients(connection, patient_ids)
    if unknown := sorted(set(patient_ids or ()) - set(known)):
        raise UsageError(f"The journal does not know {', '.join(unknown)}: see mediabase status.")
    return list(known.values())


def patient_schemas(connection: Connection) -> list[str]:
    """Return the names of all schemas that hold rows of patients; none without a journal."""
    if not exists(connection):
        return []
    return [str(name) for (name,) in connection.execute(statement(__package__, "patient_schemas")).fetchall()]


def last_runs(connection: Connection, count: int) -> list[Run]:
    """Return the latest runs, the last first."""
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        cursor.execute(statement(__package__, "runs"), {"count": count})
        return cursor.fetchall()


def holder(connection: Connection) -> str | None:
    """Return who holds the target's lock and since when, or None."""
    row = connection.execute(statement(__package__, "holder"), {"key": LOCK_KEY}).fetchone()
    return str(row[0]) if row else None


def refuse_beside_a_run(target_dsn: str) -> None:
    """Raise LockedError while somebody works on the target: its journal and staging cannot be copied at rest."""
    with connect(target_dsn, autocommit=True) as target:
        if found := holder(target):
            raise LockedError(f"Another operator works on this target: {found}. Run again when that has ended.")


@contextmanager
def locked(target_dsn: str) -> Iterator[Connection]:
    """Hold the target's lock; yield the connection that holds it, in autocommit mode.

    It is a session lock on a direct connection of its own: it ends with this process, whatever ends it.
    Raises LockedError, with who holds it since when.
    """
    with connect(target_dsn, autocommit=True) as connection:
        if connection.execute("select pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone() != (True,):
            raise LockedError(f"Another operator works on this target: {holder(connection) or 'just finishing'}.")
        try:
            yield connection
        finally:
            with suppress(psycopg.Error):  # the lock of a connection that is lost, or busy, ends with its session
                # The server ends a closed session a moment later: who comes next would be refused.
                connection.execute("select pg_advisory_unlock(%s)", [LOCK_KEY])


def start_run(connection: Connection, command: str, options: dict[str, object]) -> int:
    """Record the start of a command, with the run id of its log lines; return the run's number."""
    values = {
        "command": command,
        "host": socket.gethostname(),
        "process_id": os.getpid(),
        "options": Jsonb({**options, "invocation": INVOCATION}),
    }
    row = connection.execute(statement(__package__, "start_run"), values).fetchone()
    assert row is not None  # noqa: S101  # insert returning
    return int(str(row[0]))


def finish_run(connection: Connection, run_id: int, exit_code: int) -> None:
    """Record that a command came to its end."""
    connection.execute(statement(__package__, "finish_run"), {"run_id": run_id, "exit_code": exit_code})


def refuse_taken_names(connection: Connection, databases: Sequence[LegacyDatabase], *, is_import: bool = False) -> None:
    """Raise RefusedError when a schema name belongs to another patient of the journal; both are named.

    Unless it `is_import`, which may replace what is there, also when a patient was built from something else.
    """
    wanted = {schema_name(database.patient_id): database for database in databases}
    rows = connection.execute(statement(__package__, "names"), {"schema_names": list(wanted)}).fetchall()
    found = [(wanted[str(name)], known, built_from) for name, known, built_from in rows]
    taken = [f"{known} and {each.patient_id}" for each, known, _ in found if each.patient_id != known]
    if taken:
        raise RefusedError(
            f"These patient ids lead to one schema name: {'; '.join(taken)} (the journal has the first). "
            "Call the second otherwise with `mediabase inventory --rename OLD=NEW`."
        )
    others = [f"{known} ({built_from}, now {each.name})" for each, known, built_from in found
              if built_from not in (None, each.name)]  # fmt: skip
    if others and not is_import:
        raise RefusedError(
            f"These patients came from elsewhere: {'; '.join(others)}. "
            "Call the new ones otherwise with `mediabase inventory --rename OLD=NEW`."
        )


def discover(connection: Connection, run_id: int, databases: Sequence[LegacyDatabase]) -> None:
    """Give every database's patient a row, and say that this run deals with it."""
    with connection.cursor() as cursor:
        cursor.executemany(
            statement(__package__, "discover"),
            [
                {
                    "patient_id": database.patient_id,
                    "schema_name": schema_name(database.patient_id),
                    "source_database": database.name,
                    "run_id": run_id,
                }
                for database in databases
            ],
        )


def invalidate(connection: Connection, patient_id: str, message: str) -> None:
    """Record that a patient's data did not pass its validation; see `fail`."""
    fail(connection, patient_id, NOT_VALID, message)
    connection.execute("update migration.patient set is_valid = false where patient_id = %s", [patient_id])


def fail(connection: Connection, patient_id: str, code: str, message: str) -> None:
    """Record that a patient failed; `message` is ours, and never holds a value of a patient."""
    values = {"patient_id": patient_id, "code": code, "message": message}
    connection.execute(statement(__package__, "fail"), values)


def validated(connection: Connection, patient_id: str) -> None:
    """Record that a patient passed its validation; one that was never published only once it is."""
    connection.execute(statement(__package__, "validated"), {"patient_id": patient_id, "not_valid": NOT_VALID})


def recover(connection: Connection, patient_id: str) -> None:
    """Record that a patient, whatever was tried since, was found as its last build had left it."""
    connection.execute(statement(__package__, "recover"), {"patient_id": patient_id})


def forget_unbuilt(connection: Connection, patient_ids: Sequence[str]) -> None:
    """Remove those of these patients that failed before anything was built, and their clinical facts."""
    connection.execute(statement(__package__, "forget"), {"patient_ids": list(patient_ids)})


def archived(connection: Connection, run_id: int, patient_id: str, folder: str, digest: str) -> None:
    """Record that a patient's legacy database was archived and the archive restored; `digest` is its manifest's."""
    values = {"patient_id": patient_id, "folder": folder, "digest": digest}
    with connection.transaction():
        connection.execute(statement(__package__, "archived"), values)
        event(connection, run_id, patient_id, "archived", folder=folder)


def dropped(connection: Connection, run_id: int, patient_id: str) -> None:
    """Record that a patient's legacy database was dropped."""
    with connection.transaction():
        connection.execute(
            "update migration.patient set state = 'dropped', changed_at = clock_timestamp() where patient_id = %s",
            [patient_id],
        )
        event(connection, run_id, patient_id, "dropped")


def event(connection: Connection, run_id: int, patient_id: str | None, name: str, **detail: object) -> None:
    """Record that something happened, to a patient or in the run; counts and seconds only, never values."""
    values = {"run_id": run_id, "patient_id": patient_id, "event": name, "detail": Jsonb(detail)}
    connection.execute(statement(__package__, "event"), values)
