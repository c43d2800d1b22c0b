"""Verification: a backup is restored on a scratch server, and what is there compared with what was backed up."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from uuid import uuid4
from weakref import WeakSet

from psycopg import sql

from orchestrator.backup.contents import difference, pinned
from orchestrator.backup.cores import Cores
from orchestrator.backup.manifest import ROLES, Manifest
from orchestrator.backup.restore import restore
from orchestrator.backup.roles import create_roles
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump import create_database
from orchestrator.postgres.dump_file import Destination, examine_file
from orchestrator.postgres.embedded import bundled_programs
from orchestrator.postgres.scratch import refuse_full_disk, remove_left_over, scratch_server
from orchestrator.wording import size

FULL_BYTES = 64 << 20
"""Less free space than this explains why something could not be restored."""


@dataclass(frozen=True)
class Bench:
    """A scratch server to restore on, and what ends the work on it."""

    folder: Path
    dsn: str = field(repr=False)
    stopped: Event
    in_hand: WeakSet[Connection]
    cores: Cores

    def go_on(self) -> None:
        """Raise MediabaseError when the work is to stop; called now and then while it lasts."""
        refuse_when(self.stopped)


def refuse_when(stopped: Event) -> None:
    """Raise MediabaseError once the work is to stop."""
    if stopped.is_set():
        raise MediabaseError("Interrupted.")


@contextmanager
def scratch_for(home: Path, sizes: Iterable[int], jobs: int, core_bytes: int = 0) -> Iterator[tuple[Path, str]]:
    """Yield folder and address of a scratch server in `home` for databases of these sizes in bytes, `jobs` at a time.

    Cores of `core_bytes` stay there beside them. Raises RefusedError without room on the disk.
    """
    remove_left_over(home)
    refuse_full_disk(home, core_bytes + sum(sorted(sizes)[-jobs:]))
    with scratch_server(home) as server:
        yield server.folder, server.dsn


def verify(folder: Path, manifest: Manifest, bench: Bench) -> None:
    """Raise MediabaseError unless the files are those of the manifest, and restore to what it says."""
    check_files(folder, manifest)
    with _database(bench.dsn, manifest.encoding) as name:
        create_roles(bench.dsn, (folder / ROLES).read_text(encoding="utf-8"))
        into = Destination(bench.dsn, name, bundled_programs() / "pg_restore")
        code = restore(folder, manifest, into, bench.cores, bench.go_on)
        with pinned(bench.dsn, name, bench.in_hand) as restored:
            differs = difference(manifest.contents, restored.contents(bench.go_on))
    if differs or code:
        free = shutil.disk_usage(bench.folder).free
        full = f" Only {size(free)} are free there: make room." if free < FULL_BYTES else ""
        what = differs or "the same rows and objects"
        raise MediabaseError(f"Restored on a scratch server, it has {what}; pg_restore ended with code {code}.{full}")


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise MediabaseError unless the files of a backup are those that were written; OSError where one is gone."""
    for name, known in {manifest.file: manifest.dump, ROLES: manifest.roles}.items():
        if examine_file(folder / name) != known:
            raise MediabaseError(f"{folder / name} is not the file that was written: its bytes are others.")


@contextmanager
def _database(dsn: str, encoding: str) -> Iterator[str]:
    """Make an empty database on the scratch server and yield its name; it is gone when the block is left."""
    name = f"restored_{uuid4().hex}"
    create_database(dsn, name, encoding)
    yield name
    # After an error it stays: the server, which may be what failed, is removed with all it has.
    with connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
