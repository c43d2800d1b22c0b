"""The refresh of the cohort: the rows of patients that changed, each patient on its own, then what is of all."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import psycopg

from orchestrator import journal
from orchestrator.cohort.read import Member, members, variable
from orchestrator.dbt.facts import FACTS, prepare_cohort
from orchestrator.dbt.runner import dbt_environment, parse_project
from orchestrator.errors import ExitCode, MediabaseError
from orchestrator.postgres.connection import Connection, Servers, resolve
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.statements import statement

NOT_VALIDATED = "It was not validated as it is now: mediabase validate {}."
REFRESHED = "cohort refreshed"
FAILED = "cohort failed"
TABLES = ("cohort_rows", "cohort_member", "cohort_variability", "cohort_variability_basis")


@dataclass(frozen=True)
class Refreshed:
    """What became of one patient."""

    patient_id: str
    rows: int = 0
    seconds: float = 0.0
    problem: str = ""
    """Why it is still stale; empty when it is current."""


@dataclass(frozen=True)
class Refresh:
    """What a refresh did."""

    patients: list[Refreshed]
    """Those that were stale."""
    current: int
    """Patients that were current before, and were not touched."""
    removed: list[str]
    """Patients that are gone, whose rows were removed."""
    transcripts: int | None
    """Transcripts whose variability was worked out anew; None when nothing had changed."""
    variability_seconds: float
    vacuum_seconds: float

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that this asks for."""
        return ExitCode.FAILED if any(each.problem for each in self.patients) else ExitCode.DONE


def refresh(
    servers: Servers, artifacts: Path, begin: Callable[[int], None], report: Callable[[Refreshed], None]
) -> Refresh:
    """Make the cohort's tables what the models say, and refresh the patients that are stale.

    Raises LockedError while another operator is at work, RefusedError without a journal, MediabaseError when dbt fails.
    """
    with journal.locked(servers.target) as target:
        journal.require(target)
        os.environ.update(dbt_environment(resolve(servers.target), artifacts / "cohort"))
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            prepare_cohort(parse_project(), target, FACTS)
        return refresh_stale(target, begin, report)


def refresh_stale(target: Connection, begin: Callable[[int], None], report: Callable[[Refreshed], None]) -> Refresh:
    """Refresh the patients that are stale, each in one transaction, on the session that holds the target's lock.

    What an interrupted refresh has done stays done, and the next one goes on. One patient that fails is alone in that.
    """
    known = members(target)
    stale = [each for each in known if not each.is_current]
    begin(len(stale))
    run_id = journal.start_run(target, "cohort refresh", {"patients": len(stale)})
    exit_code = ExitCode.INTERRUPTED
    try:
        removed = _remove_gone(target, run_id)
        done: list[Refreshed] = []
        for member in stale:
            done.append(_attempt(target, run_id, member))
            report(done[-1])
        transcripts, seconds = _work_out_variability(target, run_id)
        finished = Refresh(done, len(known) - len(stale), removed, transcripts, seconds, _vacuum(target))
        exit_code = finished.exit_code
    except (MediabaseError, psycopg.Error):
        exit_code = ExitCode.FAILED
        raise
    finally:
        journal.finish_run(target, run_id, exit_code)
    return finished


def _remove_gone(target: Connection, run_id: int) -> list[str]:
    gone = [str(patient_id) for (patient_id,) in target.execute(statement(__package__, "gone")).fetchall()]
    for patient_id in gone:
        with target.transaction():
            target.execute(statement(__package__, "remove"), {"patient_id": patient_id})
            journal.event(target, run_id, patient_id, "cohort removed")
    return gone


def _attempt(target: Connection, run_id: int, member: Member) -> Refreshed:
    started = time.monotonic()
    try:
        if member.reason == "not validated as it is":
            raise MediabaseError(NOT_VALIDATED.format(member.patient_id))
        with _one_snapshot(target):
            values = {"patient_id": member.patient_id, "schema_name": member.schema_name}
            rows, _ = target.execute(statement(__package__, "fill"), values).fetchone() or (0, 0)
            if target.execute(
                "select is_current from cohort.cohort_patients where patient_id = %s", [member.patient_id]
            ).fetchone() != (True,):
                raise MediabaseError(NOT_VALIDATED.format(member.patient_id))
            seconds = round(time.monotonic() - started, 3)
            written = int(str(rows))
            journal.event(target, run_id, member.patient_id, REFRESHED, rows=written, seconds=seconds)
    except (MediabaseError, psycopg.Error) as error:
        if target.closed:
            raise
        code, problem = describe_failure(error)
        journal.event(target, run_id, member.patient_id, FAILED, code=code)
        return Refreshed(member.patient_id, problem=problem)
    return Refreshed(member.patient_id, written, seconds)


def _work_out_variability(target: Connection, run_id: int) -> tuple[int | None, float]:
    """Work it out, unless it is of the patients that are current; return for how many transcripts, and the seconds."""
    if variable(target, 0).is_current:
        return None, 0.0
    started = time.monotonic()
    with _one_snapshot(target):
        rows, _ = target.execute(statement(__package__, "variability")).fetchone() or (0, 0)
        seconds = round(time.monotonic() - started, 3)
        journal.event(target, run_id, None, "cohort variability", seconds=seconds, transcripts=int(str(rows)))
    return int(str(rows)), seconds


def _vacuum(target: Connection) -> float:
    """Let index-only scans be that: without this they look into the table for each row that is new."""
    started = time.monotonic()
    target.execute(f"vacuum (analyze) {', '.join(f'cohort.{name}' for name in TABLES)}".encode())
    return round(time.monotonic() - started, 3)


@contextmanager
def _one_snapshot(target: Connection) -> Iterator[None]:
    before = target.isolation_level
    target.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        with target.transaction():
            yield
    finally:
        if not target.closed:
            target.isolation_level = before
