"""A command of the product, with what it takes: seconds, memory, and locks of the server."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.command import mediabase
from benchmarks.migrate import peak_memory
from orchestrator.postgres.connection import connect

LOOK_SECONDS = 0.1
LOCKS = """
select count(distinct (database, relation, page, tuple, transactionid, classid, objid, objsubid, virtualxid))
from pg_locks
where not fastpath and pid <> pg_backend_pid()
"""
"""Places taken in the server's table of locks: a place is for what is locked, however many hold it."""

Taken = dict[str, float]
"""`seconds`; `memory_mb`, the most that our processes took at a time; `locks`, the most
places in the server's table of locks that were taken at a time, by all sessions."""


@contextmanager
def watching(dsn: str) -> Iterator[Taken]:
    """Yield what will say what the block takes, once it is left; locks of all sessions on the server at `dsn`."""
    peak, locks, stop, taken = [0], [0], threading.Event(), Taken()
    threads = [
        threading.Thread(target=peak_memory, args=(peak, stop), daemon=True),
        threading.Thread(target=peak_locks, args=(dsn, locks, stop), daemon=True),
    ]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    try:
        yield taken
        taken["seconds"] = time.perf_counter() - started
    finally:
        stop.set()
        for thread in threads:
            thread.join()
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
