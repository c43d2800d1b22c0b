"""Patients of an older version of the models: their relations made what this version's say, without building again."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from orchestrator import journal
from orchestrator.dbt.facts import CORE, prepare_cohort
from orchestrator.dbt.runner import Project, dbt_environment, parse_project, run_models
from orchestrator.errors import ExitCode
from orchestrator.journal import Patient
from orchestrator.migration import core
from orchestrator.postgres.connection import Connection, resolve
from orchestrator.postgres.statements import statement

NOT_UPGRADED = "MB060"
"""Error code of a patient whose relations could not be upgraded; macros/materializations/patient_block.sql sets it."""
PATIENTS_A_CALL = 500
"""In one call of dbt, which takes a third of a second whatever it does."""
NO_SCHEMA = "Its schema is gone: migrate it again."


@dataclass(frozen=True)
class Upgraded:
    """What became of one patient."""

    patient_id: str
    is_changed: bool = False
    """Whether a column was added, or the view replaced."""
    problem: str = ""
    """Why its relations are as they were; empty when they are what the models say."""


def upgrade_patients(
    target_dsn: str,
    patient_ids: Sequence[str] | None,
    artifacts: Path,
    begin: Callable[[int], None],
    report: Callable[[Upgraded], None],
) -> list[Upgraded]:
    """Add the columns that these patients' tables lack, or all patients', and replace views that are of other models.

    No row is written, no index built, nothing removed: what else differs from the models is for validation to tell.
    A few patients change in one transaction; readers of those wait for it. Raises LockedError, RefusedError without a
    journal, UsageError for a patient that it does not know, MediabaseError when the project cannot be parsed, or what
    patients' views read not be made.
    """
    with journal.locked(target_dsn) as target:
        journal.require(target)
        core.upgrade(target_dsn)
        chosen = [patient for patient in journal.known_patients(target, patient_ids) if patient.built_at]
        begin(len(chosen))
        run_id = journal.start_run(target, "patient upgrade", {"patients": len(chosen)})
        done: list[Upgraded] = []
        exit_code = ExitCode.INTERRUPTED
        try:
            for each in _upgrade(target_dsn, target, chosen, artifacts):
                if each.is_changed:
                    journal.event(target, run_id, each.patient_id, "upgraded")
                done.append(each)
                report(each)
            exit_code = ExitCode.FAILED if any(each.problem for each in done) else ExitCode.DONE
        finally:
            journal.finish_run(target, run_id, exit_code)
    return done


def _upgrade(target_dsn: str, target: Connection, chosen: Sequence[Patient], artifacts: Path) -> Iterator[Upgraded]:
    if not chosen:
        return
    os.environ.update(dbt_environment(resolve(target_dsn), artifacts / "upgrade"))
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        project = parse_project()
        prepare_cohort(project, target, CORE)
        for start in range(0, len(chosen), PATIENTS_A_CALL):
            yield from _upgrade_some(project, target, chosen[start : start + PATIENTS_A_CALL])


def _upgrade_some(project: Project, target: Connection, some: Sequence[Patient]) -> Iterator[Upgraded]:
    before = _structure(target, some)
    present = [patient.patient_id for patient in some if patient.schema_name in before]
    yield from (Upgraded(each.patient_id, problem=NO_SCHEMA) for each in some if each.patient_id not in present)
    for patient in some:
        if patient.error_code == NOT_UPGRADED:
            journal.recover(target, patient.patient_id)
    run_models(project, ["path:models/patient"], {"patient_ids": present, "only_structure": True})
    after = _structure(target, some)
    for patient in journal.patients(target, present).values():
        if patient.error_code == NOT_UPGRADED:
            yield Upgraded(patient.patient_id, problem=patient.problem)
        else:
            yield Upgraded(patient.patient_id, before[patient.schema_name] != after.get(patient.schema_name))


def _structure(target: Connection, patients: Sequence[Patient]) -> dict[str, str]:
    """Return a digest of columns and view of each schema that is there, by its name."""
    names = [patient.schema_name for patient in patients]
    rows = target.execute(statement(__package__, "patients_structure"), {"schema_names": names}).fetchall()
    return {str(name): str(digest) for name, digest in rows}
