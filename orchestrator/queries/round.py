"""ROUND(double precision, integer), which PostgreSQL never had: found, and repaired by a cast to numeric."""

from collections.abc import Iterator

from sqlglot import TokenType, exp

from orchestrator.queries.column_map import FOLD_CHANGE
from orchestrator.queries.reading import Reading
from orchestrator.queries.rewrite import Edit
from orchestrator.queries.script import Statement, name_of

_KEEP_DOUBLE = (
    exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Abs, exp.Ln, exp.Log, exp.Sqrt, exp.Exp, exp.Pow,
    exp.Coalesce, exp.Greatest, exp.Least, exp.Nullif, exp.Case, exp.If, exp.Ceil, exp.Floor, exp.Round, exp.Avg,
    exp.Sum, exp.Min, exp.Max, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Filter,
    exp.Window,
)  # fmt: skip


def wrong_rounds(statement: Statement, reading: Reading) -> Iterator[tuple[int, Edit, Edit]]:
    """Yield the position of each ROUND that does not exist, and the two edits that make its argument numeric."""
    done = set()
    for use in reading.uses:
        if use.name != FOLD_CHANGE or not _is_rounded_as_double(use.node):
            continue
        at = next(index for index, token in enumerate(statement.tokens) if token.start == use.start)
        opening = _call_around(statement, at)
        if opening in done:
            continue
        done.add(opening)
        first, last = opening + 1, _end_of_argument(statement, opening)
        start, end = statement.tokens[first].start, statement.tokens[last].end + 1
        is_column = use.end == end and use.start == start
        before, after = ("", "::numeric") if is_column else ("(", ")::numeric")
        yield statement.tokens[opening - 1].start, Edit(start, start, before), Edit(end, end, after)


def _is_rounded_as_double(node: exp.Expr) -> bool:
    """Tell whether a fold change reaches a ROUND with two arguments as what it is, a double precision number."""
    inner: exp.Expr = node
    while inner.parent is not None:
        outer = inner.parent
        if isinstance(outer, exp.Round) and outer.args.get("decimals") is not None:
            return inner.arg_key == "this"
        is_condition = isinstance(outer, exp.If) and inner.arg_key == "this"
        is_aside = isinstance(outer, exp.Filter | exp.Window | exp.Nullif) and inner.arg_key != "this"
        if not isinstance(outer, _KEEP_DOUBLE) or is_condition or is_aside:
            return False
        inner = outer
    return False


def _call_around(statement: Statement, index: int) -> int:
    """Return the index of the parenthesis that opens the innermost ROUND around a token."""
    depth = statement.depths[index]
    for place in range(index - 1, 0, -1):
        if statement.tokens[place].token_type is TokenType.L_PAREN and statement.depths[place] < depth:
            depth = statement.depths[place]
            if name_of(statement.tokens[place - 1]) == "round" and _has_two_arguments(statement, place):
                return place
    raise AssertionError("the parser saw a ROUND that no token is")


def _end_of_argument(statement: Statement, opening: int) -> int:
    """Return the index of the last token of a call's first argument."""
    depth = statement.depths[opening] + 1
    for place in range(opening + 1, len(statement.tokens)):
        is_comma = statement.tokens[place].token_type is TokenType.COMMA and statement.depths[place] == depth
        if is_comma or statement.depths[place] < depth:
            return place - 1
    return len(statement.tokens) - 1


def _has_two_arguments(statement: Statement, opening: int) -> bool:
    after = _end_of_argument(statement, opening) + 1
    return after < len(statement.tokens) and statement.tokens[after].token_type is TokenType.COMMA
