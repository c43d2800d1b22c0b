"""Whether the values of a column are what its name says: log2 has both signs, and linear fold changes one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.uploads.layout import Scale, UploadError, shown
from orchestrator.uploads.numbers import NoNumberError, first_negative, parse
from orchestrator.uploads.table import Line, Table, cells

FEW_ROWS = 50
"""Fewer log2 values may all be positive: a list of the genes that went up most."""


def column_values(
    path: Path, column: str, scale: Scale, lines: Sequence[int], texts: Sequence[str]
) -> list[float | None]:
    """Return the values in some lines of a column, as the file has them; None: missing.

    Raises UploadError at what is no number, and at a negative one where the scale is linear.
    """
    try:
        values = parse(texts)
    except NoNumberError as error:
        where = f"{path.name}, line {lines[error.index]}: column {shown(column)}"
        raise UploadError("MB052", f"{where} {error}.") from None  # the error that float() gave has the value
    if scale == "linear" and (index := first_negative(values)) is not None:
        raise UploadError(
            "MB052",
            f"{path.name}: column {shown(column)} has negative values (line {lines[index]}), so it is no linear fold "
            "change: if it is log2, pass --format deseq2; if it has -2 for a half, write 0.5.",
        )
    return values


def check_values(table: Table, sample: Sequence[Line], at: int, scale: Scale, is_said: bool) -> None:
    """Raise UploadError when a column has no numbers, or is no log2 where nobody but its name says so."""
    column = shown(table.header[at])
    seen, needs_negative = 0, scale == "log2" and not is_said
    for values in _batches(table, sample, at, scale):
        numbers = [value for value in values if value is not None and value == value]
        seen += len(numbers)
        if seen and (not needs_negative or any(value < 0 for value in numbers)):
            return
    if not seen:
        raise UploadError("MB051", f"{table.path.name}: column {column} has no numbers.")
    if seen >= FEW_ROWS:
        raise UploadError(
            "MB051",
            f"{table.path.name}: column {column} has no negative value in {seen:,} rows, and log2 has both signs: if "
            "it is linear, pass --format standard; if all of these are log2 and went up, pass --format deseq2.",
        )


def _batches(table: Table, sample: Sequence[Line], at: int, scale: Scale) -> Iterator[list[float | None]]:
    """Yield the values of the sample, then all others: a table that is sorted by its values begins with one sign."""
    column = table.header[at]
    yield column_values(table.path, column, scale, [line for line, _ in sample], [fields[at] for _, fields in sample])
    for lines, texts, _ in cells(table, at, at):
        yield column_values(table.path, column, scale, lines, texts)
