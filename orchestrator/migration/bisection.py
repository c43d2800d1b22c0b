"""Where two sets of rows differ, found by halving: whole digests first, then ranges of ids, then a few rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from math import ceil
from operator import itemgetter
from typing import cast

from psycopg import sql

from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

RANGES = 8192
"""The most ranges that are compared at a time."""
CUT_ROWS = 32
"""Ranges are not made smaller than that."""
SMALL_ROWS = 64
"""Ranges of so many rows are fetched."""
STREAMED_ROWS = 2000
"""Rows in memory at a time while they are fetched."""


@dataclass(frozen=True)
class Side:
    """Rows of a database: a query for (transcript_id, expression_fold_change, disposition)."""

    connection: Connection
    """In a transaction that sees one snapshot."""
    rows: sql.Composed
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """All rows of a side in short: digests are sha256 in hexadecimal, counts are rows by disposition."""

    digest: str
    """Of ids and values, as the journal has it."""
    dispositions: str
    """Of which rows are not stored, and why not."""
    counts: dict[str, int]


@dataclass(frozen=True)
class Cell:
    """A value, as the eight bytes that the server sends (None: NULL), and its row's disposition."""

    value: bytes | None
    disposition: str


Row = tuple[str | None, Cell]
"""Transcript id and cell."""


@dataclass(frozen=True)
class Difference:
    """A transcript whose rows differ; no cell means no row, several that its id is repeated."""

    transcript_id: str | None
    left: tuple[Cell, ...]
    right: tuple[Cell, ...]

    @property
    def is_only_place(self) -> bool:
        """Tell whether the values are the same, and only what became of them differs."""
        return [cell.value for cell in self.left] == [cell.value for cell in self.right]


@dataclass(frozen=True)
class Comparison:
    """How the rows of two sides differ."""

    differing: int = 0
    """Transcripts whose rows differ."""
    misplaced: int = 0
    """Those of them of which only the disposition does."""
    first: tuple[Difference, ...] = ()
    """The first of them by id."""
    fetched: int = 0
    """Rows of both sides that were fetched to find out."""


def look(side: Side) -> Look:
    """Read all rows of a side once, and nothing but the result from the server."""
    query = statement(__package__, "bisection_look").format(
        rows=side.rows, packed=_packed(sql.SQL("select * from kept"))
    )
    row = side.connection.execute(query, side.parameters).fetchone()
    assert row is not None  # noqa: S101  # an aggregate has one row
    return Look(str(row[0]), str(row[1]), cast(dict[str, int], row[2]))


def compare(left: Side, right: Side, rows: int, limit: int) -> Comparison:
    """Return how two sides differ; `rows` is about how many the larger has, `limit` how many differences to keep.

    Memory does not depend on the number of rows: where a great many differ, they are compared as they stream in.
    """
    bounds, numbers, to_fetch = _narrow(left, right, rows)
    differing = misplaced = 0
    first: list[Difference] = []
    for found in _pairs(_fetch(left, bounds, numbers), _fetch(right, bounds, numbers)):
        if found.left == found.right:
            continue
        differing += 1
        misplaced += found.is_only_place
        if len(first) < limit:
            first.append(found)
    return Comparison(differing, misplaced, tuple(first), to_fetch)


def _packed(rows: sql.Composable) -> sql.Composed:
    return statement(__package__, "bisection_packed").format(rows=rows)


def _numbered(side: Side, name: str) -> sql.Composed:
    numbered = statement(__package__, "bisection_numbered").format(packed=_packed(side.rows))
    return statement(__package__, name).format(numbered=numbered)


def _narrow(left: Side, right: Side, rows: int) -> tuple[list[str], list[int], int]:
    """Return bounds, the numbers of those ranges between them that differ, and the rows in these on both sides.

    Ranges are cut finer until they are small, or until that rules out little more.
    """
    bounds: list[str] = []
    numbers = [0]
    larger = left
    while True:
        cuts = _cut(larger, bounds, numbers, max(CUT_ROWS, ceil(rows / RANGES)))
        bounds = sorted(_edges(bounds, numbers).union(cuts))
        ours, theirs = _ranges(left, bounds), _ranges(right, bounds)
        numbers = sorted(number for number in ours.keys() | theirs.keys() if ours.get(number) != theirs.get(number))
        sizes = [[found[number][0] for number in numbers if number in found] for found in (ours, theirs)]
        in_left, in_right = map(sum, sizes)
        if max(map(max, filter(None, sizes)), default=0) <= SMALL_ROWS or max(in_left, in_right) > rows / 2:
            return bounds, numbers, in_left + in_right
        larger, rows = (left, in_left) if in_left >= in_right else (right, in_right)


def _edges(bounds: Sequence[str], numbers: Sequence[int]) -> set[str]:
    """Return the bounds on both ends of these ranges."""
    return {bounds[at] for number in numbers for at in (number - 1, number) if 0 <= at < len(bounds)}


def _cut(side: Side, bounds: Sequence[str], numbers: Sequence[int], step: int) -> list[str]:
    values = {**side.parameters, "bounds": bounds, "numbers": numbers, "step": step}
    rows = side.connection.execute(_numbered(side, "bisection_cut"), values).fetchall()
    return [str(transcript_id) for (transcript_id,) in rows]


def _ranges(side: Side, bounds: Sequence[str]) -> dict[int, tuple[int, bytes]]:
    """Return number of rows and hash by the number of the range."""
    with side.connection.cursor(binary=True) as cursor:
        cursor.execute(_numbered(side, "bisection_ranges"), {**side.parameters, "bounds": bounds})
        return {cast(int, number): (cast(int, rows), cast(bytes, hash_)) for number, rows, hash_ in cursor}


def _fetch(side: Side, bounds: Sequence[str], numbers: Sequence[int]) -> Iterator[Row]:
    """Yield the rows of some ranges, ordered by id."""
    with side.connection.cursor(name="differences", binary=True) as cursor:
        cursor.itersize = STREAMED_ROWS
        values = {**side.parameters, "bounds": bounds, "numbers": numbers}
        cursor.execute(_numbered(side, "bisection_fetch"), values)
        for transcript_id, value, disposition in cursor:
            yield cast(str | None, transcript_id), Cell(cast(bytes | None, value), str(disposition))


def _pairs(left: Iterator[Row], right: Iterator[Row]) -> Iterator[Difference]:
    """Yield what both sides have of each transcript that one of them has."""
    both = merge(
        ((_order(row[0]), 0, row) for row in left), ((_order(row[0]), 1, row) for row in right), key=itemgetter(0, 1)
    )
    for _, group in groupby(both, key=itemgetter(0)):
        rows = [(at, row) for _, at, row in group]
        ours, theirs = (tuple(cell for at, (_, cell) in rows if at == side) for side in (0, 1))
        yield Difference(rows[0][1][0], ours, theirs)


def _order(transcript_id: str | None) -> tuple[bool, str]:
    """Return what sorts as the servers do: by code point, NULL last."""
    return transcript_id is None, transcript_id or ""
