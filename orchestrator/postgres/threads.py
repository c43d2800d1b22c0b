"""Things looked at several at a time, in threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event
from typing import TypeVar
from weakref import WeakSet

from orchestrator.postgres.connection import Connection

T = TypeVar("T")
R = TypeVar("R")


def in_threads(
    look: Callable[[T, WeakSet[Connection]], R],
    items: Sequence[T],
    jobs: int,
    report: Callable[[R], None],
    stopped: Event | None = None,
) -> list[R]:
    """Return what `look` returns of each item, as they end, `jobs` at a time; `report` is told of each.

    `look` puts its connections into the set that it is given: what they do is cancelled on an interrupt.
    `stopped` is set then, for what no connection can cancel.
    """
    results: list[R] = []
    in_hand: WeakSet[Connection] = WeakSet()
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for done in as_completed([pool.submit(look, item, in_hand) for item in items]):
                results.append(done.result())
                report(results[-1])
        except BaseException:
            if stopped:
                stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for connection in [each for each in in_hand if not each.closed]:
                connection.cancel_safe()  # leaving the pool waits for its threads
            raise
    return results
