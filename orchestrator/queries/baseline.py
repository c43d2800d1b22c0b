"""The baseline proof: whether a condition can be true of a row whose fold change is 1.0.

The fold change is set to 1.0, everything else is unknown, and the condition is worked out in three-valued logic, as
PostgreSQL does it. Where it cannot be true, only stored rows can match, and the sparse table alone is read.
"""

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Context as Precision
from decimal import Decimal, InvalidOperation, localcontext
from itertools import product

from sqlglot import exp

BASELINE = 1.0
Number = float | Decimal | int
Truth = frozenset[bool | None]
ANY: Truth = frozenset({True, False, None})
TRUE, FALSE, NULL = frozenset({True}), frozenset({False}), frozenset[bool | None]({None})
NEARLY = 1e-9
"""Results of functions that another machine could round otherwise are told apart by more than this only."""
_PARTS = frozenset({"this", "expression", "expressions", "low", "high", "ifs", "default", "true", "to",
                    "typed", "ignore_nulls"})  # fmt: skip
"""The last two are how the parser marks what PostgreSQL's division, and its GREATEST and LEAST, always do."""
_PRECISION = Precision(prec=60)


@dataclass(frozen=True)
class Known:
    """A number that an expression is sure to be; None: NULL."""

    number: Number | None
    is_exact: bool = True


IsFoldChange = Callable[[exp.Column], bool]


def can_be_true(conditions: Iterable[exp.Expr], is_fold_change: IsFoldChange) -> bool:
    """Tell whether all conditions together can be true where the columns that are meant have the value 1.0."""
    judge = _Judge(is_fold_change)
    result: Truth = TRUE
    for condition in conditions:
        result = _both(result, judge.truth(condition))
    return True in result


def _both(left: Truth, right: Truth) -> Truth:
    return frozenset(
        False if False in pair else None if None in pair else True for pair in product(left, right)
    )  # fmt: skip


def _negated(values: Truth) -> Truth:
    return frozenset(None if each is None else not each for each in values)


def _either(left: Truth, right: Truth) -> Truth:
    return _negated(_both(_negated(left), _negated(right)))


_COMPARISONS: dict[type[exp.Expr], Callable[[Number, Number], bool]] = {
    exp.EQ: operator.eq, exp.NEQ: operator.ne, exp.GT: operator.gt, exp.GTE: operator.ge, exp.LT: operator.lt,
    exp.LTE: operator.le,
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], Callable[[Number, Number], Number]] = {
    exp.Add: operator.add, exp.Sub: operator.sub, exp.Mul: operator.mul, exp.Div: operator.truediv,
}  # fmt: skip
_FUNCTIONS: dict[type[exp.Expr], Callable[[float], float]] = {
    exp.Ln: math.log, exp.Log: math.log10, exp.Sqrt: math.sqrt, exp.Exp: math.exp,
}  # fmt: skip
_INTEGERS = frozenset({exp.DataType.Type.INT, exp.DataType.Type.BIGINT, exp.DataType.Type.SMALLINT})


