"""Which columns of a table hold the fold changes and the ids."""

from collections.abc import Sequence
from typing import get_args

from orchestrator.uploads import names
from orchestrator.uploads.ids import Found, kind_of, may_be_row_numbers
from orchestrator.uploads.layout import Asked, FileFormat, IdKind, Layout, Scale, UploadError, shown
from orchestrator.uploads.numbers import NUMBER
from orchestrator.uploads.scale import check_values
from orchestrator.uploads.table import Line, Table, take_sample

ASKED_SCALE: dict[str | None, Scale] = {"deseq2": "log2", "standard": "linear"}
FORMAT: dict[Scale, FileFormat] = {"log2": "deseq2", "linear": "standard"}
COLUMNS_LISTED = 20

KIND_ORDER: tuple[Found, ...] = (
    "transcript", "gene", "mouse", "other species", "symbol|entrez", "entrez", "symbol",
)  # fmt: skip
"""Which ids are taken where there are several: those that say most exactly what was measured.

Ids of other species go before symbols, which would be taken for those of man.
"""
LOOKED_AT = 50
"""Values of a column without a known name that are tried for Ensembl ids, before it is read as a whole."""


def choose(table: Table, asked: Asked) -> Layout:
    """Return what a table is. Raises UploadError when that is not clear, or not what was asked for."""
    value_at, scale = _choose_values(table, asked)
    sample = take_sample(table)
    id_at, kind = _choose_ids(table, sample, asked)
    for at in (id_at, value_at):
        if table.header.count(table.header[at]) > 1:
            raise _unclear(table, f"has two columns {shown(table.header[at])}: rename one")
    if table.is_unnamed and table.separator == ",":
        _refuse_decimal_commas(table, sample, value_at)
    check_values(table, sample, value_at, scale, is_said=asked.file_format is not None)
    file_format = FORMAT[scale] if asked.value_column is None else "custom"
    return Layout(file_format, table.header[id_at], kind, table.header[value_at], scale, table.separator)


def _refuse_decimal_commas(table: Table, sample: Sequence[Line], value_at: int) -> None:
    """Raise UploadError where rows may be longer than the header by the comma in their numbers: X,1,5 is X and 1.5."""
    if not any("." in fields[value_at] for _, fields in sample):
        raise _unclear(table, "has rows with one field more than the header: write decimals as points, not as commas")


def _unclear(table: Table, problem: str) -> UploadError:
    return UploadError("MB051", f"{table.path.name} {problem}.")


def _find(table: Table, asked: str) -> int:
    """Return where the column is that the user names."""
    exact = [at for at, name in enumerate(table.header) if name == asked]
    alike = exact or [at for at, name in enumerate(table.header) if names.plain(name) == names.plain(asked)]
    if not alike:
        _require_header(table)
        raise _unclear(table, f"has no column {shown(asked)}: it has {_listed(table)}")
    return alike[0]


def _listed(table: Table) -> str:
    more = len(table.header) - COLUMNS_LISTED
    listed = ", ".join(map(shown, table.header[:COLUMNS_LISTED]))
    return listed + (f" and {more:,} more" if more > 0 else "")


def _require_header(table: Table) -> None:
    """Raise UploadError when the first line has values: it must not stand in a message as if it were a header."""
    if any(NUMBER.fullmatch(name) or kind_of([name]) in ("transcript", "gene", "mouse") for name in table.header):
        raise _unclear(table, "begins with values: its first line must name the columns")


def _choose_values(table: Table, asked: Asked) -> tuple[int, Scale]:
    wanted = ASKED_SCALE.get(asked.file_format)
    if asked.value_column is not None:
        at = _find(table, asked.value_column)
        _refuse_other_values(table, [table.header[at]])
        if names.plain(table.header[at]) in names.STATISTICS:
            raise _unclear(table, f"has a test statistic in column {shown(table.header[at])}, and no fold change")
        scale = wanted or names.scale_of(table.header[at])
        if scale is None:
            say = "pass --format deseq2 if its values are log2, and --format standard if they are linear"
            raise _unclear(table, f"does not say what column {shown(table.header[at])} is: {say}")
        return at, scale
    scales = {at: scale for at, name in enumerate(table.header) if (scale := names.scale_of(name))}
    found = [at for at, scale in scales.items() if scale == wanted] or list(scales)
    if len(found) == 1:
        return found[0], wanted or scales[found[0]]
    if found:
        several = ", ".join(shown(table.header[at]) for at in found[:COLUMNS_LISTED])
        raise _unclear(table, f"has several columns of fold changes ({several}): say which with --value-column")
    _refuse_other_values(table, table.header)
    _require_header(table)
    raise _unclear(
        table, f"has no fold changes in a column that is known: say which of {_listed(table)} with --value-column"
    )


def _refuse_other_values(table: Table, columns: Sequence[str]) -> None:
    for known, problem in (
        (names.OTHER_LOGARITHMS, "natural or decimal logarithms ({}): convert them to log2"),
        (names.LEVELS, "expression levels ({}), not fold changes: divide by normal tissue first"),
    ):
        if levels := [column for column in columns if names.plain(column) in known]:
            raise _unclear(table, "has " + problem.format(", ".join(map(shown, levels[:COLUMNS_LISTED]))))


def _choose_ids(table: Table, sample: Sequence[Line], asked: Asked) -> tuple[int, IdKind]:
    if asked.id_column is not None:
        at = _find(table, asked.id_column)
        found = {at: kind_of([fields[at] for _, fields in sample])}
    else:
        found = {at: _kind(table, sample, at) for at in range(len(table.header))}
    for kind in KIND_ORDER:
        for at, other in found.items():
            if other == kind:
                return at, _human(table, at, kind)
    raise _no_ids(table, found)


def _human(table: Table, at: int, kind: Found) -> IdKind:
    for human in get_args(IdKind):
        if kind == human:
            return human  # type: ignore[no-any-return]
    ids = f"the ids in column {shown(table.header[at])}"
    raise _unclear(table, f"has no human genes: {ids} are {'mouse genes' if kind == 'mouse' else 'of another species'}")


def _kind(table: Table, sample: Sequence[Line], at: int) -> Found | None:
    """Return what a column holds that by its name or its values may hold ids."""
    name, ids = names.plain(table.header[at]), [fields[at] for _, fields in sample]
    if name in names.SAY_IDS:
        return kind_of(ids)
    if name in names.MAY_BE_IDS:
        kind = kind_of(ids)
        return "row numbers" if kind == "entrez" and may_be_row_numbers(ids) else kind
    if any(each.lstrip().startswith("ENS") for each in ids[:LOOKED_AT]):
        kind = kind_of(ids)
        return kind if kind in ("transcript", "gene", "mouse", "other species") else None
    return None


def _no_ids(table: Table, found: dict[int, Found | None]) -> UploadError:
    for at, kind in found.items():
        column = shown(table.header[at])
        if kind == "mixed":
            return _unclear(table, f"has ids of several kinds in column {column}: keep one kind in one column")
        if kind == "row numbers":
            say = "pass --id-column if they are Entrez ids"
            return _unclear(
                table, f"has only whole numbers for ids in column {column}, which may number its rows: {say}"
            )
    return _unclear(table, "has no column with ids (transcript, gene or symbol): write the table with its row names")
