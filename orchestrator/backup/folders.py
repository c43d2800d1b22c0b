"""Where backups are: FOLDER/DATABASE/TIME, each complete under that name or not there at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

from orchestrator.backup.manifest import MANIFEST, Manifest, read_manifest
from orchestrator.errors import MediabaseError, UsageError

NEW = "new-"


@dataclass(frozen=True)
class NewBackup:
    """A folder to write into, and what it will be called."""

    path: Path
    final: Path


@contextmanager
def new_backup(folder: Path, database: str) -> Iterator[NewBackup]:
    """Yield a folder to write into that becomes a backup when the block is left, and is gone if by an exception.

    Only its owner may read it. Raises MediabaseError when another process backs up this database into `folder`, and
    UsageError when it cannot be written to.
    """
    parent = folder.absolute() / quote(database, safe="")
    try:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(parent, os.O_RDONLY)
    except OSError as error:
        raise UsageError(
            f"Backups cannot be written to {parent} ({error.strerror}): choose another with --folder."
        ) from error
    try:
        _lock(descriptor, parent)
        for left_over in parent.glob(f"{NEW}*"):
            shutil.rmtree(left_over)
        new = NewBackup(Path(mkdtemp(prefix=NEW, dir=parent)), parent / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        try:
            yield new
            new.path.rename(new.final)
            os.fsync(descriptor)
        except BaseException:
            shutil.rmtree(new.path, ignore_errors=True)
            raise
    finally:
        os.close(descriptor)


def backups(folder: Path) -> Iterator[tuple[Path, Manifest]]:
    """Yield the backups below a folder, by database and time. Raises MediabaseError for a manifest that is none."""
    for path in sorted(folder.absolute().glob(f"*/*/{MANIFEST}")):
        if not path.parent.name.startswith(NEW):
            yield path.parent, read_manifest(path.parent)


def _lock(descriptor: int, parent: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise MediabaseError(f"Another process backs it up into {parent}: wait for that, or choose another.") from error