class _Judge:
    """Works out conditions and numbers, with one column known."""

    def __init__(self, is_fold_change: IsFoldChange) -> None:
        self.is_fold_change = is_fold_change

    def truth(self, node: exp.Expr | None) -> Truth:
        """Return what a condition may be."""
        if node is None or _has_other_parts(node):
            return ANY
        if type(node) in _COMPARISONS:
            return self.compare(node.this, node.expression, _COMPARISONS[type(node)])
        work_out = getattr(self, f"truth_of_{node.key}", None)
        return ANY if work_out is None else frozenset(work_out(node))

    def truth_of_paren(self, node: exp.Paren) -> Truth:
        return self.truth(node.this)

    def truth_of_and(self, node: exp.And) -> Truth:
        return _both(self.truth(node.this), self.truth(node.expression))

    def truth_of_or(self, node: exp.Or) -> Truth:
        return _either(self.truth(node.this), self.truth(node.expression))

    def truth_of_not(self, node: exp.Not) -> Truth:
        return _negated(self.truth(node.this))

    def truth_of_boolean(self, node: exp.Boolean) -> Truth:
        return TRUE if node.this else FALSE

    def truth_of_null(self, _: exp.Null) -> Truth:
        return NULL

    def truth_of_nullsafeeq(self, node: exp.NullSafeEQ) -> Truth:
        return self.same(node.this, node.expression)

    def truth_of_nullsafeneq(self, node: exp.NullSafeNEQ) -> Truth:
        return _negated(self.same(node.this, node.expression))

    def truth_of_between(self, node: exp.Between) -> Truth:
        above = self.compare(node.this, node.args["low"], operator.ge)
        return _both(above, self.compare(node.this, node.args["high"], operator.le))

    def truth_of_in(self, node: exp.In) -> Truth:
        if not node.expressions:
            return ANY
        found: Truth = FALSE
        for each in node.expressions:
            found = _either(found, self.compare(node.this, each, operator.eq))
        return found

    def truth_of_is(self, node: exp.Is) -> Truth:
        """IS NULL and IS TRUE, FALSE."""
        wanted = node.expression
        found: Truth = frozenset({True, False})
        if isinstance(wanted, exp.Null) and (known := self.number(node.this)):
            found = frozenset({known.number is None})
        if isinstance(wanted, exp.Boolean):
            found = frozenset(each is bool(wanted.this) for each in self.truth(node.this))
        return _negated(found) if node.args.get("negate") else found

    def truth_of_case(self, node: exp.Case) -> Truth:
        """Return what the branches that may be taken can be."""
        found: set[bool | None] = set()
        for branch in node.args["ifs"]:
            met = self.compare(node.this, branch.this, operator.eq) if node.this else self.truth(branch.this)
            if True in met:
                found |= self.truth(branch.args["true"])
            if met == TRUE:
                return frozenset(found)
        default = node.args.get("default")
        return frozenset(found | (self.truth(default) if default is not None else NULL))

    def truth_of_coalesce(self, node: exp.Coalesce) -> Truth:
        found: set[bool | None] = set()
        for each in [node.this, *node.expressions]:
            truth = self.truth(each)
            found |= truth - NULL
            if None not in truth:
                return frozenset(found)
        return frozenset(found | NULL)

    def compare(self, left: exp.Expr, right: exp.Expr, how: Callable[[Number, Number], bool]) -> Truth:
        """Return what a comparison can be."""
        if _is_text(left) and _is_text(right):
            return ANY
        one, other = self.number(left), self.number(right)
        if Known(None) in (one, other):
            return NULL
        if one is None or other is None or one.number is None or other.number is None:
            return ANY
        first, second = _alike(one.number, other.number)
        if not (one.is_exact and other.is_exact) and math.isclose(first, second, rel_tol=NEARLY, abs_tol=NEARLY):
            return frozenset({True, False})
        return TRUE if how(first, second) else FALSE

    def same(self, left: exp.Expr, right: exp.Expr) -> Truth:
        """Return what IS NOT DISTINCT FROM can be."""
        if _is_text(left) and _is_text(right):
            return frozenset({True, False})
        one, other = self.number(left), self.number(right)
        if one is None or other is None:
            return frozenset({True, False})
        if one.number is None or other.number is None:
            return TRUE if one.number is other.number else FALSE
        return self.compare(left, right, operator.eq)

    def number(self, node: exp.Expr | None) -> Known | None:
        """Return the number that an expression is sure to be, None where that is not known."""
        try:
            return self.worked_out(node)
        except (ArithmeticError, ValueError, InvalidOperation):
            return None  # PostgreSQL fails there, too, and shall

    def worked_out(self, node: exp.Expr | None) -> Known | None:
        """Return the same; raises what Python's arithmetic raises."""
        if node is None or _has_other_parts(node):
            return None
        if type(node) in _ARITHMETIC:
            return self.arithmetic(node)
        if type(node) in _FUNCTIONS:
            return None if node.args.get("expression") else self.function(node)
        work_out = getattr(self, f"number_of_{node.key}", None)
        return work_out(node) if work_out else None

    def number_of_column(self, node: exp.Column) -> Known | None:
        return Known(BASELINE) if self.is_fold_change(node) else None

    def number_of_literal(self, node: exp.Literal) -> Known:
        return Known(_literal(node))

    def number_of_null(self, _: exp.Null) -> Known:
        return Known(None)

    def number_of_paren(self, node: exp.Paren) -> Known | None:
        return self.number(node.this)

    def number_of_neg(self, node: exp.Neg) -> Known | None:
        return self.applied(node.this, lambda number: -number)

    def number_of_abs(self, node: exp.Abs) -> Known | None:
        return self.applied(node.this, lambda number: -number if number < 0 else number)

    def applied(self, node: exp.Expr, function: Callable[[Number], Number]) -> Known | None:
        known = self.number(node)
        if known is None or known.number is None:
            return known
        return Known(function(known.number), known.is_exact)

    def number_of_cast(self, node: exp.Cast) -> Known | None:
        """A cast between numbers; where it would round, the result is not known."""
        known, wanted = self.number(node.this), node.to.this
        if known is None or known.number is None:
            return known
        if wanted is exp.DataType.Type.DOUBLE:
            return Known(float(known.number), known.is_exact)
        if wanted is exp.DataType.Type.DECIMAL and _is_whole(known.number):
            return Known(Decimal(known.number), known.is_exact)
        if wanted in _INTEGERS and _is_whole(known.number) and known.is_exact:
            return Known(int(known.number))
        return None

    def arithmetic(self, node: exp.Expr) -> Known | None:
        one, other = self.number(node.this), self.number(node.expression)
        if one is None or other is None:
            return None
        if (_is_text(node.this) or _is_text(node.expression)) and not _are_floats(node, one, other):
            return None  # a string is of the other's type, and that decides how PostgreSQL divides
        if one.number is None or other.number is None:
            return Known(None)
        first, second = _alike(one.number, other.number)
        is_exact = one.is_exact and other.is_exact
        if isinstance(first, Decimal) and isinstance(second, Decimal):
            with localcontext(_PRECISION):
                return Known(_ARITHMETIC[type(node)](first, second), is_exact and not isinstance(node, exp.Div))
        if isinstance(node, exp.Div) and isinstance(first, int) and isinstance(second, int):
            return Known(int(Decimal(first) / Decimal(second)), is_exact)  # towards zero
        return Known(_ARITHMETIC[type(node)](first, second), is_exact)

    def function(self, node: exp.Expr) -> Known | None:
        known = self.number(node.this)
        if known is None or known.number is None:
            return known
        return Known(_FUNCTIONS[type(node)](float(known.number)), is_exact=False)

    def number_of_coalesce(self, node: exp.Coalesce) -> Known | None:
        members = [self.number(each) for each in [node.this, *node.expressions]]
        first = next((each for each in members if each is None or each.number is not None), Known(None))
        return _as_all(first, members)

    def number_of_nullif(self, node: exp.Nullif) -> Known | None:
        same = self.same(node.this, node.expression)
        if same == TRUE:
            return Known(None)
        members = [self.number(node.this), self.number(node.expression)]
        return _as_all(members[0], members) if same == FALSE else None

    def number_of_greatest(self, node: exp.Greatest) -> Known | None:
        return self.extreme(node, max)

    def number_of_least(self, node: exp.Least) -> Known | None:
        return self.extreme(node, min)

    def extreme(self, node: exp.Expr, choose: Callable[..., Number]) -> Known | None:
        """GREATEST and LEAST leave NULL out."""
        members = [self.number(each) for each in [node.this, *node.expressions]]
        numbers = [each.number for each in members if each and each.number is not None]
        if None in members:
            return None
        if not numbers:
            return Known(None)
        is_exact = all(each.is_exact for each in members if each)
        return _as_all(Known(choose(numbers, key=float), is_exact), members)


