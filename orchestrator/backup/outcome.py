"""What became of one backup."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import psycopg

from orchestrator.backup.manifest import Manifest
from orchestrator.errors import MediabaseError
from orchestrator.postgres.failures import describe_failure


@dataclass(frozen=True)
class BackedUp:
    """One database's backup, or else what is wrong with it, as one sentence."""

    database: str
    patient_id: str | None
    """None for the core."""
    folder: Path | None = None
    server: str | None = None
    """Identifier of the server's cluster."""
    taken_at: datetime | None = None
    is_thin: bool = False
    full_because: str = ""
    """Why an archive that was to be thin is not."""
    dump_bytes: int = 0
    tables: int = 0
    rows: int = 0
    write_seconds: float | None = None
    verify_seconds: float | None = None
    """What restoring it and comparing took when it was made."""
    seconds: float | None = None
    """What it took to make or to check it."""
    problem: str | None = None


def backed_up(folder: Path, manifest: Manifest) -> BackedUp:
    """Return the outcome for a backup that is there."""
    tables = manifest.contents.tables
    return BackedUp(
        database=manifest.database,
        patient_id=manifest.patient_id,
        folder=folder,
        server=manifest.system,
        taken_at=manifest.taken_at,
        is_thin=manifest.thin is not None,
        full_because=manifest.full_because,
        dump_bytes=manifest.dump.size,
        tables=len(tables),
        rows=sum(table.rows for table in tables),
        write_seconds=manifest.write_seconds,
        verify_seconds=manifest.verify_seconds,
    )


def attempt(work: Callable[[], BackedUp], otherwise: BackedUp) -> BackedUp:
    """Return what `work` returns, or when it fails `otherwise` with the reason; both with the seconds it took."""
    started = time.monotonic()
    try:
        done = work()
    except OSError as error:
        where = error.filename or otherwise.folder or "its folder"
        done = replace(otherwise, problem=f"{where}: {error.strerror}.")
    except (MediabaseError, psycopg.Error) as error:
        done = replace(otherwise, problem=describe_failure(error)[1])
    return replace(done, seconds=round(time.monotonic() - started, 1))
