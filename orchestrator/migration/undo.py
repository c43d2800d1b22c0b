"""The core upgrade undone: what it added is removed, and what was there stays as it is."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from orchestrator import journal
from orchestrator.access.roles import SHARED_ROLES, drop_role
from orchestrator.dbt.runner import project_folder
from orchestrator.errors import MediabaseError, RefusedError
from orchestrator.journal.access import access_records
from orchestrator.legacy.databases import WIDE
from orchestrator.migration.core_upgrade import VERSION_TABLE
from orchestrator.migration.retire import LEGACY, retire
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.statements import statement
from orchestrator.postgres.tables import TableDigest, digests, pin, tables

OURS = ("staging", "cohort", "migration", "access", LEGACY)
"""Schemas that v0.6.0 made; `legacy` goes only when it is empty."""
BY_UPGRADE = ("legacy_export", "legacy_expression", "patient_manifest", "patient_error", "patient", "run", "event",
              "rename", "validation", "legacy_access", "token", "audit")  # fmt: skip
"""Tables of upgrade.sql in the schemas that it makes."""
JOURNAL = ("migration.run", "migration.patient", "migration.event", "migration.rename", "migration.validation",
           "migration.legacy_access", "access.token", "access.audit")  # fmt: skip


@dataclass(frozen=True)
class Undone:
    """The core without v0.6.0: where its journal was written to, and every table of `public`."""

    journal: Path
    tables: list[TableDigest]
    notes: list[str]


def undo_upgrade(target_dsn: str, folder: Path, report: Callable[[TableDigest], None]) -> Undone:
    """Remove what the core upgrade added, and write the journal to a file in `folder` before.

    One transaction, in which every table is read before and after. Raises LockedError, RefusedError while a patient
    was not rolled back, and MediabaseError when a table would be another.
    """
    with journal.locked(target_dsn) as lock:
        journal.require(lock)
        _refuse_unfinished(lock)
    _restore_legacy_table(target_dsn)
    with journal.locked(target_dsn) as lock:
        _refuse_unfinished(lock)
        lock.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        present = [each for each in tables(lock) if each.name != VERSION_TABLE]
        with lock.transaction():
            pin(lock, present)
            before = digests(lock, present, lambda _: None)
            saved = _save_journal(lock, folder)
            notes = _remove(lock)
            after = digests(lock, present, report)
            if changed := [f"{each.schema}.{each.table}" for each in before if each not in after]:
                raise MediabaseError(f"Undone nothing: it would have changed {', '.join(changed)}.")
        lock.isolation_level = None
        notes += filter(None, [drop_role(lock, role) for role in SHARED_ROLES])
    return Undone(saved, after, notes)


def _refuse_unfinished(lock: Connection) -> None:
    """Raise RefusedError while something is left that only the journal knows, or that would go and is not ours."""
    if left := [each.patient_id for each in journal.patients(lock).values() if each.state != "rolled_back"]:
        raise RefusedError(f"These patients are still in v0.6.0: {', '.join(left)}. Roll them back first.")
    closed = [each.database_name for each in access_records(lock) if each.words not in ("open", "gone")]
    if closed:
        raise RefusedError(f"These legacy databases are locked or cut over: {', '.join(closed)}. See legacy unlock.")
    values = {"schemas": [schema for schema in OURS if schema != LEGACY], "ours": _our_relations()}
    rows = lock.execute(statement(__package__, "not_ours"), values).fetchall()
    if rows:
        names = ", ".join(str(name) for (name,) in rows)
        raise RefusedError(f"These are in schemas that would go, and are not of v0.6.0: {names}. Move them first.")


def _our_relations() -> list[str]:
    """Return the names of the tables and views that v0.6.0 makes outside patients' schemas."""
    made = [path.stem for kind in ("models/**/*.sql", "seeds/**/*.csv") for path in project_folder().glob(kind)]
    return [*made, *BY_UPGRADE]


def _restore_legacy_table(target_dsn: str) -> None:
    with connect(target_dsn, autocommit=True) as target:
        is_retired = target.execute("select to_regclass(%s)", [f"{LEGACY}.{WIDE}"]).fetchone() != (None,)
    if is_retired:
        retire(target_dsn, undo=True)


def _save_journal(lock: Connection, folder: Path) -> Path:
    """Write every row of the journal into a new file that only its owner may read; return its path."""
    held = {}
    for table in JOURNAL:
        if lock.execute("select to_regclass(%s)", [table]).fetchone() == (None,):
            continue  # the core was upgraded by a release that had no such table
        query = sql.SQL("select to_jsonb(journal) from {} as journal").format(sql.Identifier(*table.split(".")))
        held[table.partition(".")[2]] = [row for (row,) in lock.execute(query).fetchall()]
    path = folder / f"journal-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
    path.touch(0o600, exist_ok=False)
    with path.open("w", encoding="utf-8") as file:
        json.dump(held, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return path


def _remove(lock: Connection) -> list[str]:
    notes = []
    for schema in OURS:
        if lock.execute("select to_regnamespace(%s)", [schema]).fetchone() == (None,):
            continue
        if names := lock.execute(statement(__package__, "dependents"), {"schema": schema}).fetchall():
            needed_by = ", ".join(str(name) for (name,) in names)
            raise RefusedError(f"These need schema {schema}: {needed_by}. Drop them first.")
        if schema != LEGACY:
            lock.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        elif lock.execute("select from pg_class where relnamespace = 'legacy'::regnamespace").fetchone() is None:
            lock.execute("drop schema legacy")
        else:
            notes.append("Schema legacy stays: it is not empty.")
    lock.execute(statement(__package__, "forget_version"))
    return notes
