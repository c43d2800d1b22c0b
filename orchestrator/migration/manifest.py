"""The manifest: clinical facts of patients, which v0.5.0 does not hold, from a patients.csv."""

import csv
from pathlib import Path

import psycopg
from psycopg import sql

from orchestrator.errors import UsageError
from orchestrator.patient_id import is_supported
from orchestrator.postgres.connection import Connection

COLUMNS = (
    "patient_id", "normalization_method", "clinical_notes", "cancer_type", "cancer_subtype", "tissue_type",
    "sample_type", "sequencing_platform", "read_depth_millions",
)  # fmt: skip


def load_manifest(target: Connection, path: Path) -> int:
    """Put the facts of `path` beside the exports, replacing earlier ones; return how many patients it names.

    Raises UsageError when the file cannot be read, has a column that there is no place for, or a bad value.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or [])
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"The manifest {path} cannot be read: {error}.") from error
    unknown = [column for column in columns if column not in COLUMNS]
    if "patient_id" not in columns or unknown:
        raise UsageError(
            f"The manifest {path} has columns {', '.join(columns)}: "
            f"it needs patient_id, and may have {', '.join(COLUMNS[1:])}."
        )
    for line, row in enumerate(rows, start=2):
        if not is_supported(row["patient_id"] or ""):
            raise UsageError(f"{path}, line {line}: {row['patient_id']!r} is not a patient id.")
    _store(target, path, columns, rows)
    return len(rows)


def _store(target: Connection, path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    insert = sql.SQL("insert into staging.patient_manifest ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(map(sql.Placeholder, columns)),
    )
    try:
        with target.transaction(), target.cursor() as cursor:
            ids = [row["patient_id"] for row in rows]
            cursor.execute("delete from staging.patient_manifest where patient_id = any(%s)", [ids])
            cursor.executemany(insert, [{name: row[name] or None for name in columns} for row in rows])
    except psycopg.errors.UniqueViolation as error:
        raise UsageError(f"The manifest {path} names a patient twice.") from error
    except psycopg.errors.DataError as error:
        raise UsageError(f"The manifest {path} has a read_depth_millions that is not a number.") from error
