"""The manifest of a CSV export: what a folder holds of which patients, so that it can be taken back exactly."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from orchestrator.errors import UsageError
from orchestrator.legacy.databases import SURFACES
from orchestrator.patient_id import is_supported, refuse_collisions

NAME = "manifest.json"
FORMAT_VERSION = 1

Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class Entry:
    """One patient's file, and what an export would stage beside its rows."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    patient_id: str
    source_database: str
    file: str
    bytes: Count
    sha256: Sha256
    surface: Annotated[str, Field(pattern=f"^({'|'.join(SURFACES)})$")]
    surface_class: str
    legacy_rows: Count
    staged_rows: Count
    unknown_rows: Count
    missing_rows: Count
    legacy_digest: Sha256
    core_fingerprint: Annotated[str, Field(pattern="^[0-9]+:-?[0-9]+$")]
    legacy_system: str
    """Identifier of the server that it was read from."""
    exported_at: AwareDatetime


@dataclass(frozen=True)
class CsvManifest:
    """The file manifest.json of a folder."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    format_version: int = FORMAT_VERSION
    product_version: str = field(default_factory=lambda: version("mediabase-migration"))
    written_at: AwareDatetime = field(default_factory=lambda: datetime.now(UTC))
    patients: list[Entry] = field(default_factory=list)


JSON = TypeAdapter(CsvManifest)


def file_name(patient_id: str) -> str:
    """Return the name of a patient's file, as in the guide; case is kept."""
    return f"{patient_id}_fold_changes.csv"


def load(folder: Path) -> list[Entry]:
    """Return what the manifest of `folder` says of each patient.

    Raises UsageError when it is missing, cannot be read, is of another format version, or says what no export
    writes; RefusedError when two of its patients lead to one schema.
    """
    path = folder / NAME
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): name a folder that export --csv wrote.") from error
    try:
        found = json.loads(text)
        stated = found.get("format_version")
        if stated == FORMAT_VERSION:
            entries = JSON.validate_json(text).patients
    except (ValueError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} is not a manifest of export --csv ({_reason(error)}): export again.") from error
    if stated != FORMAT_VERSION:
        raise UsageError(f"{path} is of format version {stated!r}, and this release reads {FORMAT_VERSION}.")
    _check(path, entries)
    return entries


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "no JSON object"
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _check(path: Path, entries: list[Entry]) -> None:
    seen: set[str] = set()
    databases: set[str] = set()
    for entry in entries:
        patient_id = entry.patient_id
        if not is_supported(patient_id):
            raise UsageError(f"{path} names {patient_id!r}, which is not a patient id: export again.")
        if patient_id in seen or entry.source_database in databases:
            raise UsageError(f"{path} names patient {patient_id} twice: export it again into another folder.")
        if entry.file != file_name(patient_id):
            raise UsageError(
                f"{path} names the file {entry.file!r} for {patient_id}: it must be {file_name(patient_id)}."
            )
        core_rows = int(entry.core_fingerprint.partition(":")[0])
        if entry.legacy_rows - entry.unknown_rows + entry.missing_rows != core_rows:
            raise UsageError(f"{path}: the row counts of {patient_id} do not add up to the core's: export it again.")
        seen.add(patient_id)
        databases.add(entry.source_database)
    refuse_collisions(seen)


def load_beside(folder: Path, patient_ids: Iterable[str]) -> list[Entry]:
    """Return what the manifest says, nothing when there is none, before files of these patients are added.

    Raises what `load` raises, and RefusedError when one of them and another patient lead to one schema: their files
    may be one on a file system that ignores case.
    """
    entries = load(folder) if (folder / NAME).exists() else []
    refuse_collisions({*patient_ids, *(entry.patient_id for entry in entries)})
    return entries


def save(folder: Path, entries: Iterable[Entry]) -> None:
    """Write the manifest; only while `locked`."""
    patients = sorted(entries, key=lambda entry: entry.patient_id)
    with replacing(folder / NAME) as file:
        file.write(JSON.dump_json(CsvManifest(patients=patients), indent=2) + b"\n")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other exports from writing into `folder`; waits for one that does, which is a matter of one patient."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Yield a file that takes the place of `path` once it is complete and on disk; until then nothing changes.

    It never has other rights than `mode`, less the umask. Only while `locked`: what a killed command left is removed
    here.
    """
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with open(partial, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name too
        finally:
            os.close(folder)
    finally:
        partial.unlink(missing_ok=True)