def _as_all(known: Known | None, members: Iterable[Known | None]) -> Known | None:
    """Return a number in the type that all members have in common; a float is one whatever the others are."""
    if known is None or known.number is None or isinstance(known.number, float):
        return known
    number: Number = known.number
    for each in members:
        if each is None:
            return None
        if each.number is not None:
            number = _alike(number, each.number)[0]
    return Known(number, known.is_exact)


def _are_floats(node: exp.Expr, one: Known, other: Known) -> bool:
    """Tell whether the side of an operation that is no string is a float, as the string is then."""
    sides = [known.number for side, known in ((node.this, one), (node.expression, other)) if not _is_text(side)]
    return bool(sides) and all(isinstance(each, float) for each in sides)


def _literal(node: exp.Literal) -> Number:
    """A number, or a string that PostgreSQL reads as one beside a number."""
    if node.is_string:
        number = float(node.this)
        if math.isnan(number):
            raise ValueError("NaN is above every number for PostgreSQL, and compares to nothing in Python")
        return number
    text = str(node.this)
    return int(text) if text.isdigit() else Decimal(text)


def _has_other_parts(node: exp.Expr) -> bool:
    """Tell whether an expression has parts that are not looked at, such as SYMMETRIC or a query."""
    looked_at = _PARTS | {"negate"} if isinstance(node, exp.Is) else _PARTS
    return not isinstance(node, exp.Column | exp.Literal) and any(
        value for part, value in node.args.items() if part not in looked_at
    )


def _is_text(node: exp.Expr) -> bool:
    """Tell whether an expression may be a string, which PostgreSQL reads as what stands beside it."""
    if isinstance(node, exp.Paren):
        return _is_text(node.this)
    if isinstance(node, exp.Coalesce | exp.Nullif | exp.Greatest | exp.Least):
        return any(_is_text(each) for each in node.iter_expressions())
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _is_whole(number: Number) -> bool:
    return math.isfinite(number) and number == int(number)


def _alike(first: Number, second: Number) -> tuple[Number, Number]:
    """Bring two numbers to the type in which PostgreSQL works with both."""
    if isinstance(first, float) or isinstance(second, float):
        return float(first), float(second)
    if isinstance(first, Decimal) or isinstance(second, Decimal):
        return Decimal(first), Decimal(second)
    return first, second
