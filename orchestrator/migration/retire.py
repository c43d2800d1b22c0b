"""Retiring the core's cancer_transcript_base, which shows every patient at baseline to a query of v0.5.0."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from orchestrator import journal
from orchestrator.errors import MediabaseError, RefusedError
from orchestrator.legacy.databases import WIDE
from orchestrator.migration.core import BASELINE, check_version
from orchestrator.migration.findings import Finding
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

LEGACY, PUBLIC = "legacy", "public"
TABLE = "r"
TAKEN = (psycopg.errors.DuplicateTable, psycopg.errors.DuplicateObject)
"""The name of an index, say, or of the table's type is taken on the other side."""
PATIENCE = "3s"
"""How long the move waits for others, who wait behind it meanwhile."""
MESSAGES = {
    "view": ("It goes on reading the table, at baseline for every patient.",
             "Build it on a patient's cancer_transcript_base instead."),
    "bound function": ("It goes on reading the table, at baseline for every patient.",
                       "Build it on a patient's cancer_transcript_base instead."),
    "function": ("Its text names the table: it fails unless search_path leads to a patient's view.",
                 "Call it with search_path = patient_<id>, public; take `public.` out of its text."),
    "foreign key": ("It follows the table and goes on checking rows.", "Nothing, or drop it with what it is for."),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A relation: `oid` says which it is, `file` which rows it has."""

    oid: int
    kind: str
    file: int | None


@dataclass(frozen=True)
class Retirement:
    """Where the table is, whether it was moved just now, and what depends on a table that is retired."""

    schema: str
    is_moved: bool
    before: Place
    after: Place
    dependents: list[Finding]


def retire(target_dsn: str, *, undo: bool = False) -> Retirement:
    """Move the core's cancer_transcript_base to schema legacy, or back; nothing to do is no error.

    One transaction with its journal entry. Waits a few seconds for sessions that use the table, no longer. Raises
    LockedError, and RefusedError, with nothing written, when the table cannot be moved.
    """
    with journal.locked(target_dsn) as lock:
        return retire_locked(lock, undo=undo)


def retire_for(lock: Connection, run_id: int) -> bool:
    """Do what `retire` does, as a part of this run, where the core has such a table; return whether it was moved.

    `lock` is the session that holds the target's lock.
    """
    if _find(lock, PUBLIC) is None:
        return False
    return retire_locked(lock, run_id=run_id).is_moved


def retire_locked(lock: Connection, *, undo: bool = False, run_id: int | None = None) -> Retirement:
    """Do what `retire` does in the session that holds the target's lock, as a part of a run or as one of its own."""
    source, destination = (LEGACY, PUBLIC) if undo else (PUBLIC, LEGACY)
    with _explained(lock):
        if BASELINE not in check_version(lock) or not journal.exists(lock):
            raise RefusedError(f"{lock.info.dbname} is not upgraded yet: run mediabase core upgrade first.")
        here, there = _find(lock, source), _find(lock, destination)
        if here is None and there is not None and there.kind == TABLE:
            return Retirement(destination, False, there, there, [] if undo else _dependents(lock, there))
        before = _movable(source, destination, here, there)
        dependents = [] if undo else _dependents(lock, before)
        after = _move(lock, before, source, destination, run_id)
        return Retirement(destination, True, before, after, dependents)


def _find(connection: Connection, schema: str) -> Place | None:
    values = {"schema": schema, "table": WIDE}
    row = connection.execute(statement(__package__, "retire_relation"), values).fetchone()
    return Place(*row) if row else None  # type: ignore[arg-type]


def _movable(source: str, destination: str, here: Place | None, there: Place | None) -> Place:
    """Return what is to be moved; raises RefusedError when there is nothing, or no place for it."""
    if here is None:
        raise RefusedError(f"There is no table {source}.{WIDE}: nothing to move to schema {destination}.")
    if here.kind != TABLE:
        raise RefusedError(f"{source}.{WIDE} is not a plain table, so v0.5.0 did not make it: move it by hand.")
    if there is not None:
        raise RefusedError(f"{destination}.{WIDE} exists too: find out which of both is right, and rename the other.")
    return here


def _move(lock: Connection, before: Place, source: str, destination: str, part_of: int | None) -> Place:
    with lock.transaction():
        lock.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(PATIENCE)))
        if destination == LEGACY and lock.execute("select to_regnamespace(%s)", [LEGACY]).fetchone() == (None,):
            lock.execute(statement(__package__, "retire_schema"))
        run_id = part_of or journal.start_run(lock, "core retire-legacy-table", {"undo": destination == PUBLIC})
        journal.event(lock, run_id, None, "retired" if destination == LEGACY else "restored",
                      table=WIDE, oid=before.oid, file=before.file)  # fmt: skip
        if part_of is None:
            journal.finish_run(lock, run_id, 0)
        # Last, because from here on nobody can read the table until the end of the transaction.
        table = sql.Identifier(source, WIDE)
        lock.execute(sql.SQL("alter table {} set schema {}").format(table, sql.Identifier(destination)))
        after = _find(lock, destination)
        if after != before:
            raise MediabaseError(f"Undone: {WIDE} was replaced while it was about to be moved. Run again.")
    return after


@contextmanager
def _explained(lock: Connection) -> Iterator[None]:
    """Turn what keeps the table from being moved into a refusal; its transaction is undone by then."""
    info = lock.info
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        holders = lock.execute(
            statement(__package__, "retire_holders"), {"table": WIDE, "schemas": [PUBLIC, LEGACY]}
        ).fetchall()
        raise RefusedError(
            f"{WIDE} is in use, and {PATIENCE} were not enough: "
            + ("; ".join(str(holder) for (holder,) in holders) or "whoever it was has just ended")
            + ". End those sessions, or try again later."
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError(
            f"The role {info.user} may not move {WIDE} ({error.diag.message_primary}): it must own the table, and "
            f"needs CREATE on the database and on the schemas {PUBLIC} and {LEGACY}."
        ) from error
    except TAKEN as error:
        raise RefusedError(f"{WIDE} cannot be moved: {error.diag.message_primary}. Rename that one first.") from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise RefusedError(f"{info.dbname} takes no writes: it is a standby, or set to read only.") from error


def _dependents(connection: Connection, place: Place) -> list[Finding]:
    """Return what will go on reading the retired table, or will not find it any more."""
    with connection.transaction():
        connection.execute("set local search_path = pg_catalog")  # so that every name is shown with its schema
        rows = connection.execute(
            statement(__package__, "retire_dependents"), {"oid": place.oid, "table": WIDE}
        ).fetchall()
    return [Finding("dependents", "warn", f"{kind} {name}", *MESSAGES[str(kind)]) for kind, name in rows]
