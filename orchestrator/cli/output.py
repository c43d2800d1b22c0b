"""How commands talk: tables and progress for people, JSON for machines."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from orchestrator.cli.log import Level, err, is_json, say

WIDTH_OFF_TERMINAL = 160
out = Console(width=None if sys.stdout.isatty() else WIDTH_OFF_TERMINAL, highlight=False, markup=False)


def print_json(value: Any) -> None:
    """Print `value` as JSON on standard output; dates as ISO 8601."""
    sys.stdout.write(json.dumps(value, default=str, indent=2) + "\n")


def table(title: str, *columns: str) -> Table:
    """Return a table; a column named with a leading '#' holds numbers and is aligned right."""
    made = Table(title=title, title_justify="left")
    for column in columns:
        is_number = column.startswith("#")
        made.add_column(column.lstrip("#"), justify="right" if is_number else "left", no_wrap=column != "note")
    return made


class Reporter(Protocol):
    """Shows how far a long command is."""

    def begin(self, total: int) -> None:
        """Say how many there are to work on."""

    def step(self, text: str, *, done: bool = False, level: Level = "info", **facts: object) -> None:
        """Say what happens now; `done` counts one as finished, `level` and `facts` are for JSON lines."""


@contextmanager
def progress(unit: str = "patients", *, is_quiet: bool = False) -> Iterator[Reporter]:
    """Yield a progress bar on a terminal, plain lines elsewhere, nothing when quiet; JSON lines when asked for.

    It counts `unit`.
    """
    if is_quiet or is_json() or not err.is_terminal:
        yield _Lines(is_quiet)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description:<40}", markup=False), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=err, transient=True) as bar:
        yield _Bar(bar, unit)


class _Lines:
    def __init__(self, is_quiet: bool) -> None:
        self.is_quiet = is_quiet
        self.total = 0
        self.done = 0

    def begin(self, total: int) -> None:
        self.total = total

    def step(self, text: str, *, done: bool = False, level: Level = "info", **facts: object) -> None:
        self.done += done
        if is_json() or (done and not self.is_quiet):
            say(text, level, prefix=f"{self.done}/{self.total} ", done=self.done, total=self.total, **facts)


class _Bar:
    def __init__(self, bar: Progress, unit: str) -> None:
        self.bar = bar
        self.unit = unit
        self.task = bar.add_task("starting", total=None, rate="")

    def begin(self, total: int) -> None:
        self.bar.update(self.task, total=total)

    def step(self, text: str, *, done: bool = False, level: Level = "info", **facts: object) -> None:
        self.bar.update(self.task, description=text, advance=int(done))
        speed = self.bar.tasks[0].finished_speed or self.bar.tasks[0].speed
        self.bar.update(self.task, rate=f"{speed:.1f} {self.unit}/s" if speed else "")
