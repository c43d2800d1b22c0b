"""The upgrade of the core on its own, with the proof that it only adds."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from orchestrator import journal
from orchestrator.access.roles import let_in_published
from orchestrator.errors import MediabaseError
from orchestrator.migration import core
from orchestrator.migration.versions import Version, history
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.tables import TableDigest, digests, pin, tables

VERSION_TABLE = "schema_versions"


@dataclass(frozen=True)
class CoreState:
    """What a core holds: its recorded versions, and every table by name."""

    versions: list[Version]
    tables: dict[str, TableDigest]


@dataclass(frozen=True)
class CoreUpgrade:
    """An upgrade: whether anything was new, and the core before and after."""

    is_new: bool
    before: CoreState
    after: CoreState


def upgrade_core(target_dsn: str, begin: Callable[[int], None], report: Callable[[TableDigest], None]) -> CoreUpgrade:
    """Upgrade the core as `core.upgrade` does, and compare every table before and after.

    Everything is one transaction with one snapshot: what others write meanwhile is in neither state, and a core whose
    tables the upgrade would change (by a trigger, say) stays as it was. `begin` is told how many tables will be read,
    `report` what each holds. Raises LockedError, RefusedError, and MediabaseError for a core that would be changed.
    """
    with journal.locked(target_dsn) as lock:
        lock.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        present = tables(lock)
        with lock.transaction():
            pin(lock, present)
            with lock.transaction():  # a missing right is found now rather than after the first reading of all tables
                core.add(lock)
                begin(len(present) + len(tables(lock)))
                raise psycopg.Rollback
            before = _state(lock, report)
            is_new = core.add(lock)
            # What deferred triggers do must be seen by the second reading.
            lock.execute("set constraints all immediate")
            after = _state(lock, report)
            changed = differences(before, after, is_new)
            if changed:
                raise MediabaseError(
                    f"Undone: the upgrade would have changed {', '.join(changed)}. "
                    "Look for triggers and rules of this core, and upgrade again."
                )
            if is_new:
                _record(lock, after)
        let_in_published(lock)
    return CoreUpgrade(is_new, before, after)


def differences(before: CoreState, after: CoreState, is_new: bool) -> list[str]:
    """Return the names of the tables that changed; schema_versions may gain the row of this upgrade, nothing else."""
    names = sorted((before.tables.keys() | after.tables.keys()) - {VERSION_TABLE})
    changed = [name for name in names if before.tables.get(name) != after.tables.get(name)]
    gained = [recorded.version for recorded in after.versions if recorded not in before.versions]
    rows = after.tables[VERSION_TABLE].rows - (
        before.tables[VERSION_TABLE].rows if VERSION_TABLE in before.tables else 0
    )
    expected = [core.BASELINE] if is_new else []
    is_lost = any(recorded not in after.versions for recorded in before.versions)
    return [*changed, VERSION_TABLE] if is_lost or gained != expected or rows != len(expected) else changed


def _state(connection: Connection, report: Callable[[TableDigest], None]) -> CoreState:
    found = digests(connection, tables(connection), report)
    return CoreState(history(connection), {table.table: table for table in found})


def _record(connection: Connection, after: CoreState) -> None:
    run_id = journal.start_run(connection, "core upgrade", {})
    held = {table.table: {"rows": table.rows, "digest": table.digest} for table in after.tables.values()}
    journal.event(connection, run_id, None, "core_upgraded", tables=held)
    journal.finish_run(connection, run_id, 0)
