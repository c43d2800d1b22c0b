"""A file as a table: a header, a separator, and rows that are as long as the header."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, Protocol

from orchestrator.uploads.layout import SEPARATORS, UploadError
from orchestrator.uploads.text import text_lines

MAX_COLUMNS = 2_000
MAX_LINES = 1_000_000
"""Blank ones included: more than three times the transcripts of a core."""
MAX_COMMENTS = 1_000
SAMPLE_ROWS = 5_000
SAMPLE_BYTES = 1 << 26
BATCH_ROWS = 512
"""Enough that the work per batch does not count; few, because a field may have 131,072 characters."""
FIELD_BYTES = 58
"""What a short text takes in memory beside its characters, and its place in a list."""

Line = tuple[int, list[str]]
"""The line in which a row ends, and its fields."""


class Cells(NamedTuple):
    """Two columns of some rows."""

    lines: Sequence[int]
    """In which these rows end."""
    one: list[str]
    other: list[str]


class Reader(Protocol):
    """What csv.reader returns."""

    @property
    def line_num(self) -> int:
        """Return the number of the line in which the latest row ends."""

    def __iter__(self) -> Iterator[list[str]]:
        """Return itself."""

    def __next__(self) -> list[str]:
        """Return the fields of the next row."""


@dataclass(frozen=True)
class Table:
    """A file that is being read."""

    path: Path
    header: list[str]
    is_unnamed: bool
    """Whether the header lacks a name for the first column, as R's write.table leaves out that of row names."""
    separator: str
    reader: Reader
    rows: Iterator[list[str]]
    """What is left, blank lines included, and as wide as it may be."""

    @property
    def line(self) -> int:
        """Return the number of the line in which the latest row ends."""
        return self.reader.line_num


def open_table(path: Path) -> Table:
    """Open a file and read its header. Raises UploadError when it has none, or one that no table of values has."""
    lines = text_lines(path)
    comments, first = _first_line(path, lines)
    separator = _separator(path, first)
    # What is above the header reaches the reader as blank lines, so that its line numbers are those of the file.
    reader = csv.reader(chain(["\n"] * comments, [first], lines), delimiter=separator, strict=True)
    table = Table(path, [], False, separator, reader, reader)
    with well_quoted(table):
        header = [name.strip() for name in next(fields for fields in reader if fields)]
        if len(header) > MAX_COLUMNS:
            raise UploadError("MB051", f"{path.name} has {len(header):,} columns: at most {MAX_COLUMNS:,} can be read.")
        second = next((fields for fields in islice(reader, MAX_LINES) if not _is_blank(fields)), None)
    if second is None:
        raise UploadError("MB051", f"{path.name} has a header, and no rows below it.")
    is_unnamed = len(second) == len(header) + 1
    return replace(table, header=[""] * is_unnamed + header, is_unnamed=is_unnamed, rows=chain([second], reader))


def _first_line(path: Path, text: Iterator[str]) -> tuple[int, str]:
    """Return the line of the header and how many lines are above it: comments, as files of the GDC have."""
    for comments, line in enumerate(islice(text, MAX_COMMENTS)):
        if line.strip() and not line.startswith("#"):
            return comments, line
    raise UploadError("MB051", f"{path.name} has no header: its first line must name the columns.")


def _separator(path: Path, header: str) -> str:
    bare = "".join(header.split('"')[::2])  # names in quotes may hold anything
    best = max(SEPARATORS, key=bare.count)
    if best not in bare:
        raise UploadError(
            "MB051", f"{path.name} has one column only: its columns must be separated by commas, tabs or semicolons."
        )
    return best


def take_sample(table: Table) -> list[Line]:
    """Return the first rows of a table, with their lines. Raises UploadError at one that is wrong."""
    sample, size = [], 0
    with well_quoted(table):
        for fields in table.rows:
            if is_row(table, fields):
                sample.append((table.line, fields))
                size += sum(map(len, fields)) + FIELD_BYTES * len(fields)
            if len(sample) == SAMPLE_ROWS or size > SAMPLE_BYTES or table.line > MAX_LINES:
                break
    return sample


def cells(table: Table, one: int, other: int) -> Iterator[Cells]:
    """Yield two columns of the rows that are left, some at a time. Raises UploadError at a row that is wrong."""
    width, done = len(table.header), -1
    with well_quoted(table):
        while table.line > done:
            done = table.line
            batch = [
                (table.reader.line_num, fields[one], fields[other])
                for fields in islice(table.rows, BATCH_ROWS)
                if len(fields) == width or is_row(table, fields)
            ]
            if batch:
                yield Cells(*map(list, zip(*batch, strict=True)))
            if table.line > MAX_LINES:
                raise UploadError(
                    "MB050", f"{table.path.name} has more than {MAX_LINES:,} lines: no core has so many transcripts."
                )


def is_row(table: Table, fields: list[str]) -> bool:
    """Whether this is a row, and no blank line. Raises UploadError when it is not as wide as the header."""
    if len(fields) == len(table.header):
        return True
    if _is_blank(fields):
        return False
    raise UploadError(
        "MB052",
        f"{table.path.name}, line {table.line}: has {len(fields):,} fields where the header has "
        f"{len(table.header):,}: write numbers with decimal points, and put fields that hold a separator into quotes.",
    )


def _is_blank(fields: list[str]) -> bool:
    return len(fields) < 2 and not "".join(fields).strip()


@contextmanager
def well_quoted(table: Table) -> Iterator[None]:
    """Raise UploadError where csv.Error is raised: a quote is not closed, or closed inside of a field."""
    try:
        yield
    except csv.Error as error:
        raise UploadError(
            "MB052",
            f"{table.path.name}, line {table.line}: a quote that opens here or above is not closed, or not at the end "
            "of its field: double the quotes inside of fields.",
        ) from error
