"""What patients are called: as their legacy databases say, unless the journal knows another name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import psycopg

from orchestrator import journal
from orchestrator.errors import ExitCode, RefusedError, UsageError
from orchestrator.legacy.databases import LegacyDatabase, discover
from orchestrator.migration import core
from orchestrator.patient_id import check, collisions, is_supported
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.statements import statement

D = TypeVar("D", bound=LegacyDatabase)


def legacy_databases(servers: Servers) -> list[LegacyDatabase]:
    """Return every legacy database, by name, each with what its patient is called in v0.6.0."""
    return in_v060(servers.target, discover(servers.legacy))


def in_v060(target_dsn: str, found: Sequence[D]) -> list[D]:
    """Return these databases with what the journal of the target calls their patients.

    Raises RefusedError when the journal may not be read.
    """
    with connect(target_dsn, autocommit=True) as target:
        return _renamed(found, _renames(target))


def _renames(target: Connection) -> dict[str, str]:
    """Return the new names by what the legacy databases say; raises RefusedError when they may not be read."""
    try:
        if target.execute("select to_regclass('migration.rename')").fetchone() == (None,):
            return {}
        return {str(old): str(new) for old, new in target.execute(statement(__package__, "renames")).fetchall()}
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError(
            f"The role {target.info.user} may not read the journal of {target.info.dbname}: "
            "grant it USAGE on schema migration and SELECT on its tables."
        ) from error


def _renamed(found: Sequence[D], renames: Mapping[str, str]) -> list[D]:
    return [replace(database, patient_id=renames.get(database.legacy_id, database.legacy_id)) for database in found]


def rename(servers: Servers, pairs: Sequence[tuple[str, str]]) -> None:
    """Record what patients are called in v0.6.0, by what their legacy databases call them; all of them or none.

    Brings the core to v0.6.0 where that was not done. Raises UsageError for a name that cannot be, RefusedError
    for one that is taken or a patient that was moved already, LockedError while another operator is at work.
    """
    found = {database.legacy_id: database for database in discover(servers.legacy)}
    for old, new in pairs:
        check(new)
        if old not in found:
            raise UsageError(f"No legacy database is called after a patient {old!r}: see `mediabase inventory`.")
    with journal.locked(servers.target) as target:
        before = _renames(target)
        former = {old: before.get(old, old) for old, new in pairs if before.get(old, old) != new}
        _refuse_moved(target, list(former.values()))
        _refuse_taken(_renamed(list(found.values()), before | dict(pairs)), {new for _, new in pairs})
        core.upgrade(servers.target)
        with target.transaction():
            run_id = journal.start_run(target, "rename", {"patients": len(pairs)})
            for old, new in pairs:
                values = {"legacy_id": old, "former": former.get(old), "patient_id": new, "run_id": run_id}
                target.execute(statement(__package__, "rename"), values)
            journal.refuse_taken_names(target, [replace(found[old], patient_id=new) for old, new in pairs])
            journal.finish_run(target, run_id, ExitCode.DONE)


def _refuse_moved(target: Connection, patient_ids: list[str]) -> None:
    known = journal.patients(target, patient_ids).values() if journal.exists(target) else []
    moved = [patient.patient_id for patient in known if patient.built_at]
    if moved:
        raise RefusedError(f"Patient {moved[0]} was moved already and cannot be renamed; nothing was renamed.")


def _refuse_taken(databases: list[LegacyDatabase], new_names: set[str]) -> None:
    """Raise RefusedError when a new name leads to a schema that another patient has."""
    names = [database.patient_id for database in databases if is_supported(database.patient_id)]
    taken = [pair for pair in collisions(names) if new_names.intersection(pair)]
    if taken:
        raise RefusedError(f"{' and '.join(taken[0])} lead to one schema name; nothing was renamed.")
