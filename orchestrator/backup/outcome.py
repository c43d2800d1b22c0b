"""What became of one backup."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.backup.manifest import Manifest


@dataclass(frozen=True)
class BackedUp:
    """One database's backup, or else what is wrong with it, as one sentence."""

    database: str
    patient_id: str | None
    """None for the core."""
    folder: Path | None = None
    taken_at: datetime | None = None
    dump_bytes: int = 0
    tables: int = 0
    rows: int = 0
    seconds: float | None = None
    """What it took to make or to check it."""
    problem: str | None = None


def outcome(folder: Path, manifest: Manifest, seconds: float | None = None, problem: str | None = None) -> BackedUp:
    """Return the outcome for a backup that is there."""
    tables = manifest.contents.tables
    return BackedUp(
        database=manifest.database,
        patient_id=manifest.patient_id,
        folder=folder,
        taken_at=manifest.taken_at,
        dump_bytes=manifest.dump.size,
        tables=len(tables),
        rows=sum(table.rows for table in tables),
        seconds=seconds,
        problem=problem,
    )
