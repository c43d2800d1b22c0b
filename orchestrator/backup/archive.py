"""Archives: backups of patients that were moved, which the journal knows, and which allow the drop."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from orchestrator import journal
from orchestrator.backup.backup import Place, Wanted, back_up
from orchestrator.backup.manifest import MANIFEST
from orchestrator.backup.outcome import BackedUp
from orchestrator.errors import ExitCode
from orchestrator.journal import Patient
from orchestrator.legacy.databases import LegacyDatabase, database_facts
from orchestrator.postgres.connection import Connection, Servers, connect, read_only

ARCHIVABLE = ("validated", "archived")
"""States of patients whose data was proven equal on both sides and passed validation."""


def as_wanted(where: Servers, databases: Sequence[LegacyDatabase]) -> list[Wanted]:
    """Return legacy databases as what is to be backed up."""
    _, facts = database_facts(where.legacy)
    return [Wanted(each.name, each.patient_id, facts[each.name].size_bytes or 0, where.legacy) for each in databases]


def archive_patients(
    where: Servers,
    databases: Sequence[LegacyDatabase],
    place: Place,
    jobs: int,
    begin: Callable[[int], None],
    report: Callable[[BackedUp], None],
    *,
    thin: bool,
) -> list[BackedUp]:
    """Archive the legacy databases of patients that were moved and validated; return what became of each.

    Raises LockedError, RefusedError without a journal, and what `back_up` raises.
    """
    with journal.locked(where.target) as lock:
        journal.require(lock)
        run_id = journal.start_run(lock, "archive", {"patients": len(databases), "thin": thin})
        exit_code = ExitCode.FAILED
        try:
            done = archive_in_run(lock, run_id, where, databases, place, jobs, begin, report, thin=thin)
            exit_code = ExitCode.FAILED if any(each.problem for each in done) else ExitCode.DONE
        except KeyboardInterrupt:
            exit_code = ExitCode.INTERRUPTED
            raise
        finally:
            journal.finish_run(lock, run_id, exit_code)
    return done


def archive_in_run(
    lock: Connection,
    run_id: int,
    where: Servers,
    databases: Sequence[LegacyDatabase],
    place: Place,
    jobs: int,
    begin: Callable[[int], None],
    report: Callable[[BackedUp], None],
    *,
    thin: bool,
) -> list[BackedUp]:
    """Do what `archive_patients` does, within a run that holds the lock."""
    known = journal.patients(lock, [each.patient_id for each in databases])
    with connect(where.legacy, autocommit=True) as legacy:
        (system,) = legacy.execute("select system_identifier::text from pg_control_system()").fetchone() or ("",)
    problems = {each.patient_id: _obstacle(known.get(each.patient_id), str(system)) for each in databases}
    refused = [replace(_as_outcome(each), problem=problems[each.patient_id]) for each in databases
               if problems[each.patient_id]]  # fmt: skip
    wanted = [each for each in databases if not problems[each.patient_id]]
    begin(len(databases))
    for each in refused:
        report(each)

    def record(each: BackedUp) -> None:
        if each.patient_id and each.folder and not each.problem:
            journal.archived(lock, run_id, each.patient_id, str(each.folder), manifest_digest(each.folder))
        report(each)

    done = back_up(as_wanted(read_only(where), wanted), place, jobs, record, thin=thin) if wanted else []
    return sorted([*refused, *done], key=lambda each: each.database)


def manifest_digest(folder: Path) -> str:
    """Return the sha256, in hexadecimal, of a backup's manifest, which has those of its files."""
    return sha256((folder / MANIFEST).read_bytes()).hexdigest()


def _as_outcome(database: LegacyDatabase) -> BackedUp:
    return BackedUp(database.name, database.patient_id)


def _obstacle(known: Patient | None, system: str) -> str | None:
    """Return why a patient cannot be archived yet."""
    if known is None or known.published_at is None:
        return "It was not moved yet: mediabase migrate."
    if known.legacy_system != system:
        return "It was moved from another server: check MEDIABASE_LEGACY_DSN."
    if known.state not in ARCHIVABLE or not known.is_valid:
        return f"It is {known.state}, not validated: see mediabase status."
    return None
