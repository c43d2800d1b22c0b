"""Two results of a query, compared by what they say: names, types, rows in any number and order, and their order."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Any

FLOAT_TOLERANCE = 1e-9
"""How far apart floats may be, of the larger: they come from sums in another order."""
NUMERIC_TOLERANCE = Decimal("1e-12")
"""The same of numerics that are no whole numbers: cast from a float they have its 15 digits."""
_BUCKET_DIGITS = 8
"""Digits by which rows that may be alike are looked up; one less than what is compared, so that two buckets do."""

_PLAIN = frozenset({str, int, bytes, type(None)})
_NAN = (float, "NaN")

Row = tuple[Any, ...]


class Json(str):
    """JSON as its server writes it; two texts may be the same value."""

    __slots__ = ()


@dataclass(frozen=True)
class Column:
    """A column of a result; the type by its name, because every server numbers its own types."""

    name: str
    type: str

    def __str__(self) -> str:
        """Return it as in a definition."""
        return f"{self.name} {self.type}"


@dataclass(frozen=True)
class Rows:
    """A result: floats as float, numerics as Decimal, arrays as list, JSON as Json."""

    columns: tuple[Column, ...]
    rows: Sequence[Row] = field(repr=False)
    is_cut: bool = False
    """Whether there are more rows, which were not read."""


@dataclass(frozen=True)
class Comparison:
    """How two results differ."""

    only_old: Sequence[Row] = field(default=(), repr=False)
    only_new: Sequence[Row] = field(default=(), repr=False)
    """Rows that the other result does not have, or not as often, in the order of the result."""
    out_of_place: int | None = None
    """Index of the first row that is not the same in both sequences; None: none, or one is the longer."""

    @property
    def has_same_rows(self) -> bool:
        """Tell whether both have the same rows, each as often, in whatever order."""
        return not self.only_old and not self.only_new

    @property
    def is_same_sequence(self) -> bool:
        """Tell whether both have the same rows in the same order."""
        return self.has_same_rows and self.out_of_place is None


def compare(old: Rows, new: Rows) -> Comparison:
    """Compare the rows of two results that have the same columns."""
    left, right = ([tuple(map(_frozen, row)) for row in each.rows] for each in (old, new))
    out_of_place = next((at for at, pair in enumerate(zip(left, right, strict=False)) if not _is_alike(*pair)), None)
    if out_of_place is None and len(left) == len(right):
        return Comparison()
    only_left, only_right = _match(left, _unmatched(left, right), right, _unmatched(right, left))
    return Comparison([old.rows[at] for at in only_left], [new.rows[at] for at in only_right], out_of_place)


def has_same_keys(old: Rows, new: Rows, keys: Sequence[int]) -> bool:
    """Tell whether the columns at these indexes are the same, row by row; both results have as many rows."""
    return all(
        _is_alike(_frozen(left[key]), _frozen(right[key]))
        for left, right in zip(old.rows, new.rows, strict=True)
        for key in keys
    )


def _frozen(value: Any) -> Any:
    """Return what is equal, and hashes alike, for equal values only: in Python true is 1, and NaN is not NaN."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is float or kind is Decimal:
        return value if value == value else _NAN
    if kind is bool:
        return bool, value
    if kind is list or kind is tuple:
        return list, *map(_frozen, value)
    if kind is dict:
        return dict, *((key, _frozen(value[key])) for key in sorted(value))
    return value


def _is_alike(left: Any, right: Any) -> bool:
    """Tell whether two frozen values are the same, but for the last digits of floats."""
    if left == right:
        return True
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_is_alike, left, right))
    if isinstance(left, Json) and isinstance(right, Json):
        return _is_alike(_parsed(left), _parsed(right))
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=FLOAT_TOLERANCE)
    return isinstance(left, Decimal) and isinstance(right, Decimal) and _is_close(left, right)


def _is_close(left: Decimal, right: Decimal) -> bool:
    if not left.is_finite() or not right.is_finite() or all(each == each.to_integral_value() for each in (left, right)):
        return False
    return abs(left - right) <= max(abs(left), abs(right)) * NUMERIC_TOLERANCE


def _parsed(text: Json) -> Any:
    return _frozen(json.loads(text, parse_float=Decimal, parse_int=Decimal))


def _unmatched(rows: Sequence[Any], others: Sequence[Any]) -> list[int]:
    """Return the indexes of those rows that the others do not have exactly, or not as often."""
    there = Counter(others)
    found = []
    for at, row in enumerate(rows):
        if there[row] > 0:
            there[row] -= 1
        else:
            found.append(at)
    return found


def _match(
    left: Sequence[Any], left_over: Sequence[int], right: Sequence[Any], right_over: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Pair rows that are alike among the indexes left over; return those for which there was none."""
    buckets: defaultdict[Any, list[int]] = defaultdict(list)
    for at in right_over:
        buckets[_rounded(right[at], 1.0)].append(at)
    only_left, matched = [], set()
    for at in left_over:
        near = ((bucket, there) for each in _buckets(left[at])
                if (bucket := buckets.get(each)) for there in bucket)  # fmt: skip
        found = next((pair for pair in near if _is_alike(left[at], right[pair[1]])), None)
        if found is None:
            only_left.append(at)
        else:
            found[0].remove(found[1])
            matched.add(found[1])
    return only_left, [at for at in right_over if at not in matched]


def _buckets(row: Row) -> Iterable[Any]:
    """Return the buckets in which rows may be that are alike; more than one where a number is near the edge of one."""
    low, high = (_rounded(row, factor) for factor in (1 - 2 * FLOAT_TOLERANCE, 1 + 2 * FLOAT_TOLERANCE))
    return _between(low, high)


def _between(low: Any, high: Any) -> Iterable[Any]:
    if low == high:
        return [low]
    return product(*map(_between, low, high)) if type(low) is tuple else (low, high)


def _rounded(value: Any, factor: float) -> Any:
    kind = type(value)
    if kind is tuple:
        return tuple([_rounded(each, factor) for each in value])
    if kind is float or kind is Decimal:
        return f"{float(value) * factor + 0.0:.{_BUCKET_DIGITS}g}"  # no minus zero
    return _rounded(_parsed(value), factor) if kind is Json else value


def as_text(value: Any) -> str | None:
    """Return a value for people; None for NULL."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
