"""Things looked at in threads, and an interrupt at a moment that no signal can be made to hit."""

from collections.abc import Iterator
from threading import Event

import pytest

from orchestrator.postgres.threads import in_threads

PATIENCE_SECONDS = 20


class Interrupted(list[int]):
    """Items of which only the first is handed out before the interrupt."""

    def __iter__(self) -> Iterator[int]:
        """Yield one, and be interrupted."""
        yield 1
        raise KeyboardInterrupt


def test_an_interrupt_between_two_submissions_stops_what_has_begun() -> None:
    """Rather than wait for it: a dump can take hours."""
    stopped = Event()
    was_told: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        in_threads(lambda *_: was_told.append(stopped.wait(PATIENCE_SECONDS)), Interrupted(), 1, print, stopped)
    assert was_told == [True]
