"""Which files are which patients, from a CSV: patient_id, file, clinical facts, and how to read a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from orchestrator.errors import UsageError
from orchestrator.migration.manifest import COLUMNS, Manifest, read_manifest
from orchestrator.migration.matching import Rule
from orchestrator.migration.upload import Upload
from orchestrator.patient_id import check, refuse_collisions
from orchestrator.uploads.layout import Asked, AskedFormat

FILE = "file"
READING = ("format", "id_column", "value_column", "gene_to_transcript")
"""Columns that say how a file is to be read, where that is not to be found out."""


def read_uploads(path: Path, asked: Asked, rule: Rule) -> tuple[list[Upload], Manifest]:
    """Return the files that a manifest names, relative to its folder, and the facts about their patients.

    `asked` and `rule` hold where its columns say nothing. Whether a file is there and good is found out patient by
    patient. Raises UsageError for a manifest that cannot be followed, RefusedError for ids that lead to one schema.
    """
    found = read_manifest(path, None, (FILE, *READING))
    if FILE not in found.columns or not found.rows:
        raise UsageError(f"The manifest {path} needs a column {FILE}, and a line for each patient.")
    uploads = [_upload(path, line, row, asked, rule) for line, row in enumerate(found.rows, start=2)]
    refuse_collisions(upload.patient_id for upload in uploads)
    columns = [column for column in found.columns if column in COLUMNS]
    return uploads, Manifest(columns, [{column: row[column] for column in columns} for row in found.rows])


def _upload(path: Path, line: int, row: Mapping[str, str], asked: Asked, rule: Rule) -> Upload:
    where = f"{path}, line {line}"
    if not row[FILE]:
        raise UsageError(f"{where}: it names no file.")
    file = path.parent / row[FILE]
    return Upload(
        name=file.name,
        patient_id=check(row["patient_id"]),
        path=file.absolute(),
        asked=Asked(
            _one_of(row.get("format"), AskedFormat, f"{where}, format") or asked.file_format,  # type: ignore[arg-type]
            row.get("id_column") or asked.id_column,
            row.get("value_column") or asked.value_column,
        ),
        rule=_one_of(row.get("gene_to_transcript"), Rule, f"{where}, gene_to_transcript") or rule,  # type: ignore[arg-type]
    )


def _one_of(value: str | None, choices: object, where: str) -> str | None:
    allowed = get_args(choices)
    if value and value not in allowed:
        raise UsageError(f"{where}: it must be one of {', '.join(allowed)}.")
    return value or None
