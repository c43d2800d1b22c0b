"""A scratch server: an embedded server in a folder of its own, which is gone when it was used.

The folder is locked by the process that uses it, so that what a killed process left can be told from what is in
use, and is removed by the next that needs a scratch server.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from psycopg.conninfo import make_conninfo

from orchestrator.errors import MediabaseError, RefusedError, UsageError
from orchestrator.postgres.connection import connect
from orchestrator.postgres.embedded import discard, embedded_server
from orchestrator.wording import size

PREFIX = "rehearsal-"
NEW = "new-"
KEPT = "kept-"
EMPTY_SERVER_BYTES = 120 << 20
"""A new cluster is 39 MB, and as root a copy of the programs (41 MB) may come to it."""
MAX_WAL_BYTES = 4 << 30
"""What max_wal_size of the embedded server lets pile up."""
ROOM = 1.2
"""Four databases of 3.92 GB were 3.95 GB when restored and migrated, with 2.8 GB of WAL beside them."""


@dataclass(frozen=True)
class Scratch:
    """A running scratch server and its folder, which MEDIABASE_HOME may name later if it is kept."""

    folder: Path
    dsn: str = field(repr=False)

    def wait_for_disk(self, wait: bool) -> None:
        """Say whether commits wait for the disk, as on a server whose data matters; at first they do not."""
        with connect(self.dsn, autocommit=True) as connection:
            connection.execute(f"alter system set fsync = {'on' if wait else 'off'}".encode())
            connection.execute("select pg_reload_conf()")


def room_needed(copied_bytes: int) -> int:
    """Return how many bytes of disk a scratch server takes that holds a copy of databases of this size."""
    return EMPTY_SERVER_BYTES + int(ROOM * copied_bytes) + min(copied_bytes, MAX_WAL_BYTES)


def refuse_full_disk(home: Path, copied_bytes: int) -> None:
    """Raise RefusedError when the file system of `home` has no room for copies of databases of this size."""
    existing = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free, needed = shutil.disk_usage(existing).free, room_needed(copied_bytes)
    if free < needed:
        raise RefusedError(
            f"The copies need {size(needed)} below {home}, where {size(free)} are free: make room, "
            "let MEDIABASE_HOME name a folder on another disk, or take fewer databases at a time."
        )


def remove_left_over(home: Path) -> None:
    """Remove the scratch servers in `home` whose process was killed; those in use, and kept ones, stay."""
    for folder in sorted([*home.glob(f"{PREFIX}*"), *home.glob(f"{NEW}{PREFIX}*")]):
        descriptor = _claim(folder)
        if descriptor is not None:
            try:
                _discard(folder)
            finally:
                os.close(descriptor)


@contextmanager
def scratch_server(home: Path, *, keep: bool = False) -> Iterator[Scratch]:
    """Yield a new embedded server in a folder below `home`; it is stopped and removed when the block is left.

    `keep` leaves the folder, under the path that `kept` returns and that an error names, unless the block is left by
    an interrupt. Raises UsageError when the folder or the server cannot be made.
    """
    folder, descriptor = _make(home.absolute())
    is_kept = keep
    try:
        with embedded_server(folder) as dsn:
            scratch = Scratch(folder, make_conninfo(dsn, dbname="postgres"))
            scratch.wait_for_disk(False)
            yield scratch
    except KeyboardInterrupt:
        is_kept = False
        raise
    except MediabaseError as error:
        if keep:
            error.args = (f"{error} Its scratch server is kept in {kept(folder)}.",)
        raise
    finally:
        try:
            if is_kept:
                folder.rename(kept(folder))
            else:
                _discard(folder)
        finally:
            os.close(descriptor)


def kept(folder: Path) -> Path:
    """Return where a scratch server's folder is after it was kept."""
    return folder.with_name(KEPT + folder.name.removeprefix(PREFIX))


def _make(home: Path) -> tuple[Path, int]:
    """Make a folder, and hold its lock by the descriptor that is returned."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        new = Path(mkdtemp(prefix=NEW + PREFIX, dir=home))
        descriptor = _claim(new)
        new.chmod(0o711)  # as root the server runs as another user
        folder = new.with_name(new.name.removeprefix(NEW))
        new.rename(folder)
    except OSError as error:
        raise UsageError(
            f"No scratch folder can be made in {home} ({error.strerror}): set MEDIABASE_HOME to a folder that you "
            "may write to."
        ) from error
    if descriptor is None:
        raise UsageError(f"The scratch folder {folder} was taken by another process: try again.")
    return folder, descriptor


def _claim(folder: Path) -> int | None:
    """Lock a folder and return the descriptor that holds the lock; None when it is another process's or user's."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _discard(folder: Path) -> None:
    try:
        discard(folder)
    except OSError as error:
        raise MediabaseError(f"The scratch folder {folder} cannot be removed ({error.strerror}): remove it.") from error
