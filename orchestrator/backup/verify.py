"""Verification: a backup is restored on a scratch server, and what is there compared with what was backed up."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from psycopg import sql

from orchestrator.backup.contents import difference, pinned
from orchestrator.backup.manifest import DUMP, ROLES, Manifest
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import connect
from orchestrator.postgres.dump import create_database
from orchestrator.postgres.dump_file import examine_file, restore_file
from orchestrator.postgres.embedded import bundled_programs
from orchestrator.postgres.scratch import refuse_full_disk, remove_left_over, scratch_server


@dataclass(frozen=True)
class Scratch:
    """A scratch server to restore on, until the work is to stop."""

    dsn: str = field(repr=False)
    stopped: Event

    def go_on(self, _: int = 0) -> None:
        """Raise MediabaseError when the work is to stop; called now and then while it lasts."""
        if self.stopped.is_set():
            raise MediabaseError("Interrupted.")


@contextmanager
def scratch_for(home: Path, sizes: Iterable[int], jobs: int, stopped: Event) -> Iterator[Scratch]:
    """Yield a scratch server in `home` for databases of these sizes in bytes, `jobs` at a time.

    Raises RefusedError without room on the disk.
    """
    remove_left_over(home)
    refuse_full_disk(home, sum(sorted(sizes)[-jobs:]))
    with scratch_server(home) as server:
        yield Scratch(server.dsn, stopped)


def verify(folder: Path, manifest: Manifest, scratch: Scratch) -> None:
    """Raise MediabaseError unless the files are those of the manifest, and the dump restores to what it says."""
    for name, known in {DUMP: manifest.dump, ROLES: manifest.roles}.items():
        try:
            found = examine_file(folder / name)
        except OSError as error:
            raise MediabaseError(f"{folder / name} cannot be read ({error.strerror}).") from error
        if found != known:
            raise MediabaseError(
                f"{folder / name} is not the file that was written: it has {found.size:,} bytes"
                f"{'' if found.size != known.size else ' as it should, but others'}."
            )
    with _database(scratch.dsn, manifest.database):
        code = restore_file(
            folder / DUMP, scratch.dsn, manifest.database, bundled_programs() / "pg_restore", scratch.go_on
        )
        with pinned(scratch.dsn, manifest.database) as restored:
            differs = difference(manifest.contents, restored.contents())
    if differs:
        raise MediabaseError(f"Restored on a scratch server, it has {differs}.")
    if code:
        raise MediabaseError(f"It restores to the same rows and objects, but pg_restore ended with code {code}.")


@contextmanager
def _database(dsn: str, name: str) -> Iterator[None]:
    """Make a database on the scratch server; it is gone when the block is left."""
    create_database(dsn, name)
    try:
        yield
    finally:
        with connect(dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
