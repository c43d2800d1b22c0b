"""Export to a folder: a CSV a patient, as the guide has it, and a manifest by which it can be taken back."""

from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from orchestrator.errors import MediabaseError, PatientError, UsageError
from orchestrator.legacy.databases import LegacyDatabase, choose, snapshot
from orchestrator.legacy.survey import CoreIds, Survey, survey, write_rows
from orchestrator.migration import core
from orchestrator.migration.csv_files import measure, read_file
from orchestrator.migration.csv_manifest import Entry, file_name, load_beside, locked, replacing, save
from orchestrator.migration.names import legacy_databases
from orchestrator.migration.outcome import Outcome, Progress, Report
from orchestrator.postgres.connection import Servers, connect
from orchestrator.postgres.failures import describe_failure


def export_csv(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    believe: str | None,
    folder: Path,
    begin: Callable[[int], None],
    report: Report,
) -> list[Outcome]:
    """Write the named patients, or all, as CSV files into `folder`; return what became of each.

    Both servers see read-only transactions only. Raises UsageError or RefusedError before any file is written.
    """
    databases = choose(legacy_databases(servers), patient_ids)
    with connect(servers.target, autocommit=True) as target:
        target.execute("set default_transaction_read_only = on")
        core.check(target)
        _prepare(folder, databases)
        begin(len(databases))
        ids = core.core_ids(target)
        outcomes = []
        for database in databases:
            report(Progress(database.patient_id, "export"))
            outcomes.append(_export(servers.legacy, database, ids, believe, folder))
            report(outcomes[-1])
    return outcomes


def _prepare(folder: Path, databases: Sequence[LegacyDatabase]) -> None:
    """Make the folder, and see that these patients can be added to what it holds."""
    load_beside(folder, [database.patient_id for database in databases])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            pass
    except OSError as error:
        raise UsageError(f"The folder {folder} cannot be written to ({error.strerror}): name another.") from error


def _export(legacy_dsn: str, database: LegacyDatabase, ids: CoreIds, believe: str | None, folder: Path) -> Outcome:
    patient_id = database.patient_id
    path = folder / file_name(patient_id)
    try:
        with locked(folder):
            present = load_beside(folder, [patient_id])
            others = [each for each in present if each.source_database != database.name]
            with replacing(path) as file:
                with snapshot(legacy_dsn, database.name) as legacy:
                    taken = survey(legacy, ids, believe)
                    write_rows(legacy, taken.surface, taken.ids.unknown, file.write)
                file.flush()
                size, sha256 = _read_back(Path(file.name), taken)
            save(folder, [*others, _entry(database, path.name, size, sha256, taken, ids)])
            for former in present:
                if former.source_database == database.name and former.file != path.name:
                    (folder / former.file).unlink(missing_ok=True)  # written before the patient was renamed
    except (MediabaseError, psycopg.Error) as error:
        return Outcome(patient_id, "failed", describe_failure(error)[1])
    except OSError as error:
        return Outcome(patient_id, "failed", f"{path} cannot be written: {error.strerror}.")
    return Outcome(patient_id, "exported", legacy_rows=taken.ids.rows, missing=taken.ids.missing)


def _read_back(path: Path, taken: Survey) -> tuple[int, str]:
    """Return bytes and sha256 of what was written, which must give the digest of the rows that were read in binary."""
    written = read_file(path, lambda _: None)
    if (written.rows, written.digest) != (taken.stream.rows, taken.stream.digest):
        raise PatientError("MB032", "Its values have no exact text: the CSV read back is not what the database holds.")
    return measure(path)


def _entry(database: LegacyDatabase, file: str, size: int, sha256: str, taken: Survey, ids: CoreIds) -> Entry:
    return Entry(
        patient_id=database.patient_id,
        source_database=database.name,
        file=file,
        bytes=size,
        sha256=sha256,
        surface=taken.surface,
        surface_class=taken.surface_class,
        legacy_rows=taken.ids.rows,
        staged_rows=taken.stream.rows,
        unknown_rows=len(taken.ids.unknown),
        missing_rows=taken.ids.missing,
        legacy_digest=taken.stream.digest,
        core_fingerprint=str(ids.fingerprint),
        legacy_system=taken.system,
        exported_at=taken.taken_at,
    )
