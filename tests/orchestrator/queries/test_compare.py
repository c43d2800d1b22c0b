"""Two results compared: what counts as the same, and what never does."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestrator.queries.compare import Column, Comparison, Json, Row, Rows, as_text, compare, has_same_keys

NAN, INF = math.nan, math.inf
NOISE = 1 + 2e-12
"""More than sums in another order differ by, and less than nine digits show."""
EDGE = 2.34567885
"""Rounds to eight digits in one direction with a little more, in the other with a little less."""

SAME_VALUES: list[tuple[Any, Any]] = [
    (1.0, 1.0),
    (1.0, 1.0 * NOISE),
    (2.5e300, 2.5e300 * NOISE),
    (-2.5e-300, -2.5e-300 * NOISE),
    (EDGE * NOISE, EDGE / NOISE),
    (9.9999999999, 10.0000000001),
    (123456.7885, 123456.78850001),
    (0.0, -0.0),
    (NAN, -NAN),
    (INF, INF),
    (Decimal("1.50"), Decimal("1.5")),
    (Decimal("0.333333333333333"), Decimal("0.333333333333334")),
    (Decimal("NaN"), Decimal("NaN")),
    (Decimal("Infinity"), Decimal("Infinity")),
    (None, None),
    ("", ""),
    (True, True),
    ([1.0, None, NAN], [NOISE, None, NAN]),
    ([["a"], ["b"]], [["a"], ["b"]]),
    ([EDGE * NOISE, EDGE / NOISE], [EDGE / NOISE, EDGE * NOISE]),
    (Json('{"a": 1, "b": [true, null]}'), Json('{"b": [true,null], "a": 1.0}')),
    (Json('{"mean": 2.00000000000001}'), Json('{"mean": 2.00000000000002}')),
    ([Json("[1]"), None], [Json("[1.0]"), None]),
    (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)),
    (b"\x00\xff", b"\x00\xff"),
]
OTHER_VALUES: list[tuple[Any, Any]] = [
    (1.0, 1.00000001),
    (1e-300, 1.1e-300),
    (0.0, 1e-300),
    (1.0, -1.0),
    (NAN, None),
    (NAN, 0.0),
    (INF, -INF),
    (INF, 1e308),
    (None, ""),
    (None, 0),
    (1_000_000_000_001, 1_000_000_000_002),
    (Decimal(1_000_000_000_000_001), Decimal(1_000_000_000_000_002)),
    (Decimal("1.00000000001"), Decimal("1.00000000002")),
    (Decimal("Infinity"), Decimal(1)),
    ("ERBB2", "erbb2"),
    ("1", 1),
    (True, False),
    ([1.0, 2.0], [2.0, 1.0]),
    ([1.0], [1.0, 1.0]),
    ([], None),
    (Json("[]"), Json("{}")),
    (Json("null"), None),
    (Json("null"), Json("[]")),
    (Json("1"), Json("true")),
    (Json("1"), Json('"1"')),
    (Json("1000000000000001"), Json("1000000000000002")),
    ([None], []),
    (Json('{"a": 1}'), Json('{"a": true}')),
    (Json('{"a": 1}'), Json('{"a": "1"}')),
    (Json('{"a": null}'), Json("{}")),
    (Json('{"a": [1, 2]}'), Json('{"a": [2, 1]}')),
    (Json('["a", "b"]'), Json('{"a": "b"}')),
    (True, Decimal(1)),
]


def rows(*found: Row) -> Rows:
    """Return a result with columns of some type."""
    width = len(found[0]) if found else 0
    return Rows(tuple(Column(f"c{at}", "text") for at in range(width)), list(found))


def compared(old: Sequence[Row], new: Sequence[Row]) -> Comparison:
    """Compare both ways round, which must say the same; return the first."""
    found, reverse = compare(rows(*old), rows(*new)), compare(rows(*new), rows(*old))
    assert (len(found.only_old), len(found.only_new)) == (len(reverse.only_new), len(reverse.only_old))
    assert (found.out_of_place, found.is_same_sequence) == (reverse.out_of_place, reverse.is_same_sequence)
    return found


@pytest.mark.parametrize(("old", "new"), SAME_VALUES)
def test_values_that_are_the_same(old: Any, new: Any) -> None:
    """In place, and found among others elsewhere."""
    assert compared([("a", old)], [("a", new)]).is_same_sequence
    found = compared([("a", old), ("b", 1), ("c", 2)], [("c", 2), ("a", new), ("b", 1)])
    assert found.has_same_rows
    assert (found.is_same_sequence, found.out_of_place) == (False, 0)


@pytest.mark.parametrize(("old", "new"), OTHER_VALUES)
def test_values_that_are_not(old: Any, new: Any) -> None:
    """Both rows are shown, as they are."""
    found = compared([("b", 1), ("a", old)], [("b", 1), ("a", new)])
    assert not found.has_same_rows
    assert not found.is_same_sequence
    assert (list(found.only_old), list(found.only_new)) == ([("a", old)], [("a", new)])
    assert found.out_of_place == 1


def test_rows_count_as_often_as_they_are_there() -> None:
    """A row twice is not the row once, exactly or almost."""
    found = compared([("a",), ("a",), ("b",)], [("b",), ("a",), ("b",)])
    assert (list(found.only_old), list(found.only_new)) == ([("a",)], [("b",)])
    found = compared([(1.5,), (1.5 * NOISE,)], [(1.5,)])
    assert (len(found.only_old), list(found.only_new)) == (1, [])


def test_nothing_is_the_same_as_nothing() -> None:
    """And not as a row, or as one of no columns."""
    assert compared([], []).is_same_sequence
    assert list(compared([], [("a",)]).only_new) == [("a",)]
    assert not compared([()], [(), ()]).has_same_rows


def test_one_result_that_begins_as_the_other() -> None:
    """What comes after is only in one; nothing is out of place."""
    found = compared([("a",), ("b",)], [("a",)])
    assert (found.out_of_place, list(found.only_old), found.is_same_sequence) == (None, [("b",)], False)


def test_each_row_has_one_partner() -> None:
    """Several floats in a row, noise in each of them, in any order: matched as wholes."""
    chance = random.Random(20_250)  # noqa: S311  # a fixed sequence
    old: list[Row] = [
        (chance.choice("ab"), chance.choice([1.0, EDGE, 2.5]), chance.choice([EDGE, 3.0])) for _ in range(2000)
    ]
    new = [(key, *(value * (1 + chance.uniform(-1e-12, 1e-12)) for value in values)) for key, *values in old]
    chance.shuffle(new)
    assert compared(old, new).has_same_rows
    key, first, second = old[7]
    changed = [*old[:7], (key, first, second * 1.001), *old[8:]]
    found = compared(changed, new)
    assert len(found.only_old) == len(found.only_new) == 1
    assert found.only_old[0] == changed[7]


def test_crossed_values_are_not_a_match() -> None:
    """Two rows that have each other's second value are two that differ, however close the first ones are."""
    found = compared([(1.0, 5), (1.0 * NOISE, 3)], [(1.0, 3), (1.0 * NOISE, 5)])
    assert found.has_same_rows
    found = compared([("x", 1.0, 5), ("y", 1.0, 3)], [("x", 1.0, 3), ("y", 1.0, 5)])
    assert len(found.only_old) == 2


def test_sort_keys_row_by_row() -> None:
    """Their values count, not the rows that they stand in."""
    old, new = rows(("a", 2.0), ("b", 2.0), ("c", 1.0)), rows(("b", 2.0 * NOISE), ("a", 2.0), ("c", 1.0))
    assert has_same_keys(old, new, [1])
    assert not has_same_keys(old, new, [0])
    assert has_same_keys(old, new, [])
    assert not has_same_keys(rows((None,)), rows((NAN,)), [0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), ("", ""), (1.5, "1.5"), (NAN, "nan"), (Decimal("1.50"), "1.50"), (True, "true"),
        ([1, None], "[1, null]"), (Json('{"é": 1.50}'), '{"é": 1.50}'),
    ],
)  # fmt: skip
def test_values_as_text(value: Any, text: str | None) -> None:
    """For people; NULL is no text."""
    assert as_text(value) == text
