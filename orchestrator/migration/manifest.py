"""The manifest: clinical facts of patients, which v0.5.0 does not hold, from a patients.csv."""

import csv
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from orchestrator.errors import UsageError
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

COLUMNS = (
    "patient_id", "normalization_method", "clinical_notes", "cancer_type", "cancer_subtype", "tissue_type",
    "sample_type", "sequencing_platform", "read_depth_millions",
)  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """Clinical facts as a file gives them: its columns, and a row a patient."""

    path: Path
    columns: list[str]
    rows: list[dict[str, str]]


def read_manifest(path: Path, known: Set[str]) -> Manifest:
    """Return the facts in `path` about patients whose ids are `known`.

    Raises UsageError when the file cannot be read, names another patient, has a column that there is no place
    for, or a bad value.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or [])
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"The manifest {path} cannot be read: {error}.") from error
    if "patient_id" not in columns or not set(columns) <= set(COLUMNS) or len(set(columns)) < len(columns):
        raise UsageError(
            f"The manifest {path} has the columns {', '.join(columns)}: "
            f"it needs patient_id, and may have each of {', '.join(COLUMNS[1:])} once."
        )
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        _check(row, f"{path}, line {line}", known, seen)
    return Manifest(path, columns, rows)


def _check(row: dict[str, str], where: str, known: Set[str], seen: set[str]) -> None:
    patient_id, depth = row["patient_id"] or "", row.get("read_depth_millions") or "0"
    if None in row or None in row.values():
        raise UsageError(f"{where}: not as many values as the first line has columns.")
    if patient_id not in known:
        raise UsageError(f"{where}: there is no legacy database of a patient {patient_id!r}.")
    if patient_id in seen:
        raise UsageError(f"{where}: patient {patient_id} is named a second time.")
    if re.fullmatch(r"\d+(\.\d+)?", depth) is None:
        raise UsageError(f"{where}: read_depth_millions is not a number.")
    seen.add(patient_id)


def store_manifest(target: Connection, manifest: Manifest) -> None:
    """Put the facts beside the exports, replacing earlier ones of the same patients."""
    insert = sql.SQL("insert into staging.patient_manifest ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, manifest.columns)),
        sql.SQL(", ").join(map(sql.Placeholder, manifest.columns)),
    )
    ids = [row["patient_id"] for row in manifest.rows]
    with target.transaction(), target.cursor() as cursor:
        cursor.execute("delete from staging.patient_manifest where patient_id = any(%s)", [ids])
        cursor.executemany(insert, [{key: value or None for key, value in row.items()} for row in manifest.rows])


def update_metadata(target: Connection, patient_ids: Sequence[str]) -> None:
    """Put stored facts into the metadata of patients that were not built again; others have none changed."""
    update = statement(__package__, "metadata")
    for patient_id in patient_ids:
        with target.transaction():
            target.execute("set local timezone = 'UTC'; set local datestyle = 'ISO'")  # as the build does
            target.execute(update.format(schema=sql.Identifier(schema_name(patient_id))), {"patient_id": patient_id})
