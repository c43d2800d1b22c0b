"""What can be said of two queries that are to say the same, from their results; never more than was compared."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.postgres.connection import Connection
from orchestrator.queries.compare import Comparison, Row, Rows, compare, has_same_keys
from orchestrator.queries.leeway import Leeway, Settled, settle
from orchestrator.queries.run import Failure, run

SIDES = ("v0.5.0", "v0.6.0")


class Result(StrEnum):
    """What was found of a statement."""

    IDENTICAL = "identical"
    TIES = "same up to ties"
    """Only what the query leaves open differs: the order of rows that tie, or which of them a LIMIT takes."""
    FAILS_ALIKE = "fails alike"
    NOT_COMPARABLE = "not comparable"
    DIFFERS = "differs"
    REFUSED = "refused"
    """It was not migrated."""
    NOT_RUN = "not run"
    """It holds no query."""


@dataclass(frozen=True)
class Verdict:
    """What was found, with the rows that only one side has."""

    result: Result
    reason: str = ""
    counts: tuple[int, int] | None = None
    """Rows in v0.5.0 and in v0.6.0; None where it was not run on both."""
    columns: tuple[str, ...] = ()
    only_old: Sequence[Row] = field(default=(), repr=False)
    only_new: Sequence[Row] = field(default=(), repr=False)
    is_of_rows: bool = False
    """Whether both have the same columns, and it is their rows that differ."""
    is_order_only: bool = False
    """Whether those are the same, and only their order differs."""


@dataclass(frozen=True)
class Query:
    """A query, and where it runs."""

    connection: Connection
    text: str
    schema: str | None = None
    """First in its search path."""

    def run(self, most: int) -> Rows | Failure:
        """Return what it says, at most so many rows of it."""
        return run(self.connection, self.text, most, self.schema)


@dataclass(frozen=True)
class _Settled:
    """How both queries compare once nothing is left open."""

    is_same: bool
    has_same_rows: bool
    rows: int


def judge(old: Query, new: Query, leeway: Leeway, most: int) -> Verdict:
    """Run both queries, and say whether the results are the same; those of more than `most` rows are not compared.

    `leeway` is what the old query leaves open.
    """
    left, right = old.run(most), new.run(most)
    if isinstance(left, Failure) or isinstance(right, Failure):
        return _of_failures(left, right)
    if left.columns != right.columns:
        return Verdict(Result.DIFFERS, _columns_differ(left, right), _counts(left, right))
    if left.is_cut and right.is_cut:
        return Verdict(Result.NOT_COMPARABLE, f"more than {most:,} rows on both sides (--max-rows)")
    if left.is_cut or right.is_cut:
        numbers = [f"{'more than ' if each.is_cut else ''}{len(each.rows):,}" for each in (left, right)]
        return Verdict(Result.DIFFERS, "rows in v0.5.0: {}, in v0.6.0: {}".format(*numbers), is_of_rows=True)
    return _Judge(old, new, leeway, most, left, right).verdict()


def _of_failures(left: Rows | Failure, right: Rows | Failure) -> Verdict:
    failures = {side: each for side, each in zip(SIDES, (left, right), strict=True) if isinstance(each, Failure)}
    for side, each in failures.items():
        if not each.is_of_the_query:
            return Verdict(Result.NOT_COMPARABLE, f"in {side} {each.meaning}")
    if len({each.sqlstate for each in failures.values()}) == 1 and len(failures) == len(SIDES):
        return Verdict(Result.FAILS_ALIKE, str(failures[SIDES[0]]))
    where = "; ".join(f"in {side}: {each}" for side, each in failures.items())
    return Verdict(Result.DIFFERS, f"fails {where}")


def _columns_differ(left: Rows, right: Rows) -> str:
    if len(left.columns) != len(right.columns):
        return f"{len(left.columns)} columns in v0.5.0, {len(right.columns)} in v0.6.0"
    pairs = zip(left.columns, right.columns, strict=True)
    return "columns: " + "; ".join(f"{old} in v0.5.0, {new} in v0.6.0" for old, new in pairs if old != new)


def _counts(left: Rows, right: Rows) -> tuple[int, int]:
    return len(left.rows), len(right.rows)


@dataclass(frozen=True)
class _Judge:
    """Two results with the same columns, and the queries that they come from."""

    old: Query
    new: Query
    leeway: Leeway
    most: int
    left: Rows
    right: Rows

    def verdict(self) -> Verdict:
        found = compare(self.left, self.right)
        leeway = self.leeway
        takes_any = leeway.has_limit and not leeway.is_ordered
        is_same = found.is_same_sequence or (found.has_same_rows and not leeway.is_ordered)
        if is_same and not takes_any:
            return self._say(Result.IDENTICAL)
        if not found.has_same_rows and not leeway.has_limit and not leeway.has_aggregates:
            return self._differs(found)
        settled = self._settle()
        if isinstance(settled, str):
            return self._of_unsettled(found, settled)
        if takes_any and is_same and settled.is_same and settled.rows == len(self.left.rows):
            return self._say(Result.IDENTICAL)  # the LIMIT left nothing out
        if settled.is_same:
            return self._say(Result.TIES, _what_is_open(leeway))
        if takes_any and is_same:
            return self._say(Result.NOT_COMPARABLE, "LIMIT without ORDER BY; without LIMIT the rows differ")
        return self._differs(found, is_order_only=settled.has_same_rows)

    def _settle(self) -> _Settled | str:
        """Run both queries with nothing left open, and compare; return why that was not possible."""
        names = [each.name for each in self.left.columns]
        old, new = (settle(each.text, names) for each in (self.old, self.new))
        if old is None or new is None:
            return "it goes by something that is not in the result"
        if len(old.keys) != len(new.keys) or old.left_out != new.left_out:
            return "ORDER BY, LIMIT or DISTINCT ON are not the same"
        left, right = self._keyed(self.old, old), self._keyed(self.new, new)
        if isinstance(left, str) or isinstance(right, str):
            return left if isinstance(left, str) else str(right)
        found = compare(left, right)
        is_same = found.has_same_rows and has_same_keys(left, right, range(len(names), len(left.columns)))
        return _Settled(is_same, found.has_same_rows, len(left.rows))

    def _keyed(self, query: Query, settled: Settled) -> Rows | str:
        """Return the settled result with the sort keys as its last columns; or why there is none."""
        rows = Query(query.connection, settled.text, query.schema).run(self.most)
        if isinstance(rows, Failure):
            return f"with its sort keys in the result {rows.meaning}"
        if rows.is_cut:
            return f"without LIMIT there are more than {self.most:,} rows (--max-rows)"
        width = len(self.left.columns)
        keyed = [(*row[:width], *(row[key] for key in settled.keys)) for row in rows.rows]
        return Rows((*self.left.columns, *(rows.columns[key] for key in settled.keys)), keyed)

    def _of_unsettled(self, found: Comparison, why: str) -> Verdict:
        if self.leeway.has_limit:
            what = "rows that tie may be left out" if self.leeway.is_ordered else "LIMIT without ORDER BY"
            return self._say(Result.NOT_COMPARABLE, f"{what}; {why}")
        if found.has_same_rows:
            return self._say(Result.NOT_COMPARABLE, f"the same rows in another order, which may tie; {why}")
        return self._differs(found)

    def _differs(self, found: Comparison, *, is_order_only: bool = False) -> Verdict:
        """Say which rows differ; of the same rows in another order the first that is not in its place."""
        only_old, only_new = found.only_old, found.only_new
        reason = f"rows only in v0.5.0: {len(only_old):,}, only in v0.6.0: {len(only_new):,}"
        if found.has_same_rows and found.out_of_place is not None:
            at = found.out_of_place
            only_old, only_new = [self.left.rows[at]], [self.right.rows[at]]
            reason = f"the same rows in another order, from row {at + 1:,}"
        if self.leeway.others:
            reason += f"; it has {', '.join(self.leeway.others)}, where rows that tie may count"
        return Verdict(
            Result.DIFFERS, reason, _counts(self.left, self.right), tuple(each.name for each in self.left.columns),
            only_old, only_new, is_of_rows=True, is_order_only=is_order_only,
        )  # fmt: skip

    def _say(self, result: Result, reason: str = "") -> Verdict:
        return Verdict(result, reason, _counts(self.left, self.right))


def _what_is_open(leeway: Leeway) -> str:
    if leeway.has_limit and not leeway.is_ordered:
        return "LIMIT without ORDER BY; without LIMIT the rows are the same"
    if leeway.has_limit:
        return "the sort keys are the same; with what is left out the rows are, too"
    return "the sort keys are the same" if leeway.is_ordered else "values are put together in another order"
