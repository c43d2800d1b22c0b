"""One database dumped into a file, and a file restored into a database, by pg_dump and pg_restore."""

import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile

from psycopg.conninfo import make_conninfo

from orchestrator.errors import MediabaseError
from orchestrator.postgres.dump import (
    BLOCK_BYTES,
    FOREIGN_TO_A_COPY,
    Command,
    Source,
    first_line,
    literal,
    reading,
    running,
    writing,
)

COMPRESSION = "1"
"""gzip's level of every pg_dump from 12 on; `make benchmark-backup` compares it with the others."""
LOOK_SECONDS = 0.2
"""How often to look whether a restore is to be given up."""


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
    moved: Callable[[int], None],
) -> DumpFile:
    """Write database `name`, as an exported `snapshot` sees it, into a new file.

    `moved` is told how many bytes were written. Raises MediabaseError when the database cannot be read, and OSError
    when the file cannot be written.
    """
    command: Command = [
        source.pg_dump.path, "--format=custom", f"--compress={COMPRESSION}", f"--snapshot={snapshot}",
        *(f"--exclude-schema={literal(schema)}" for schema in excluded_schemas),
    ]  # fmt: skip
    digest = sha256()
    with TemporaryFile() as complaints, path.open("xb") as file:
        with running(command, reading(source.dsn, name), stdout=subprocess.PIPE, stderr=complaints) as reader:
            assert reader.stdout is not None  # noqa: S101  # it is a pipe
            while block := os.read(reader.stdout.fileno(), BLOCK_BYTES):
                file.write(block)
                digest.update(block)
                moved(len(block))
            reader.wait()
        if reader.returncode != 0:
            raise MediabaseError(f"Database {name} could not be read: {first_line(complaints)}.")
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


def restore_file(path: Path, target_dsn: str, name: str, pg_restore: Path, moved: Callable[[int], None]) -> int:
    """Restore a dump into the empty database `name`, without owners and rights; return pg_restore's exit code.

    What it says is not kept: its words can repeat a row. `moved` is called now and then, and may raise.
    """
    command: Command = [
        pg_restore, *FOREIGN_TO_A_COPY, f"--dbname={make_conninfo(dbname=name)}", path,
    ]  # fmt: skip
    with running(command, writing(target_dsn), stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            moved(0)
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
    return process.returncode
