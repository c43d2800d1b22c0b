"""Where backups are: FOLDER/DATABASE/TIME, each complete under that name or not there at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from urllib.parse import quote

from orchestrator.errors import MediabaseError, UsageError

NEW = "new-"
LOCK = ".lock"


@dataclass(frozen=True)
class NewBackup:
    """A folder to write into, and what it will be called."""

    path: Path
    final: Path


def prepare(folder: Path) -> Path:
    """Make the folder for backups, which only its owner may read; raise UsageError when it cannot be written to."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True, mode=0o700)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UsageError(
            f"Backups cannot be written to {folder} ({error.strerror}): choose another folder with --folder."
        ) from error
    return folder.absolute()


@contextmanager
def new_backup(folder: Path, database: str) -> Iterator[NewBackup]:
    """Yield a folder to write into that becomes a backup when the block is left, and is gone if by an exception.

    Raises MediabaseError when another process backs up this database into `folder`.
    """
    parent = folder / quote(database, safe="")
    parent.mkdir(exist_ok=True, mode=0o700)
    with _locked(parent):
        for left_over in parent.glob(f"{NEW}*"):
            shutil.rmtree(left_over)
        new = NewBackup(Path(mkdtemp(prefix=NEW, dir=parent)), parent / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        try:
            yield new
            for path in (*new.path.iterdir(), new.path, folder):
                _sync(path)
            new.path.rename(new.final)
            _sync(parent)
        except BaseException:
            shutil.rmtree(new.path, ignore_errors=True)
            shutil.rmtree(new.final, ignore_errors=True)
            raise


def backup_folders(folder: Path) -> list[Path]:
    """Return the folders of backups, by database and time. Raises UsageError when `folder` cannot be read."""
    try:
        databases = [path for path in sorted(folder.absolute().iterdir()) if path.is_dir()]
        return [path for each in databases for path in sorted(each.iterdir())
                if path.is_dir() and not path.name.startswith(NEW)]  # fmt: skip
    except OSError as error:
        raise UsageError(
            f"There are no backups to read in {folder} ({error.strerror}): --folder says where they are."
        ) from error


@contextmanager
def _locked(parent: Path) -> Iterator[None]:
    # A file and not the folder: over NFS the lock on a folder is only this machine's.
    with (parent / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MediabaseError(
                f"Another process backs it up into {parent}: wait for that, or choose another folder."
            ) from error
        yield


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
