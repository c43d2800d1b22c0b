"""What is known of a backup: a manifest beside its files, without which a folder is no backup."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import MediabaseError
from orchestrator.postgres.dump import UTF8
from orchestrator.postgres.dump_file import DumpFile
from orchestrator.postgres.tables import TableDigest

MANIFEST = "manifest.json"
DUMP = "database.dump"
THIN = "thin.zip"
ROLES = "roles.sql"


@dataclass(frozen=True)
class Contents:
    """What a database holds: rows and digest of each table, and the names of all objects, both sorted."""

    tables: tuple[TableDigest, ...]
    objects: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Return the sha256, in hexadecimal, of the names, row counts and digests of all tables."""
        lines = sorted(f"{json.dumps([each.schema, each.table])} {each.rows} {each.digest}" for each in self.tables)
        return sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Grant:
    """A right on a database; `grantee` is None for everybody."""

    grantee: str | None
    privilege: Literal["CONNECT", "CREATE", "TEMPORARY"]
    is_grantable: bool


@dataclass(frozen=True)
class Properties:
    """What a server keeps of a database, and a dump does not restore under another name."""

    owner: str
    encoding: str
    collation: str
    character_type: str
    settings: tuple[str, ...]
    """Of the database for all roles, each name=value."""
    grants: tuple[Grant, ...] | None
    """None: those of every new database."""


@dataclass(frozen=True)
class TableSource:
    """Where the rows of a table of a thin archive are."""

    schema: str
    table: str
    core_schema: str | None
    """Schema of the core's table of the same name that has the rows; None: they are in the archive's dump."""
    columns: tuple[str, ...] = ()
    fold_column: str | None = None
    """The column whose values come apart from the rows, by transcript_id."""
    gone: int = 0
    """Kinds of rows of the core's table that this one does not have."""
    added: int = 0
    """Rows that the core's table does not have."""
    values: int = 0
    """Fold changes that are not the core's."""
    values_in: str = ""
    """The part of the archive that has them, which both surfaces share where they agree."""
    reason: str = ""
    """Why the rows are in the dump."""


@dataclass(frozen=True)
class Thin:
    """What a thin archive needs and has: rows come from the backup of a core, and what differs is stored."""

    core: str
    """Digest of the core's contents; see `Contents.digest`."""
    core_folder: str
    """Where that backup was when the archive was made, DATABASE/TIME."""
    tables: tuple[TableSource, ...]


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
    properties: Properties | None = None
    """None in manifests of before there were thin archives."""
    definitions: str = ""
    """Digest of definitions, sequences and large objects, as the server has them that it was taken from."""
    thin: Thin | None = None
    """None: the dump has all rows."""
    write_seconds: float = 0.0
    verify_seconds: float = 0.0
    """What restoring and comparing took, for those who plan a way back."""
    full_because: str = ""
    """Why an archive that was to be thin has all rows."""
    format: Literal[4] = 4

    @property
    def encoding(self) -> str:
        """Return the encoding of the database's text, in which its digests were taken."""
        return self.properties.encoding if self.properties else UTF8

    @property
    def file(self) -> str:
        """Return the name of the file that `dump` describes."""
        return THIN if self.thin else DUMP


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
