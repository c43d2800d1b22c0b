"""A file as a table: a header, a separator, and rows that are as long as the header."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

from orchestrator.uploads.layout import SEPARATORS, UploadError
from orchestrator.uploads.text import lines

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
Cell = tuple[int, str, str]
"""The line in which a row ends, and two of its fields."""


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


def open_table(path: Path) -> Table:
    """Open a file and read its header. Raises UploadError when it has none, or one that no table of values has."""
    text = lines(path)
    comments, first = _first_line(path, text)
    separator = _separator(path, first)
    # What is above the header reaches the reader as blank lines, so that its line numbers are those of the file.
    reader = csv.reader(chain(["\n"] * comments, [first], text), delimiter=separator, strict=True)
    with _well_quoted(path, reader):
        header = [name.strip() for name in next(fields for fields in reader if fields)]
        if len(header) > MAX_COLUMNS:
            raise UploadError("MB051", f"{path.name} has {len(header):,} columns: at most {MAX_COLUMNS:,} can be read.")
        second = next((fields for fields in islice(reader, MAX_LINES) if not _is_blank(fields)), None)
    if second is None:
        raise UploadError("MB051", f"{path.name} has a header, and no rows below it.")
    is_unnamed = len(second) == len(header) + 1
    return Table(path, [""] * is_unnamed + header, is_unnamed, separator, reader, chain([second], reader))


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
    with _well_quoted(table.path, table.reader):
        for fields in table.rows:
            if _is_row(table, fields):
                sample.append((table.reader.line_num, fields))
                size += sum(map(len, fields)) + FIELD_BYTES * len(fields)
            if len(sample) == SAMPLE_ROWS or size > SAMPLE_BYTES or table.reader.line_num > MAX_LINES:
                break
    return sample


def cells(table: Table, one: int, other: int) -> Iterator[list[Cell]]:
    """Yield two columns of the rows that are left, with their lines, some rows at a time.

    Raises UploadError at a row that is wrong. This is where most of the time goes that reading a file takes.
    """
    width, reader, done = len(table.header), table.reader, 0
    with _well_quoted(table.path, reader):
        while reader.line_num > done:
            done = reader.line_num
            yield [
                (reader.line_num, fields[one], fields[other])
                for fields in islice(table.rows, BATCH_ROWS)
                if len(fields) == width or _is_row(table, fields)
            ]
            if reader.line_num > MAX_LINES:
                raise UploadError("MB050", f"{table.path.name} has more than {MAX_LINES:,} lines: no core has so many.")


def _is_row(table: Table, fields: list[str]) -> bool:
    """Whether this is a row, and no blank line. Raises UploadError when it is not as wide as the header."""
    if len(fields) == len(table.header):
        return True
    if _is_blank(fields):
        return False
    raise UploadError(
        "MB052",
        f"{table.path.name}, line {table.reader.line_num}: has {len(fields):,} fields where the header has "
        f"{len(table.header):,}: write numbers with decimal points, and put fields that hold a separator into quotes.",
    )


def _is_blank(fields: list[str]) -> bool:
    return len(fields) < 2 and not "".join(fields).strip()


@contextmanager
def _well_quoted(path: Path, reader: Reader) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise UploadError(
            "MB052",
            f"{path.name}, line {reader.line_num}: a quote that opens here or above is not closed, or not at the end "
            "of its field: double the quotes inside of fields.",
        ) from error
