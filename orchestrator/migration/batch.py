"""One batch of patients, from legacy database to published schema: export, one dbt call, parity, publish."""

import time
from collections.abc import Callable, Sequence

import psycopg

from orchestrator.dbt.runner import DbtOutcome, run_models
from orchestrator.errors import MediabaseError, PatientError
from orchestrator.legacy.databases import LegacyDatabase, snapshot
from orchestrator.legacy.survey import CoreIds, survey
from orchestrator.migration import journal
from orchestrator.migration.export import clear, export_patient
from orchestrator.migration.journal import Patient
from orchestrator.migration.outcome import Options, Outcome, Place, Progress, Result
from orchestrator.migration.parity import difference, read_back
from orchestrator.migration.publish import publish
from orchestrator.postgres.connection import Connection

Report = Callable[[Progress | Outcome], None]


def migrate_batch(
    place: Place,
    target: Connection,
    core: CoreIds,
    batch: Sequence[LegacyDatabase],
    options: Options,
    report: Report,
) -> None:
    """Migrate every patient of the batch; report one Outcome for each, whatever happens to it."""
    known = journal.patients(target, [database.patient_id for database in batch])
    started = {}
    exported = []
    for database in batch:
        started[database.patient_id] = time.monotonic()
        report(Progress(database.patient_id, "export"))
        outcome = _unless_settled(place, target, core, database, known[database.patient_id], options)
        if outcome.result == "staged":
            exported.append(database.patient_id)
        else:
            report(outcome)
    if not exported:
        return
    for patient_id in exported:
        report(Progress(patient_id, "build"))
    built = run_models(
        ["path:models/staging", "path:models/patient"],
        {"patient_ids": exported, "on_bad_rows": options.on_bad_rows},
    )
    for patient_id in exported:
        report(Progress(patient_id, "parity"))
        seconds = time.monotonic() - started[patient_id]
        report(_finish(place, target, patient_id, built, seconds))
    clear(target, exported)


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
    except (MediabaseError, psycopg.Error) as error:
        return _failed(target, place.run_id, database.patient_id, error)
    return settled or stage(place.legacy_dsn, target, place.run_id, database, core, options.believe)


def stage(
    legacy_dsn: str,
    target: Connection,
    run_id: int,
    database: LegacyDatabase,
    core: CoreIds,
    believe: str | None,
) -> Outcome:
    """Export one patient; return that it is staged, or that it failed."""
    started = time.monotonic()
    try:
        taken = export_patient(legacy_dsn, target, database, core, believe)
    except (MediabaseError, psycopg.Error) as error:
        return _failed(target, run_id, database.patient_id, error)
    rows, staged = taken.ids.rows, taken.stream.rows
    journal.event(target, run_id, database.patient_id, "exported", rows=rows, staged=staged)
    return Outcome(
        database.patient_id,
        "staged",
        legacy_rows=rows,
        missing=taken.ids.missing,
        seconds=time.monotonic() - started,
    )


def settled_by_data(
    legacy_dsn: str,
    target: Connection,
    core: CoreIds,
    database: LegacyDatabase,
    known: Patient,
    options: Options,
) -> Outcome | None:
    """Return the outcome of a patient that needs no migration, by looking at its data on both sides.

    None means that it does need one.
    """
    if known.published_at is None or known.current_digest is None:
        return None
    if read_back(target, known.schema_name).digest != known.current_digest:
        return _outcome(known, "kept", "It was changed in v0.6.0 since it was migrated, and stays as it is.")
    if options.force or known.state == "failed":
        return None
    with snapshot(legacy_dsn, database.name) as legacy:
        found = survey(legacy, core, options.believe)
    return _outcome(known, "unchanged") if found.stream.digest == known.legacy_digest else None


def _finish(place: Place, target: Connection, patient_id: str, built: DbtOutcome, seconds: float) -> Outcome:
    """Check parity of a patient that dbt was asked to build, and let readers in."""
    try:
        patient = journal.patients(target, [patient_id])[patient_id]
        if patient.state != "built":
            reason = patient.problem if patient.state == "failed" else built.problem
            raise PatientError(patient.error_code or "MB020", reason or "dbt did not build it.")
        found = read_back(target, patient.schema_name)
        if differs := difference(patient, found):
            raise PatientError("MB021", f"Parity: {differs}.")
        publish(target, patient_id, patient.schema_name, found.digest)
        journal.event(target, place.run_id, patient_id, "published", seconds=round(seconds, 3))
    except (MediabaseError, psycopg.Error) as error:
        return _failed(target, place.run_id, patient_id, error)
    return _outcome(patient, "migrated", seconds=seconds)


def _failed(
    target: Connection, run_id: int, patient_id: str, error: MediabaseError | psycopg.Error
) -> Outcome:
    """Record a failure, without any text that could carry a value of the patient."""
    if isinstance(error, psycopg.Error):
        code = error.sqlstate or "08006"
        constraint = f" ({error.diag.constraint_name})" if error.diag.constraint_name else ""
        message = f"PostgreSQL error {code}{constraint}: {type(error).__name__}."
    else:
        code, message = getattr(error, "code", "MB000"), str(error)
    journal.fail(target, patient_id, code, message)
    journal.event(target, run_id, patient_id, "failed", code=code)
    return Outcome(patient_id, "failed", message)


def _outcome(patient: Patient, result: Result, message: str = "", seconds: float = 0.0) -> Outcome:
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
        seconds=seconds,
    )
