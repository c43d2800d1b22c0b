"""Backups that there are, verified again."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from weakref import WeakSet

import psycopg

from orchestrator.backup.manifest import Manifest
from orchestrator.backup.outcome import BackedUp, outcome
from orchestrator.backup.verify import scratch_for, verify
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.threads import in_threads


def check(
    found: Sequence[tuple[Path, Manifest]], home: Path, jobs: int, report: Callable[[BackedUp], None]
) -> list[BackedUp]:
    """Restore backups again and compare them with their manifests, `jobs` at a time; return what became of each.

    Raises RefusedError without room on the disk.
    """
    stopped = Event()
    sizes = [manifest.database_bytes for _, manifest in found]
    with scratch_for(home, sizes, jobs, stopped) as scratch:

        def one(each: tuple[Path, Manifest], _: WeakSet[Connection]) -> BackedUp:
            folder, manifest = each
            started = time.monotonic()
            problem = None
            try:
                verify(folder, manifest, scratch)
            except (MediabaseError, psycopg.Error) as error:
                problem = describe_failure(error)[1]
            return outcome(folder, manifest, round(time.monotonic() - started, 1), problem)

        done = in_threads(one, found, jobs, report, stopped)
    return sorted(done, key=lambda each: str(each.folder))
