"""Validation of a cohort: facts by dbt, verdicts by Great Expectations, and the journal."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator import journal
from orchestrator.dbt.facts import FACTS, prepare_cohort, work_out_facts
from orchestrator.dbt.runner import Project, dbt_environment, parse_project
from orchestrator.errors import ExitCode
from orchestrator.journal import Patient
from orchestrator.postgres.connection import Connection, Servers, connect, resolve
from orchestrator.validation.checks import BY_ID
from orchestrator.validation.deep import broken_in_schema
from orchestrator.validation.judge import Finding, Verdict, concordance, finding, judge, record
from orchestrator.validation.suites import load

PATIENTS_A_SUITE = 50
"""Patients in one table of facts: the quarter of a second that a suite takes is little beside them."""


@dataclass(frozen=True)
class Validated:
    """What a validation found."""

    verdicts: list[Verdict]
    not_built: list[str]
    """Asked patients that have no schema yet."""
    groups: list[Finding]
    """What was noted about groups of patients."""

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that this asks for."""
        if self.not_built or any(not verdict.is_passed for verdict in self.verdicts):
            return ExitCode.FAILED
        return ExitCode.DONE


def validate(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    deep: bool,
    artifacts: Path,
    begin: Callable[[int], None],
    report: Callable[[Verdict], None],
) -> Validated:
    """Validate the named patients, or all that were built, and record the verdicts in the journal.

    With `deep` the suites run over every schema itself, too. `begin` is told how many there are. Raises UsageError for
    a patient that the journal does not know, LockedError while another operator is at work.
    """
    with journal.locked(servers.target) as target:
        chosen = journal.known_patients(target, patient_ids)
        run_id = journal.start_run(target, "validate", {"patients": len(chosen), "deep": deep})
        exit_code = ExitCode.FAILED
        try:
            validated = _validate(servers.target, target, run_id, chosen, deep, artifacts, begin, report)
            exit_code = validated.exit_code
        except KeyboardInterrupt:
            exit_code = ExitCode.INTERRUPTED
            raise
        finally:
            journal.finish_run(target, run_id, exit_code)
    return validated


def _validate(
    target_dsn: str,
    target: Connection,
    run_id: int,
    chosen: Sequence[Patient],
    deep: bool,
    artifacts: Path,
    begin: Callable[[int], None],
    report: Callable[[Verdict], None],
) -> Validated:
    built = [patient for patient in chosen if patient.built_at]
    begin(len(built))
    verdicts: list[Verdict] = []
    groups: list[Finding] = []
    if built:
        project = _load(target_dsn, target, artifacts)
        for start in range(0, len(built), PATIENTS_A_SUITE):
            started = time.monotonic()
            some = built[start : start + PATIENTS_A_SUITE]
            with connect(target_dsn, autocommit=True) as beside:
                work_out_facts(project, target, beside, [patient.patient_id for patient in some])
            judged = judge(target, [patient.patient_id for patient in some])
            found = [judged[patient.patient_id] for patient in some]
            if deep:
                found = [_deepen(target_dsn, *each) for each in zip(some, found, strict=True)]
            _record(target, run_id, found)
            for verdict in found:
                report(verdict)
            verdicts += found
            seconds = round(time.monotonic() - started, 3)
            journal.event(target, run_id, None, "validated", seconds=seconds, patients=len(some))
        groups = concordance(target)
    return Validated(verdicts, [patient.patient_id for patient in chosen if not patient.built_at], groups)


def _load(target_dsn: str, target: Connection, artifacts: Path) -> Project:
    """Import what takes seconds, and make the tables of facts what the models say."""
    os.environ.update(dbt_environment(resolve(target_dsn), artifacts / "validate"))
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        project = parse_project()
        prepare_cohort(project, target, FACTS)
    load()
    return project


def _record(target: Connection, run_id: int, verdicts: Sequence[Verdict]) -> None:
    """Record verdicts, and where their patients stand because of them."""
    with target.transaction():
        record(target, run_id, verdicts)
        for verdict in verdicts:
            if verdict.is_passed:
                journal.validated(target, verdict.patient_id)
            else:
                journal.invalidate(target, verdict.patient_id, verdict.problem)


def _deepen(target_dsn: str, patient: Patient, verdict: Verdict) -> Verdict:
    """Add what the suites over the schema itself find beyond the facts."""
    known = {each.check for each in verdict.failures}
    more = [
        finding(BY_ID[check], patient.patient_id, patient.schema_name, count, ids)
        for check, (count, ids) in broken_in_schema(target_dsn, patient).items()
        if check not in known
    ]
    return replace(verdict, failures=[*verdict.failures, *more])
