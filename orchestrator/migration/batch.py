"""A batch of patients: staged from where their rows are, built, and after validation published."""

import time
from collections.abc import Sequence

import psycopg

from orchestrator import journal
from orchestrator.dbt.facts import work_out_facts
from orchestrator.dbt.runner import Project, run_models
from orchestrator.errors import MediabaseError, PatientError
from orchestrator.journal import Patient
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.legacy.survey import CoreIds
from orchestrator.migration import source
from orchestrator.migration.core import core_ids
from orchestrator.migration.export import clear, export_patient
from orchestrator.migration.outcome import (
    Built,
    Judgement,
    Options,
    Outcome,
    Place,
    Progress,
    Report,
    Result,
    Validation,
)
from orchestrator.migration.parity import difference, is_counted, is_gone, read_digest
from orchestrator.migration.publish import publish
from orchestrator.migration.source import Origin
from orchestrator.migration.upload import Upload
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.engine import patients_a_transaction
from orchestrator.postgres.failures import describe_failure

NO_READER = "Only its owner can read it: no reader role could be made (README, Your own servers)."
OTHER_SERVER = (
    "Its legacy data is not what it was migrated from, and of another server: check MEDIABASE_LEGACY_DSN; if that is "
    "right, pass --force to mediabase migrate."
)
OLDER = (
    "Its file is older than the legacy data that it was migrated from: export it again, or pass --force to mediabase "
    "migrate."
)
ELSEWHERE = "It is there already, from {}: pass --replace to take this file in its place."
OTHER_COUNTS = (
    "The journal counts other rows than it has: one or the other was changed (mediabase validate {}). Put that back, "
    "or drop its schema and migrate it again."
)
NOT_VALID = "Its data did not pass its last validation: see mediabase validate {}."
NOT_BUILT = (
    "dbt ended before it was built: run again. What dbt itself says of a legacy database: mediabase export {0}, then "
    "mediabase dbt build --vars patient_id={0}."
)
COMMITTED = 16
"""Patients published in one transaction: each commit waits for the disk. A failure is that of its patient alone."""


def stage_batch(
    place: Place,
    batch: Sequence[LegacyDatabase],
    options: Options,
    target: Connection,
    report: Report,
) -> list[str]:
    """Export every patient of the batch that needs it; return their ids, and report the others' outcomes."""
    patient_ids = [database.patient_id for database in batch]
    clear(target, patient_ids)
    known = journal.patients(target, patient_ids)
    core = core_ids(target)
    staged = []
    for database in batch:
        report(Progress(database.patient_id, "export"))
        outcome = _unless_settled(place, target, core, database, known[database.patient_id], options)
        if outcome.result == "staged":
            staged.append(database.patient_id)
        else:
            report(outcome)
    return staged


def build_batch(
    place: Place,
    project: Project,
    patient_ids: list[str],
    options: Options,
    target: Connection,
    report: Report,
) -> None:
    """Build staged patients in one dbt call, and work out the facts about each; report that they are `Built`."""
    for patient_id in patient_ids:
        report(Progress(patient_id, "build"))
    started = time.monotonic()
    run_models(
        project,
        ["path:models/staging", "path:models/patient"],
        {"patient_ids": patient_ids, "on_bad_rows": options.on_bad_rows},
    )
    journal.event(target, place.run_id, None, "built", seconds=round(time.monotonic() - started, 3))
    with connect(place.target_dsn, autocommit=True) as beside:
        beside.execute("set synchronous_commit = off")  # as in the worker's other session
        work_out_facts(project, target, beside, patient_ids)
    report(Built(patient_ids))
    clear(target, patient_ids)


def finish_batch(target: Connection, run_id: int, patient_ids: Sequence[str], validation: Validation) -> list[Outcome]:
    """Validate patients that dbt was asked to build, and let readers in where all is well."""
    started = time.monotonic()
    known = journal.patients(target, patient_ids)
    built = [patient_id for patient_id in patient_ids if known[patient_id].state == "built"]
    try:
        judgements = validation.judge(target, run_id, built) if built else {}
    except (MediabaseError, psycopg.Error) as error:
        others = set(patient_ids) - set(built)
        failed = [_failed(target, run_id, patient_id, error) for patient_id in built]
        return [*failed, *(_finish(target, run_id, known[each], None) for each in sorted(others))]
    journal.event(target, run_id, None, "validated", seconds=round(time.monotonic() - started, 3))
    outcomes = []
    size = patients_a_transaction(target, COMMITTED)
    for start in range(0, len(patient_ids), size):
        with target.transaction():
            for each in patient_ids[start : start + size]:
                outcomes.append(_finish(target, run_id, known[each], judgements.get(each)))
    return outcomes


def _unless_settled(
    place: Place,
    target: Connection,
    core: CoreIds,
    database: LegacyDatabase,
    known: Patient,
    options: Options,
) -> Outcome:
    try:
        settled = settled_by_data(place.legacy_dsn, target, core, database, known, options)
        if settled:
            journal.recover(target, known.patient_id)
    except (MediabaseError, psycopg.Error) as error:
        return _failed(target, place.run_id, database.patient_id, error)
    believe = options.believe or known.surface
    return settled or stage(place.legacy_dsn, target, place.run_id, database, core, believe)


