"""What a file is, and its rows."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from orchestrator.uploads.detect import choose
from orchestrator.uploads.layout import Asked, Layout, UploadError, shown
from orchestrator.uploads.numbers import to_linear
from orchestrator.uploads.scale import column_values
from orchestrator.uploads.table import Table, cells, open_table


class UploadRow(NamedTuple):
    """A row of a file."""

    line: int
    """In which it ends; the first line of a file is 1."""
    raw_id: str
    """As the file has it, without quotes and blanks around it."""
    value: float | None
    """Linear, whatever the file has; None: missing."""


# As UploadRow(...) and UploadRow._make do, but without a call of a Python function for every row.
_as_row = partial(tuple.__new__, UploadRow)


def examine(path: Path, asked: Asked) -> Layout:
    """Return what a file is, from its header and its first rows. Raises UploadError when that is not clear."""
    return choose(open_table(path), asked)


def read(path: Path, layout: Layout) -> Iterator[UploadRow]:
    """Yield all rows of a file, in its order. Raises UploadError at the first that is wrong, with its line."""
    return chain.from_iterable(_batches(path, layout))


def _batches(path: Path, layout: Layout) -> Iterator[Iterator[UploadRow]]:
    table = open_table(path)
    id_at, value_at = _position(table, layout.id_column), _position(table, layout.value_column)
    for batch in cells(table, id_at, value_at):
        values = to_linear(column_values(path, layout.value_column, layout.scale, batch), layout.scale)
        yield map(_as_row, zip([line for line, _, _ in batch], [each.strip() for _, each, _ in batch], values))


def _position(table: Table, column: str) -> int:
    if table.header.count(column) != 1:
        raise UploadError(
            "MB051", f"{table.path.name} has no column {shown(column)} any more, or two: examine it again."
        )
    return table.header.index(column)
