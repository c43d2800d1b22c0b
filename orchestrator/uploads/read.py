"""What a file is, and its rows."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrator.uploads.detect import choose
from orchestrator.uploads.layout import Asked, Layout, UploadError, shown
from orchestrator.uploads.numbers import to_linear
from orchestrator.uploads.scale import column_values
from orchestrator.uploads.table import Table, cells, open_table

MAX_ID = 500
"""Characters; the longest in use, headers of GENCODE's FASTA files, have some 150. All ids of a file are in memory."""


class UploadRow(NamedTuple):
    """A row of a file."""

    line: int
    """In which it ends; the first line of a file is 1."""
    raw_id: str
    """As the file has it, without quotes and blanks around it."""
    value: float | None
    """Linear, whatever the file has; None: missing."""


class UploadRows(NamedTuple):
    """Some rows of a file, each field of UploadRow as a list: half a million objects fewer for a whole core."""

    lines: Sequence[int]
    raw_ids: list[str]
    values: list[float | None]


def examine(path: Path, asked: Asked) -> Layout:
    """Return what a file is, from its header and its first rows. Raises UploadError when that is not clear."""
    return choose(open_table(path), asked)


def read(path: Path, layout: Layout) -> Iterator[UploadRows]:
    """Yield all rows of a file, in its order, some at a time.

    Raises UploadError at the first that is wrong, with its line.
    """
    table = open_table(path)
    id_at, value_at = _position(table, layout.id_column), _position(table, layout.value_column)
    for lines, ids, texts in cells(table, id_at, value_at):
        values = to_linear(column_values(path, layout.value_column, layout.scale, lines, texts), layout.scale)
        if max(map(len, ids)) > MAX_ID:
            line = next(line for line, raw_id in zip(lines, ids, strict=True) if len(raw_id) > MAX_ID)
            where = f"{path.name}, line {line}: column {shown(layout.id_column)}"
            raise UploadError("MB052", f"{where} has more than {MAX_ID} characters, so it is no id.")
        yield UploadRows(lines, list(map(str.strip, ids)), values)


def _position(table: Table, column: str) -> int:
    if table.header.count(column) != 1:
        raise UploadError(
            "MB051", f"{table.path.name} has no column {shown(column)} any more, or two: examine it again."
        )
    return table.header.index(column)
