"""The rehearsal: core and some patients copied to a scratch server and migrated there; production is only read."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from orchestrator import journal
from orchestrator.dbt.runner import artifact_folder
from orchestrator.errors import ExitCode, worst
from orchestrator.legacy.databases import LegacyDatabase, choose, database_facts
from orchestrator.migration import copies, driver, plan
from orchestrator.migration.copies import Copied, Say
from orchestrator.migration.examine import Rehearsed, differences, examine
from orchestrator.migration.extrapolate import Work, choose_sample, fit, predict_bytes, predict_seconds
from orchestrator.migration.names import legacy_databases
from orchestrator.migration.outcome import Message, Options, Outcome, Progress, Validation
from orchestrator.migration.untouched import Movement, movements, positions
from orchestrator.patient_id import is_supported
from orchestrator.postgres.connection import Servers, connect, read_only
from orchestrator.postgres.scratch import kept, refuse_full_disk, remove_left_over, scratch_server
from orchestrator.postgres.statements import statement

SAMPLE = 3

SYSTEM = b"select system_identifier::text from pg_control_system()"
Begin = Callable[[int], None]


@dataclass(frozen=True)
class Request:
    """What to rehearse, and with what."""

    patient_ids: list[str] | None
    """None: a sample."""
    sample: int
    options: Options
    jobs: int
    home: Path
    """Folder below which the scratch server's own will be."""
    pg_bin: Path | None
    keep: bool
    validation: Validation


@dataclass(frozen=True)
class Prediction:
    """What the migration of all patients will come to; `patients` counts those that were added up."""

    patients: int
    fail: list[str]
    """Patients that the dry run says would fail; they are not added up."""
    to_migrate: int
    schema_bytes: int
    seconds: float | None
    """None when nothing was migrated in the rehearsal, or nothing is left to."""
    jobs: int
    legacy_bytes: int
    """Size now of the legacy databases of the `patients`."""


@dataclass(frozen=True)
class Rehearsal:
    """The report."""

    patients: list[Rehearsed]
    differences: list[str]
    copied: list[Copied]
    copy_seconds: float
    migrate_seconds: float
    prediction: Prediction
    movements: list[Movement]
    kept: Path | None

    @property
    def exit_code(self) -> ExitCode:
        """Return the worst of the patients' exit codes; FAILED when the rehearsal was not what was foreseen."""
        failed = [ExitCode.FAILED] if self.differences else []
        return worst([*failed, *(each.outcome.exit_code for each in self.patients)])


def rehearse(servers: Servers, request: Request, begin: Begin, say: Say) -> Rehearsal:
    """Migrate copies of some patients on a scratch server, and report what that says of all.

    Every session on `servers` is read-only. The scratch server is removed whatever happens. Raises what `migrate`
    raises, and RefusedError without room on the disk, or a pg_dump that fits.
    """
    remove_left_over(request.home)
    source = read_only(servers)
    journal.refuse_beside_a_run(source.target)
    before = positions(source)
    found, planned = survey_all(source, request, begin, say)
    wanted = request.patient_ids or choose_sample(planned, request.sample)
    chosen = choose(found, wanted)
    _, facts = database_facts(source.legacy)
    originals = copies.originals(source, chosen, facts, request.pg_bin)
    refuse_full_disk(request.home, sum(original.size_bytes for original in originals))
    able = {outcome.patient_id for outcome in planned if outcome.result != "failed"}
    legacy_bytes = sum(facts[each.name].size_bytes or 0 for each in found if each.patient_id in able)
    begin(len(planned) + len(originals) + len(chosen))
    with scratch_server(request.home, keep=request.keep) as scratch:
        started = time.monotonic()
        copied = copies.copy_all(source, chosen, originals, scratch.dsn, say)
        copy_seconds = time.monotonic() - started
        _move_journal(source, where := _where(scratch.dsn, originals[0].name))
        scratch.wait_for_disk(True)  # the time that is measured now is to hold for a real server
        started = time.monotonic()
        outcomes = _migrate(where, wanted, request, artifact_folder(scratch.folder), say)
        migrate_seconds = time.monotonic() - started
        rehearsed, work = examine(source, where, chosen, outcomes, request.options, migrate_seconds)
    return Rehearsal(
        patients=rehearsed,
        differences=differences({each.patient_id: each for each in planned}, rehearsed),
        copied=copied,
        copy_seconds=round(copy_seconds, 1),
        migrate_seconds=round(migrate_seconds, 1),
        prediction=_predict(planned, rehearsed, work, request.jobs, legacy_bytes),
        movements=movements(before, positions(source)),
        kept=kept(scratch.folder) if request.keep else None,
    )


def _where(scratch_dsn: str, core_name: str) -> Servers:
    return Servers(make_conninfo(scratch_dsn, dbname=core_name), scratch_dsn)


def _move_journal(source: Servers, where: Servers) -> None:
    """Let the copied journal say that patients come from the copies, where it says that they come from production."""
    with connect(source.legacy, autocommit=True) as legacy, connect(where.target, autocommit=True) as target:
        (before,) = legacy.execute(SYSTEM).fetchone() or (None,)
        (now,) = target.execute(SYSTEM).fetchone() or (None,)
        if journal.exists(target):
            target.execute(statement(__package__, "move_journal"), {"before": before, "now": now})


def survey_all(source: Servers, request: Request, begin: Begin, say: Say) -> tuple[list[LegacyDatabase], list[Outcome]]:
    """Return every legacy database that has a usable id, and what the dry run says of each patient.

    Raises what `choose` raises. Without ids that includes what stops `migrate --all`.
    """
    found = legacy_databases(source)
    choose(found, request.patient_ids)
    usable = [database for database in found if is_supported(database.patient_id)]
    ids = [database.patient_id for database in usable]

    def report(outcome: Outcome) -> None:
        say(f"{outcome.patient_id}: surveyed", True, patient_id=outcome.patient_id, phase="survey")

    return usable, plan.plan(source, ids, request.options, None, None, begin, report)


def _migrate(where: Servers, wanted: Sequence[str], request: Request, artifacts: Path, say: Say) -> list[Outcome]:
    def report(message: Message) -> None:
        if isinstance(message, Outcome):
            facts = {"result": message.result, "level": "error" if message.result == "failed" else "info"}
            say(f"{message.patient_id}: {message.result}", True, patient_id=message.patient_id, **facts)
        elif isinstance(message, Progress):
            say(f"{message.patient_id}: {message.phase}", False, patient_id=message.patient_id, phase=message.phase)

    return driver.migrate(
        where, wanted, request.options, request.jobs, artifacts, None, None, request.validation, lambda _: None, report
    )


def _predict(
    planned: Sequence[Outcome], rehearsed: Sequence[Rehearsed], work: Work, jobs: int, legacy_bytes: int
) -> Prediction:
    counted = [outcome for outcome in planned if outcome.result != "failed"]
    to_migrate = [outcome for outcome in planned if outcome.result == "migrated"]
    line = fit([each.measured for each in rehearsed if each.outcome.result != "failed"])
    return Prediction(
        patients=len(counted),
        fail=[outcome.patient_id for outcome in planned if outcome.result == "failed"],
        to_migrate=len(to_migrate),
        schema_bytes=predict_bytes(line, counted),
        seconds=predict_seconds(work, to_migrate, jobs),
        jobs=jobs,
        legacy_bytes=legacy_bytes,
    )
