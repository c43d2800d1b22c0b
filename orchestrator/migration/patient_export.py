"""Patients as files: what is stored, or the table of v0.5.0, each file whole or not there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from orchestrator.errors import MediabaseError, RefusedError, UsageError
from orchestrator.journal import Patient
from orchestrator.migration.csv_manifest import locked, replacing
from orchestrator.migration.current_rows import current_side, patient_snapshot
from orchestrator.migration.patients import known_patients
from orchestrator.patient_id import check
from orchestrator.postgres.connection import Connection, Servers, connect, read_only
from orchestrator.postgres.copy import copy_out, write_csv
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.statements import statement

Form = Literal["standard", "v0.5.0"]
"""Stored rows, and beside them those in quarantine; or all 23 columns for every transcript of the core."""
OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Exported:
    """What became of one patient: its files, or why there are none."""

    patient_id: str
    files: list[str] = field(default_factory=list)
    problem: str = ""


def export_patients(
    servers: Servers,
    patient_ids: Sequence[str],
    folder: Path,
    form: Form,
    report: Callable[[Exported], None],
    *,
    is_replacing: bool = False,
) -> list[Exported]:
    """Write published patients into `folder`, each of one moment; return what became of each, in their order.

    The target sees read-only transactions only. Raises UsageError for a patient that is not known or a folder that
    cannot be written to, RefusedError for a patient that is not published, or, without `is_replacing`, for files that
    are there; nothing is written then.
    """
    source = read_only(servers)
    with connect(source.target, autocommit=True) as target:
        patients = known_patients(target, [check(patient_id) for patient_id in patient_ids])
    if hidden := [patient.patient_id for patient in patients if patient.published_at is None]:
        raise RefusedError(f"Not published, hence not exported: {', '.join(hidden)} (see mediabase status).")
    done = []
    with _locked(folder):
        present = [path for patient in patients for path in _paths(folder, patient) if path.exists()]
        if present and not is_replacing:
            raise RefusedError(f"{present[0]} is there: pass --replace to write in its place, or name another folder.")
        for patient in patients:
            done.append(_export(source.target, patient, folder, form))
            report(done[-1])
    return done


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make the folder where it is missing, and keep other exports out of it."""
    with ExitStack() as stack:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(locked(folder))
        except OSError as error:
            raise UsageError(f"The folder {folder} cannot be written to ({error.strerror}): name another.") from error
        yield


def _paths(folder: Path, patient: Patient) -> tuple[Path, Path]:
    return folder / f"{patient.patient_id}.csv", folder / f"{patient.patient_id}.quarantine.csv"


def _export(target_dsn: str, patient: Patient, folder: Path, form: Form) -> Exported:
    write = _write_wide if form == "v0.5.0" else _write_standard
    try:
        with patient_snapshot(target_dsn, patient.schema_name, 0) as connection:
            current_side(connection, patient.schema_name)  # a column that is not double precision has other values
            files = write(connection, patient, *_paths(folder, patient))
    except (MediabaseError, psycopg.Error) as error:
        return Exported(patient.patient_id, problem=describe_failure(error)[1])
    except OSError as error:
        return Exported(patient.patient_id, problem=f"It cannot be written to {folder}: {error.strerror}.")
    return Exported(patient.patient_id, [str(path) for path in files])


def _write_standard(connection: Connection, patient: Patient, path: Path, beside: Path) -> list[Path]:
    schema = sql.Identifier(patient.schema_name)
    rows = sql.SQL("select transcript_id, expression_fold_change from {}.expression_data").format(schema)
    with replacing(path, OWNER_ONLY) as file:
        write_csv(connection, rows, None, file.write, "expression_fold_change")
    quarantine = sql.SQL("select exists (select from {}.quarantined_expression)").format(schema)
    if connection.execute(quarantine).fetchone() != (True,):
        beside.unlink(missing_ok=True)
        return [path]
    with replacing(beside, OWNER_ONLY) as file:
        copy_out(connection, statement(__package__, "left_out").format(schema=schema), None, file.write)
    return [path, beside]


def _write_wide(connection: Connection, patient: Patient, path: Path, beside: Path) -> list[Path]:
    query = statement(__package__, "wide_csv").format(schema=sql.Identifier(patient.schema_name))
    with replacing(path, OWNER_ONLY) as file:
        copy_out(connection, query, None, file.write)
    beside.unlink(missing_ok=True)  # of an earlier export in the other form; here the view has these rows, too
    return [path]
