"""Backups that there are: listed, and verified again."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from weakref import WeakSet

from orchestrator.backup.cores import Cores, needed_core_bytes
from orchestrator.backup.folders import backup_folders
from orchestrator.backup.manifest import Manifest, read_manifest
from orchestrator.backup.outcome import BackedUp, attempt, backed_up
from orchestrator.backup.verify import Bench, refuse_when, scratch_for, verify
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.threads import in_threads


def known(folder: Path) -> list[BackedUp]:
    """Return every backup below a folder, by database and time; of a damaged one, what is wrong with it."""
    return [attempt(partial(_read, path), BackedUp(path.parent.name, None, path)) for path in backup_folders(folder)]


def _read(folder: Path) -> BackedUp:
    return backed_up(folder, read_manifest(folder))


def check(
    found: Sequence[BackedUp], backups: Path, home: Path, jobs: int, report: Callable[[BackedUp], None]
) -> list[BackedUp]:
    """Restore backups again and compare them with their manifests, `jobs` at a time; return what became of each.

    Thin archives with the cores that are in `backups`. Raises RefusedError without room on the disk.
    """
    stopped = Event()
    manifests: dict[Path, Manifest] = {each.folder: read_manifest(each.folder) for each in found
                                       if each.folder and not each.problem}  # fmt: skip
    sizes = [each.database_bytes for each in manifests.values()]
    with scratch_for(home, sizes, jobs, needed_core_bytes(backups, manifests.values())) as (folder, dsn):
        cores = Cores(backups, folder, dsn, lambda: refuse_when(stopped))

        def one(each: BackedUp, in_hand: WeakSet[Connection]) -> BackedUp:
            if each.folder not in manifests:
                return each
            path, manifest = each.folder, manifests[each.folder]

            def again() -> BackedUp:
                verify(path, manifest, Bench(folder, dsn, stopped, in_hand, cores))
                return each

            return attempt(again, each)

        done = in_threads(one, found, jobs, report, stopped)
    return sorted(done, key=lambda each: str(each.folder))
