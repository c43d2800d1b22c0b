"""Cut-over: a legacy database is closed to everybody, and proved to hold what was moved."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import psycopg

from orchestrator import journal
from orchestrator.errors import MediabaseError, PatientError
from orchestrator.journal import Patient
from orchestrator.journal.access import intend_cut_over, record_access
from orchestrator.legacy import access
from orchestrator.legacy.databases import LegacyDatabase, choose
from orchestrator.legacy.survey import CoreIds
from orchestrator.migration import source
from orchestrator.migration.core import core_ids
from orchestrator.migration.legacy_access import MOST_SESSIONS, AccessOutcome, Report, Site, failed, look, recorded
from orchestrator.migration.names import legacy_databases
from orchestrator.postgres.connection import Servers, connect
from orchestrator.wording import some

NOT_MOVED = "It is not moved, validated and published yet: mediabase migrate {}, then again."
OTHER_SERVER = "It was moved from another legacy server than this one: check MEDIABASE_LEGACY_DSN."
CHANGED = "Its legacy database changed since it was moved: mediabase migrate {}, then again."
NOT_PUT_BACK = "It was not cut over, and who may connect could not be put back: mediabase legacy unlock {0}."
READ = ("validated", "archived")
"""States of a patient that clients can be switched to."""


def cut_over(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    begin: Callable[[int], None],
    report: Report,
    *,
    terminate: bool = False,
) -> list[AccessOutcome]:
    """Close the legacy databases of the named patients, or all, and take each digest again.

    A patient that is refused has the access that it had. `terminate` ends the sessions that are open. Raises what
    `legacy_access.lock` raises, and RefusedError when nothing was moved yet.
    """
    with connect(servers.target, autocommit=True) as target:
        journal.require(target)
    databases = choose(legacy_databases(servers), patient_ids)
    with recorded(servers, "legacy cut-over", len(databases)) as (site, outcomes):
        known = journal.patients(site.target, [database.patient_id for database in databases])
        core = core_ids(site.target)
        begin(len(databases))
        for database in databases:
            outcomes.append(_attempt(site, servers, core, database, known.get(database.patient_id), terminate))
            report(outcomes[-1])
    return outcomes


def _attempt(
    site: Site, servers: Servers, core: CoreIds, database: LegacyDatabase, known: Patient | None, terminate: bool
) -> AccessOutcome:
    try:
        return _cut_over_one(site, servers, core, database, _moved(site, database, known), terminate)
    except (MediabaseError, psycopg.Error) as error:
        return failed(site, database, error)


def _moved(site: Site, database: LegacyDatabase, known: Patient | None) -> Patient:
    """Return the patient when clients can be switched to it; raises PatientError when not."""
    if known is None or known.state not in READ or not known.is_valid or known.published_at is None:
        raise PatientError("MB044", NOT_MOVED.format(database.patient_id))
    if known.source_database != database.name or known.legacy_system not in (None, site.operator.system):
        raise PatientError("MB024", OTHER_SERVER)
    return known


def _cut_over_one(
    site: Site, servers: Servers, core: CoreIds, database: LegacyDatabase, known: Patient, terminate: bool
) -> AccessOutcome:
    found, record = look(site, database)
    access.require_rights(found, site.operator.name)
    access.require_restorable(site.legacy, found)
    was_done = bool(record and record.cut_over_at)
    try:
        if not (record and record.former_connect):
            former = access.described(found, site.operator)
            intend_cut_over(site.target, site.operator.system, found.name, found.oid, former)
        access.revoke_connect(site.legacy, found, site.operator)
        patience = access.PATIENCE_SECONDS if terminate else access.MOMENT_SECONDS
        _empty(site, found, patience, terminate=terminate)
        origin = source.identify(servers.legacy, database, core, known.surface)
        if origin.digest != known.legacy_digest:
            raise PatientError("MB045", CHANGED.format(database.patient_id))
        # Nobody came in meanwhile who could write after it; our own session takes a moment to be gone.
        _empty(site, found, access.PATIENCE_SECONDS)
        if not was_done:
            record_access(site.target, site.operator.system, found.name, found.oid, "cut_over")
    except BaseException:
        if not was_done:  # clients of one that was cut over are elsewhere by now
            _put_back(site, servers, database)
        raise
    journal.event(site.target, site.run_id, database.patient_id, "legacy_cut_over", again=was_done)
    still = some(access.let_in(site.legacy, found), MOST_SESSIONS)
    message = ("It was already, and is as it was moved. " if was_done else "") + f"Still let in: {still}."
    return AccessOutcome(database.patient_id, found.name, "cut over", not was_done, message)


def _empty(site: Site, found: access.Access, patience_seconds: float, *, terminate: bool = False) -> None:
    """Raise PatientError, with names, unless everybody leaves a database in time; with `terminate` end them first."""
    if pending := access.prepared(site.legacy, found):
        raise PatientError(
            "MB046",
            f"Prepared transactions are open in its legacy database: {some(pending, MOST_SESSIONS)}. "
            "Commit or roll back each by hand: COMMIT PREPARED or ROLLBACK PREPARED.",
        )
    inside = access.sessions(site.legacy, found)
    if inside and terminate:
        access.end(site.legacy, found, inside)
    if left := access.left_after(site.legacy, found, patience_seconds):
        names = some([str(session) for session in left], MOST_SESSIONS)
        remedy = "They came back or did not end" if terminate else "Have them ended, or pass --terminate"
        raise PatientError("MB047", f"Its legacy database is in use: {names}. {remedy}.")


def _put_back(site: Site, servers: Servers, database: LegacyDatabase) -> None:
    """Let everybody in again who was before, in a new session: what stopped us may have taken ours."""
    try:
        with access.administer(servers.legacy) as legacy:
            found, record = look(replace(site, legacy=legacy), database)
            if record and record.former_connect:
                access.restore_connect(legacy, found, record.former_connect)
                record_access(site.target, site.operator.system, found.name, found.oid, "not_cut_over")
    except (MediabaseError, psycopg.Error) as error:
        raise PatientError("MB048", NOT_PUT_BACK.format(database.patient_id)) from error
