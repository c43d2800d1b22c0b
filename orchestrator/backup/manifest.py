"""What is known of a backup: a manifest beside its files, without which a folder is no backup."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import MediabaseError
from orchestrator.postgres.dump_file import DumpFile
from orchestrator.postgres.tables import TableDigest

MANIFEST = "manifest.json"
DUMP = "database.dump"
ROLES = "roles.sql"


@dataclass(frozen=True)
class Contents:
    """What a database holds: rows and digest of each table, and the names of all objects, both sorted."""

    tables: tuple[TableDigest, ...]
    objects: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """A backup that was restored and compared: it is written when that is done."""

    database: str
    patient_id: str | None
    """None for a backup of the core."""
    taken_at: datetime
    server_version: str
    system: str
    """Identifier of the server's cluster."""
    pg_dump: str
    database_bytes: int
    """Size on disk of the database, for those who restore it."""
    dump: DumpFile
    roles: DumpFile
    contents: Contents
    format: Literal[1] = 1


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a backup's folder. Raises OSError."""
    text = json.dumps(asdict(manifest), default=_as_text, indent=1)
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup's folder; raise MediabaseError when it has none that can be used."""
    try:
        return TypeAdapter(Manifest).validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise MediabaseError(f"{folder} is no backup: its {MANIFEST} cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise MediabaseError(
            f"{folder / MANIFEST} is not one that `mediabase backup` wrote{f': look at {where}' if where else ''}."
        ) from error


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
