"""A command of the product, with what it takes: seconds, memory, and locks of the server."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.command import mediabase
from benchmarks.migrate import peak_memory
from orchestrator.postgres.connection import connect

LOOK_SECONDS = 0.1
LOCKS = """
select count(distinct (
    locktype, database, relation, page, tuple, transactionid::text, classid, objid, objsubid, virtualxid
))
from pg_locks
where pid <> pg_backend_pid()
"""
"""Places in the server's table of locks: one for what is locked, however many hold it. Those few that a session keeps
to itself (fast path) take none, and are counted all the same: how many that can be differs by server."""

Taken = dict[str, float]
"""`seconds`; `memory_mb`, the most that our processes took at a time; `locks`, the most places in the server's table of
locks that all sessions can have taken at a time."""


@contextmanager
def watching(dsn: str) -> Iterator[Taken]:
    """Yield what will say what the block takes, once it is left; locks of all sessions on the server at `dsn`."""
    peak, locks, stop, taken = [0], [0], threading.Event(), Taken()
    with ThreadPoolExecutor(2) as pool:
        watchers = [pool.submit(peak_memory, peak, stop), pool.submit(peak_locks, dsn, locks, stop)]
        started = time.perf_counter()
        try:
            yield taken
            taken["seconds"] = time.perf_counter() - started
        finally:
            stop.set()
    for watcher in watchers:
        watcher.result()  # one that failed has seen nothing: no figure rather than a wrong one
    taken |= {"memory_mb": peak[0] / 1e6, "locks": locks[0]}


def peak_locks(dsn: str, peak: list[int], stop: threading.Event) -> None:
    """Keep in `peak` the most places for locks that were seen taken at a time."""
    with connect(dsn, autocommit=True) as connection:
        while not stop.wait(LOOK_SECONDS):
            (count,) = connection.execute(LOCKS).fetchone() or (0,)
            peak[0] = max(peak[0], int(str(count)))


def watched(home: Path, dsn: str, *arguments: object, codes: tuple[int, ...] = (0,)) -> Taken:
    """Run a command on the server of `home`, as `mediabase` does; return what it took."""
    with watching(dsn) as taken:
        mediabase(home, *arguments, codes=codes)
    return taken
