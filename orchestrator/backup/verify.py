"""Verification: a backup is restored on a scratch server, and what is there compared with what was backed up."""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from uuid import uuid4
from weakref import WeakSet

import psycopg
from psycopg import sql

from orchestrator.backup.contents import difference, pinned
from orchestrator.backup.manifest import DUMP, ROLES, Manifest
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump import create_database
from orchestrator.postgres.dump_file import examine_file, restore_file
from orchestrator.postgres.embedded import bundled_programs
from orchestrator.postgres.scratch import refuse_full_disk, remove_left_over, scratch_server
from orchestrator.wording import size

FULL_BYTES = 64 << 20
"""Less free space than this explains why something could not be restored."""
CREATE_ROLE = re.compile(r"CREATE ROLE .*;")


@dataclass(frozen=True)
class Bench:
    """A scratch server to restore on, and what ends the work on it."""

    folder: Path
    dsn: str = field(repr=False)
    stopped: Event
    in_hand: WeakSet[Connection]

    def go_on(self) -> None:
        """Raise MediabaseError when the work is to stop; called now and then while it lasts."""
        if self.stopped.is_set():
            raise MediabaseError("Interrupted.")


@contextmanager
def scratch_for(home: Path, sizes: Iterable[int], jobs: int) -> Iterator[tuple[Path, str]]:
    """Yield folder and address of a scratch server in `home` for databases of these sizes in bytes, `jobs` at a time.

    Raises RefusedError without room on the disk.
    """
    remove_left_over(home)
    refuse_full_disk(home, sum(sorted(sizes)[-jobs:]))
    with scratch_server(home) as server:
        yield server.folder, server.dsn


def verify(folder: Path, manifest: Manifest, bench: Bench) -> None:
    """Raise MediabaseError unless the files are those of the manifest, and the dump restores to what it says."""
    for name, known in {DUMP: manifest.dump, ROLES: manifest.roles}.items():
        if examine_file(folder / name) != known:
            raise MediabaseError(f"{folder / name} is not the file that was written: its bytes are others.")
    with _database(bench.dsn) as name:
        _create_roles(bench.dsn, (folder / ROLES).read_text(encoding="utf-8"))
        code = restore_file(folder / DUMP, bench.dsn, name, bundled_programs() / "pg_restore", bench.go_on)
        with pinned(bench.dsn, name, bench.in_hand) as restored:
            differs = difference(manifest.contents, restored.contents(bench.go_on))
    if differs or code:
        free = shutil.disk_usage(bench.folder).free
        full = f" Only {size(free)} are free there: make room." if free < FULL_BYTES else ""
        what = differs or "the same rows and objects"
        raise MediabaseError(f"Restored on a scratch server, it has {what}; pg_restore ended with code {code}.{full}")


@contextmanager
def _database(dsn: str) -> Iterator[str]:
    """Make an empty database on the scratch server and yield its name; it is gone when the block is left."""
    name = f"restored_{uuid4().hex}"
    create_database(dsn, name)
    yield name
    # After an error it stays: the server, which may be what failed, is removed with all it has.
    with connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _create_roles(dsn: str, roles: str) -> None:
    """Create the roles that policies and user mappings name; what they may do on the scratch server does not matter."""
    with connect(dsn, autocommit=True) as connection:
        for create in CREATE_ROLE.findall(roles):
            try:
                connection.execute(create.encode())
            except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                continue  # of another backup
