"""Legacy databases are set to read only, and given back as they were, with the journal of the target."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import psycopg

from orchestrator import journal
from orchestrator.errors import ExitCode, MediabaseError, PatientError, worst
from orchestrator.journal.access import AccessRecord, access_record, access_records, intend_lock, record_access
from orchestrator.legacy import access
from orchestrator.legacy.databases import LegacyDatabase, choose
from orchestrator.migration import core
from orchestrator.migration.names import in_v060, legacy_databases
from orchestrator.postgres.connection import Connection, Servers
from orchestrator.postgres.failures import describe_failure
from orchestrator.wording import some

MOST_SESSIONS = 5
GONE = "There is no such legacy database any more."
NOTHING_TO_UNDO = "Nothing to undo."


@dataclass(frozen=True)
class AccessOutcome:
    """What became of the access to one legacy database: how it stands now, or that nothing could be done."""

    patient_id: str
    database: str
    result: Literal["read-only", "cut over", "open", "gone", "failed"]
    is_changed: bool = False
    message: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that this outcome asks for."""
        return ExitCode.FAILED if self.result == "failed" else ExitCode.DONE


Report = Callable[[AccessOutcome], None]
"""Told what became of each database."""


@dataclass(frozen=True)
class Site:
    """Where access is changed: sessions in the target, with its lock, and on the legacy server."""

    target: Connection
    legacy: Connection
    operator: access.Operator
    run_id: int


def lock(
    servers: Servers, patient_ids: Sequence[str] | None, begin: Callable[[int], None], report: Report
) -> list[AccessOutcome]:
    """Set the legacy databases of the named patients, or all, to read only; return what became of each.

    It holds for sessions that begin from then on, and for those only until they say otherwise. Raises what
    `databases.choose` raises, RefusedError for a core that cannot have a journal, and LockedError.
    """
    databases = choose(legacy_databases(servers), patient_ids)
    with recorded(servers, "legacy lock", len(databases)) as (site, outcomes):
        begin(len(databases))
        for database in databases:
            outcomes.append(lock_one(site, database))
            report(outcomes[-1])
    return outcomes


def unlock(
    servers: Servers, patient_ids: Sequence[str] | None, begin: Callable[[int], None], report: Report
) -> list[AccessOutcome]:
    """Give legacy databases of the named patients back as they were before they were locked or cut over.

    None: all that were. Raises what `lock` raises, but for ids that nobody asks for.
    """
    named = choose(legacy_databases(servers), patient_ids) if patient_ids else None
    with recorded(servers, "legacy unlock", len(named or ())) as (site, outcomes):
        if named is None:
            named = in_v060(servers.target, [
                LegacyDatabase(record.database_name, LegacyDatabase(record.database_name, "").legacy_id)
                for record in access_records(site.target, site.operator.system) if record.words not in ("open", "gone")
            ])  # fmt: skip
        begin(len(named))
        for database in named:
            outcomes.append(unlock_one(site, database))
            report(outcomes[-1])
    return outcomes


@contextmanager
def recorded(servers: Servers, command: str, patients: int) -> Iterator[tuple[Site, list[AccessOutcome]]]:
    """Hold the target's lock with the run in its journal; yield where to work, and a list for the outcomes."""
    with journal.locked(servers.target) as target, access.administer(servers.legacy) as legacy:
        core.upgrade(servers.target)
        run_id = journal.start_run(target, command, {"patients": patients})
        exit_code = ExitCode.FAILED
        outcomes: list[AccessOutcome] = []
        try:
            yield Site(target, legacy, access.operator(legacy), run_id), outcomes
            exit_code = worst([outcome.exit_code for outcome in outcomes])
        except KeyboardInterrupt:
            exit_code = ExitCode.INTERRUPTED
            raise
        finally:
            journal.finish_run(target, run_id, exit_code)


def look(site: Site, database: LegacyDatabase) -> tuple[access.Access, AccessRecord | None]:
    """Return the access to a database now, and what the journal has of it. Raises PatientError when it is gone."""
    found = access.read(site.legacy, database.name)
    if found is None:
        raise PatientError("MB041", GONE)
    return found, access_record(site.target, site.operator.system, found.name, found.oid)


