"""The manifest: clinical facts of patients, which v0.5.0 does not hold, from a patients.csv."""

import csv
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from orchestrator.errors import UsageError
from orchestrator.migration.parity import is_metadata_as_built
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

COLUMNS = (
    "patient_id", "normalization_method", "clinical_notes", "cancer_type", "cancer_subtype", "tissue_type",
    "sample_type", "sequencing_platform", "read_depth_millions",
)  # fmt: skip
FROM_METADATA = ("patient_metadata", "patient_signatures")
"""Models in schema cohort that read a patient's metadata; the second by way of the first."""


@dataclass(frozen=True)
class Manifest:
    """Clinical facts as a file gives them: its columns, and a row a patient."""

    columns: list[str]
    rows: list[dict[str, str]]


def read_manifest(path: Path, known: Set[str] | None, more: Sequence[str] = ()) -> Manifest:
    """Return the facts in `path` about patients whose ids are `known`, or, with None, about any; with `more` columns.

    Raises UsageError when the file cannot be read, names another patient, has a column that there is no place
    for, or a bad value.
    """
    allowed = (*COLUMNS, *more)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or [])
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"The manifest {path} cannot be read: {error}.") from error
    if "patient_id" not in columns or not set(columns) <= set(allowed) or len(set(columns)) < len(columns):
        raise UsageError(
            f"The manifest {path} has the columns {', '.join(columns)}: "
            f"it needs patient_id, and may have each of {', '.join(allowed[1:])} once."
        )
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        _check(row, f"{path}, line {line}", known, seen)
    return Manifest(columns, rows)


def _check(row: dict[str, str], where: str, known: Set[str] | None, seen: set[str]) -> None:
    patient_id, depth = row["patient_id"] or "", row.get("read_depth_millions") or "0"
    if None in row or None in row.values():
        raise UsageError(f"{where}: not as many values as the first line has columns.")
    if known is not None and patient_id not in known:
        raise UsageError(f"{where}: there is no legacy database of a patient {patient_id!r}.")
    if patient_id in seen:
        raise UsageError(f"{where}: patient {patient_id} is named a second time.")
    if re.fullmatch(r"\d+(\.\d+)?", depth) is None:
        raise UsageError(f"{where}: read_depth_millions is not a number.")
    seen.add(patient_id)


def store_manifest(target: Connection, manifest: Manifest) -> None:
    """Put the facts beside the exports; what an earlier manifest said in other columns stays."""
    insert = sql.SQL(
        "insert into staging.patient_manifest ({}) values ({}) on conflict (patient_id) do update set {}"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, manifest.columns)),
        sql.SQL(", ").join(map(sql.Placeholder, manifest.columns)),
        sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in manifest.columns),
    )
    with target.transaction(), target.cursor() as cursor:
        cursor.executemany(insert, [{key: value or None for key, value in row.items()} for row in manifest.rows])


def update_metadata(target: Connection, manifest: Manifest, patient_ids: Set[str]) -> set[str]:
    """Put the facts into the metadata of those of `patient_ids`, built already, that the manifest names.

    They are in staging.patient_manifest already, and metadata becomes what a rebuild would make of it: what the
    manifest leaves empty is no fact any more. Returns the ids whose metadata somebody has edited since it was built:
    that stays as it is.
    """
    facts = sql.SQL(", ").join(sql.SQL("{0} = manifest.{0}").format(sql.Identifier(name)) for name in manifest.columns)
    edited = set()
    for patient_id in patient_ids & {row["patient_id"] for row in manifest.rows}:
        schema = schema_name(patient_id)
        table = sql.Identifier(schema, "metadata")
        with target.transaction():
            target.execute(sql.SQL("lock table {} in share row exclusive mode").format(table))
            if not is_metadata_as_built(target, patient_id):
                edited.add(patient_id)
                continue
            target.execute(statement(__package__, "metadata").format(schema=sql.Identifier(schema), facts=facts))
            target.execute(
                "update migration.patient set metadata_digest = migration.metadata_digest(schema_name) "
                "where patient_id = %s",
                [patient_id],
            )
            _renew_cohort(target, patient_id, schema)
    return edited


def _renew_cohort(target: Connection, patient_id: str, schema: str) -> None:
    """Work out anew what schema cohort has from metadata; nothing where no build has prepared that."""
    for name in FROM_METADATA:
        function = f"cohort.fill_{name}(text, text)"
        if target.execute("select to_regprocedure(%s)", [function]).fetchone() != (None,):
            fill = sql.SQL("select {}(%s, %s)").format(sql.Identifier("cohort", f"fill_{name}"))
            target.execute(fill, [patient_id, schema])
