"""A file as a table: a header, a separator, and rows that are as long as the header."""

import csv
from collections.abc import Iterator
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
FIELD_BYTES = 58
"""What a short text takes in memory beside its characters, and its place in a list."""

Line = tuple[int, list[str]]
"""The fields of a row, and the line in which it ends."""


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
    """What is left, without blank lines; all as long as the header. Raises UploadError."""


def open_table(path: Path) -> Table:
    """Open a file and read its header. Raises UploadError when it has none, or one that no table of values has."""
    text = lines(path)
    comments, first = _first_line(path, text)
    separator = _separator(path, first)
    # What is above the header reaches the reader as blank lines, so that its line numbers are those of the file.
    reader = csv.reader(chain(["\n"] * comments, [first], text), delimiter=separator, strict=True)
    header = [name.strip() for name in next(_rows(path, reader))]
    if len(header) > MAX_COLUMNS:
        raise UploadError("MB051", f"{path.name} has {len(header):,} columns: at most {MAX_COLUMNS:,} can be read.")
    second = next(_rows(path, reader), None)
    if second is None:
        raise UploadError("MB051", f"{path.name} has a header, and no rows below it.")
    is_unnamed = len(second) == len(header) + 1
    header = [""] * is_unnamed + header
    if len(second) != len(header):
        raise _other_width(path, reader, second, len(header))
    return Table(path, header, is_unnamed, separator, reader, chain([second], _rows(path, reader, len(header))))


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


def _rows(path: Path, reader: Reader, width: int | None = None) -> Iterator[list[str]]:
    """Yield rows without blank lines. Raises UploadError unless they have `width` fields (None: any number)."""
    try:
        for fields in islice(reader, MAX_LINES):
            if len(fields) == width:
                yield fields
            elif len(fields) > 1 or "".join(fields).strip():
                if width is not None:
                    raise _other_width(path, reader, fields, width)
                yield fields
        if next(reader, None) is not None:
            raise UploadError(
                "MB050", f"{path.name} has more than {MAX_LINES:,} lines: no core has so many transcripts."
            )
    except csv.Error as error:
        raise UploadError(
            "MB052",
            f"{path.name}, line {reader.line_num}: a quote that opens here or above is not closed, or not at the end "
            "of its field: double the quotes inside of fields.",
        ) from error


def _other_width(path: Path, reader: Reader, fields: list[str], width: int) -> UploadError:
    return UploadError(
        "MB052",
        f"{path.name}, line {reader.line_num}: has {len(fields):,} fields where the header has {width:,}: write "
        "numbers with decimal points, and put fields that hold a separator into quotes.",
    )


def take_sample(table: Table) -> list[Line]:
    """Return the first rows of a table, with their lines. Raises UploadError at one that is wrong."""
    sample, size = [], 0
    for fields in islice(table.rows, SAMPLE_ROWS):
        sample.append((table.reader.line_num, fields))
        size += sum(map(len, fields)) + FIELD_BYTES * len(fields)
        if size > SAMPLE_BYTES:
            break
    return sample
