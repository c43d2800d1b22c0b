"""One database dumped into a file, and a file restored into a database, by pg_dump and pg_restore."""

import os
import select
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile

from psycopg.conninfo import make_conninfo

from orchestrator.errors import MediabaseError
from orchestrator.postgres.dump import (
    BLOCK_BYTES,
    FOREIGN_TO_A_COPY,
    PATIENCE_SECONDS,
    Command,
    Source,
    literal,
    reading,
    reason,
    running,
    writing,
)

COMPRESSION = "1"
"""Level of gzip, which every pg_dump from 12 on can; 9 takes 3.5 times as long for a fifth less (benchmarks)."""
LOOK_SECONDS = 0.2
"""How often to look whether to go on."""


@dataclass(frozen=True)
class DumpFile:
    """A file on disk: its size in bytes, and the sha256 of them in hexadecimal."""

    size: int
    sha256: str


def dump_to_file(
    source: Source,
    name: str,
    snapshot: str,
    path: Path,
    excluded_schemas: Sequence[str],
    go_on: Callable[[], None],
    without_rows: Sequence[tuple[str, str]] = (),
    options: Sequence[str] = (),
) -> DumpFile:
    """Write database `name`, as an exported `snapshot` sees it, into a new file.

    Of the tables `without_rows`, by schema and name, only the definition is written; `options` are more of pg_dump's.
    `go_on` is called now and then, and may raise. Raises MediabaseError when the database cannot be read, and OSError
    when the file cannot be written.
    """
    command: Command = [
        source.pg_dump.path, "--format=custom", f"--compress={COMPRESSION}", f"--snapshot={snapshot}",
        f"--lock-wait-timeout={PATIENCE_SECONDS * 1000}",
        *(f"--exclude-schema={literal(schema)}" for schema in excluded_schemas),
        *(f"--exclude-table-data={literal(*table)}" for table in without_rows), *options,
    ]  # fmt: skip
    digest = sha256()
    with TemporaryFile() as complaints, path.open("xb") as file:
        with running(command, reading(source.dsn, name), stdout=subprocess.PIPE, stderr=complaints) as process:
            assert process.stdout is not None  # noqa: S101  # it is a pipe
            while block := _read(process.stdout.fileno(), go_on):
                file.write(block)
                digest.update(block)
            process.wait()
        if process.returncode != 0:
            raise MediabaseError(f"Database {name} could not be read: {reason(complaints)}.")
        file.flush()
        os.fsync(file.fileno())
        return DumpFile(file.tell(), digest.hexdigest())


def examine_file(path: Path) -> DumpFile:
    """Return what a file is now. Raises OSError when it cannot be read."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
        return DumpFile(file.tell(), digest.hexdigest())


@dataclass(frozen=True)
class Destination:
    """An empty database to restore into, with the pg_restore that fits its server."""

    dsn: str = field(repr=False)
    database: str
    pg_restore: Path
    is_copy: bool = True
    """Whether owners, rights and what else depends on the server are left out."""


def restore_file(path: Path, into: Destination, go_on: Callable[[], None], sections: Sequence[str] = ()) -> int:
    """Restore a dump, or some of its sections, into an empty database; return pg_restore's exit code.

    What it says is not kept: its words can repeat a row. `go_on` is called now and then, and may raise.
    """
    command: Command = [
        into.pg_restore, *(FOREIGN_TO_A_COPY if into.is_copy else ()), *(f"--section={each}" for each in sections),
        f"--dbname={make_conninfo(dbname=into.database)}", path,
    ]  # fmt: skip
    with running(command, writing(into.dsn), stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            go_on()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
    return process.returncode


def _read(descriptor: int, go_on: Callable[[], None]) -> bytes:
    """Return the next bytes of a pipe, nothing at its end; pg_dump may be silent for long."""
    go_on()
    while not select.select([descriptor], [], [], LOOK_SECONDS)[0]:
        go_on()
    return os.read(descriptor, BLOCK_BYTES)
