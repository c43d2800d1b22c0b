"""What an import made of a patient, and the rows of its file that are not stored, as a file."""

from dataclasses import dataclass
from pathlib import Path

from psycopg import sql
from psycopg.rows import class_row

from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.copy import copy_out
from orchestrator.postgres.engine import table_bytes
from orchestrator.postgres.statements import statement


@dataclass(frozen=True)
class Imported:
    """An imported patient, in rows of its file; with --gene-to-transcript all in transcripts."""

    patient_id: str
    source_file: str
    file_format: str
    uploaded: int
    matched: int
    """Rows whose id names transcripts of the core; some may be in quarantine, or duplicates."""
    unmatched: int
    stored: int
    baseline: int
    """Rows at exactly 1.0."""
    quarantined: int
    over_expressed: int
    """Stored fold changes above 2."""
    under_expressed: int
    """Stored fold changes below 0.5."""
    schema_bytes: int
    details: dict[str, object]
    """How the file was read, and by which rule its genes became transcripts."""


def import_report(target: Connection, patient_id: str) -> Imported:
    """Return what an import made of a patient that was published."""
    names = {"schema": sql.Identifier(schema_name(patient_id)), "bytes": table_bytes(target)}
    query = statement(__package__, "import_report").format(**names)
    with target.cursor(row_factory=class_row(Imported)) as cursor:
        row = cursor.execute(query, {"patient_id": patient_id}).fetchone()
    assert row is not None  # noqa: S101  # it was published just now
    return row


def write_left_out(target: Connection, patient_id: str, folder: Path) -> Path:
    """Write the rows of a patient's file that are not stored, with the reason of each; only their owner may read it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{patient_id}.csv"
    query = statement(__package__, "left_out").format(schema=sql.Identifier(schema_name(patient_id)))
    path.unlink(missing_ok=True)
    path.touch(0o600)
    with path.open("wb") as file, target.transaction():
        copy_out(target, query, None, file.write)
    return path