def stage(
    legacy_dsn: str,
    target: Connection,
    run_id: int,
    database: LegacyDatabase,
    core: CoreIds,
    believe: str | None,
) -> Outcome:
    """Export one patient, of whom nothing is staged (`clear`); return that it is staged, or that it failed."""
    started = time.monotonic()
    try:
        taken = export_patient(legacy_dsn, target, database, core, believe)
    except (MediabaseError, psycopg.Error) as error:
        return _failed(target, run_id, database.patient_id, error)
    journal.event(
        target,
        run_id,
        database.patient_id,
        "exported",
        rows=taken.ids.rows,
        staged=taken.stream.rows,
        seconds=round(time.monotonic() - started, 3),
    )
    return Outcome(database.patient_id, "staged", legacy_rows=taken.ids.rows, missing=taken.ids.missing)


def settled_by_data(
    legacy_dsn: str,
    target: Connection,
    core: CoreIds,
    database: LegacyDatabase,
    known: Patient,
    options: Options,
) -> Outcome | None:
    """Return the outcome of a patient that needs no migration, by looking at its data on both sides.

    None means that it does need one. Raises PatientError when both sides were changed since it was migrated, when
    other data than it was migrated from is of another server or older, or when the journal counts other rows.
    """
    if known.published_at is None or known.current_digest is None or is_gone(target, known.schema_name):
        return None
    origin = source.identify(legacy_dsn, database, core, options.believe or known.surface)
    is_same_core = known.core_fingerprint == str(core.fingerprint)
    is_same_legacy = origin.digest == known.legacy_digest and is_same_core
    if origin.digest != known.legacy_digest and not options.force:
        if isinstance(database, Upload):
            raise PatientError("MB053", ELSEWHERE.format(known.source_database))
        _refuse_doubtful(known, origin)
    if read_digest(target, known.schema_name) == known.current_digest:
        if not is_counted(target, known):
            raise PatientError("MB027", OTHER_COUNTS.format(known.patient_id))
        if not is_same_legacy or options.force:
            return None
        if known.is_valid is False:
            raise PatientError(journal.NOT_VALID, NOT_VALID.format(known.patient_id))
        return _outcome(known, "unchanged")
    if is_same_legacy:
        return _outcome(known, "kept", "Changed in v0.6.0 since it was migrated; it stays as it is.")
    raise PatientError("MB022", "Changed on both sides since it was migrated; nothing was moved.")


def _refuse_doubtful(known: Patient, origin: Origin) -> None:
    """Raise PatientError for other data than a patient was moved from, unless it is the same server's of later."""
    if known.legacy_system and origin.system != known.legacy_system:
        raise PatientError("MB024", OTHER_SERVER)
    if known.taken_at and origin.taken_at < known.taken_at:
        raise PatientError("MB025", OLDER)


class _NotValidError(PatientError):
    """Its data did not pass validation, which its row in the journal keeps until it does."""


def _finish(target: Connection, run_id: int, patient: Patient, judgement: Judgement | None) -> Outcome:
    started = time.monotonic()
    try:
        if judgement is None:
            raise PatientError(patient.error_code or "MB020", patient.problem or NOT_BUILT.format(patient.patient_id))
        if judgement.digest and (differs := difference(patient, judgement.digest)):
            raise PatientError("MB021", f"Parity: {differs}.")
        if judgement.problem or judgement.digest is None:
            raise _NotValidError(journal.NOT_VALID, judgement.problem)
        with target.transaction():
            has_reader = publish(target, patient, judgement.digest)
            seconds = round(time.monotonic() - started, 3)
            journal.event(target, run_id, patient.patient_id, "published", seconds=seconds)
    except (MediabaseError, psycopg.Error) as error:
        return _failed(target, run_id, patient.patient_id, error)
    return _outcome(patient, "migrated", "" if has_reader else NO_READER)


def _failed(target: Connection, run_id: int, patient_id: str, error: MediabaseError | psycopg.Error) -> Outcome:
    code, message = describe_failure(error)
    if isinstance(error, _NotValidError):
        journal.invalidate(target, patient_id, message)
    else:
        journal.fail(target, patient_id, code, message)
    journal.event(target, run_id, patient_id, "failed", code=code)
    return Outcome(patient_id, "failed", message)


def _outcome(patient: Patient, result: Result, message: str = "") -> Outcome:
    return Outcome(
        patient_id=patient.patient_id,
        result=result,
        message=message,
        legacy_rows=patient.legacy_rows or 0,
        stored=patient.stored_rows or 0,
        baseline=patient.baseline_rows or 0,
        quarantined=patient.quarantined_rows or 0,
        reasons=patient.quarantine_reasons or {},
        missing=patient.missing_rows or 0,
    )
