"""The dry run: what a migration would do, without writing anything on either side."""

from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from orchestrator import journal
from orchestrator.errors import MediabaseError
from orchestrator.journal import Patient
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.legacy.survey import CoreIds
from orchestrator.migration import core, source
from orchestrator.migration.batch import settled_by_data
from orchestrator.migration.manifest import read_manifest
from orchestrator.migration.outcome import Options, Outcome
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.failures import describe_failure


def plan(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    options: Options,
    manifest: Path | None,
    csv: Path | None,
    begin: Callable[[int], None],
    report: Callable[[Outcome], None],
) -> list[Outcome]:
    """Return what `migrate` with the same arguments would make of each patient.

    Raises what `migrate` raises. Both servers see read-only transactions only.
    """
    found, databases = source.find(servers, csv, patient_ids)
    if manifest:
        read_manifest(manifest, {database.patient_id for database in found})
    return plan_for(servers, databases, options, begin, report, is_import=False)


def plan_for(
    servers: Servers,
    databases: Sequence[LegacyDatabase],
    options: Options,
    begin: Callable[[int], None],
    report: Callable[[Outcome], None],
    *,
    is_import: bool,
) -> list[Outcome]:
    """Return what would become of these patients; of files, when it `is_import`. Raises what `plan` raises."""
    begin(len(databases))
    outcomes = []
    with connect(servers.target, autocommit=True) as target:
        target.execute("set default_transaction_read_only = on")
        core.check(target)
        known = {}
        if journal.exists(target):
            journal.refuse_taken_names(target, databases, is_import=is_import)
            known = journal.patients(target)
        ids = core.core_ids(target)
        for database in databases:
            outcome = _plan_one(servers.legacy, target, ids, database, known.get(database.patient_id), options)
            report(outcome)
            outcomes.append(outcome)
    return outcomes


def _plan_one(
    legacy_dsn: str,
    target: Connection,
    ids: CoreIds,
    database: LegacyDatabase,
    known: Patient | None,
    options: Options,
) -> Outcome:
    try:
        settled = known and settled_by_data(legacy_dsn, target, ids, database, known, options)
        believe = options.believe or (known.surface if known else None)
        return settled or _predict(legacy_dsn, database, ids, believe, options.on_bad_rows)
    except (MediabaseError, psycopg.Error) as error:
        return Outcome(database.patient_id, "failed", describe_failure(error)[1])


def _predict(legacy_dsn: str, database: LegacyDatabase, ids: CoreIds, believe: str | None, on_bad_rows: str) -> Outcome:
    predicted = source.predict(legacy_dsn, database, ids, believe)
    if predicted.reasons and on_bad_rows == "fail":
        return Outcome(database.patient_id, "failed", f"It has rows that cannot be stored: {predicted.reasons}.")
    return Outcome(
        patient_id=database.patient_id,
        result="migrated",
        legacy_rows=predicted.rows,
        stored=predicted.dispositions.get("stored", 0),
        baseline=predicted.dispositions.get("baseline", 0),
        quarantined=sum(predicted.reasons.values()),
        reasons=predicted.reasons,
        missing=predicted.missing,
    )