def lock_one(site: Site, database: LegacyDatabase) -> AccessOutcome:
    """Set one legacy database to read only. What is set there is recorded before; looked at anew when run again."""
    try:
        found, known = look(site, database)
        access.require_rights(found, site.operator.name)
        is_set = found.read_only == access.LOCKED
        if known and known.locked_at and is_set:
            return _outcome(site, database, found, is_changed=False)
        # Where it is not set as we set it, whatever was intended was not done, or was undone by somebody.
        is_ours = bool(known and known.lock_intended_at and is_set)
        if not is_ours:
            intend_lock(site.target, site.operator.system, found.name, found.oid, found.read_only)
        try:
            access.set_read_only(site.legacy, found.name, access.LOCKED)
        except psycopg.Error as error:
            # The server says that it did not; without an answer nobody knows.
            if error.sqlstate and not is_ours:
                record_access(site.target, site.operator.system, found.name, found.oid, "not_locked")
            raise
        record_access(site.target, site.operator.system, found.name, found.oid, "locked")
        journal.event(site.target, site.run_id, database.patient_id, "legacy_locked")
        return _outcome(site, database, found, is_changed=True)
    except (MediabaseError, psycopg.Error) as error:
        return failed(site, database, error)


def _outcome(site: Site, database: LegacyDatabase, found: access.Access, *, is_changed: bool) -> AccessOutcome:
    inside = [str(session) for session in access.sessions(site.legacy, found)]
    who = f"Open sessions, which may go on writing: {some(inside, MOST_SESSIONS)}." if inside else ""
    message = " ".join(each for each in ("" if is_changed else "It was already.", who) if each)
    return AccessOutcome(database.patient_id, found.name, "read-only", is_changed, message)


def unlock_one(site: Site, database: LegacyDatabase) -> AccessOutcome:
    """Give one legacy database back as it was before it was locked or cut over."""
    try:
        found = access.read(site.legacy, database.name)
        known = next((each for each in access_records(site.target, site.operator.system)
                      if each.database_name == database.name), None)  # fmt: skip
        if known and (found is None or found.oid != known.database_oid):
            record_access(site.target, site.operator.system, known.database_name, known.database_oid, "gone")
            return AccessOutcome(database.patient_id, database.name, "gone", message=GONE)
        if found is None or known is None or known.words == "open":
            return AccessOutcome(database.patient_id, database.name, "open", message=NOTHING_TO_UNDO)
        access.require_rights(found, site.operator.name)
        lost = give_back(site.legacy, found, known)
        with site.target.transaction():
            for undone in ("not_locked", "not_cut_over"):
                record_access(site.target, site.operator.system, found.name, found.oid, undone)
            journal.event(site.target, site.run_id, database.patient_id, "legacy_unlocked")
        message = f"Roles that are gone and cannot be let in: {', '.join(lost)}." if lost else ""
        return AccessOutcome(database.patient_id, found.name, "open", is_changed=True, message=message)
    except (MediabaseError, psycopg.Error) as error:
        return failed(site, database, error)


def give_back(legacy: Connection, found: access.Access, known: AccessRecord) -> list[str]:
    """Give a database the access that it had, in one transaction; return the roles that are gone."""
    with legacy.transaction():
        if known.lock_intended_at:
            access.set_read_only(legacy, found.name, known.former_read_only)
        return access.restore_connect(legacy, found, known.former_connect) if known.former_connect else []


def failed(site: Site, database: LegacyDatabase, error: MediabaseError | psycopg.Error) -> AccessOutcome:
    """Record that it cannot be done for this patient, and return that with why."""
    if isinstance(error, psycopg.Error):
        error = access.explained(error, database.name, site.operator.name)
    code, message = describe_failure(error)
    journal.event(site.target, site.run_id, database.patient_id, "legacy_access_failed", code=code)
    return AccessOutcome(database.patient_id, database.name, "failed", message=message)
