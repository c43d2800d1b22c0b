"""What a query leaves open about its result, and the same query with that settled.

Without ORDER BY rows come in any order; rows that tie in it do, too; LIMIT and DISTINCT ON then take any of them;
string_agg and its like put values together as they come. Two servers may answer differently, and both be right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import Token, TokenType

from orchestrator.queries.rewrite import Edit, apply
from orchestrator.queries.script import MASK, UNKNOWN_TEXT, Statement, name_of, read_script, word

KEY = "mediabase_key_{}"
"""Names of the columns that are added to a result for its sort keys."""
_AGGREGATES = ("string_agg", "array_agg", "json_agg", "jsonb_agg", "xmlagg")
_CUTS = ("limit", "offset", "fetch")
_SETS = ("union", "intersect", "except")
_AFTER_LIST = ("from", "into", "where", "group", "group by", "having", "window", "order", "order by", *_CUTS, "for")
_AFTER_KEY = ("asc", "desc", "nulls", "using")
_CLOCKS = frozenset({
    "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "localtime", "localtimestamp", "session_user", "system_user", "user",
})  # fmt: skip
"""Functions that are called without parentheses."""
_TIED = ("row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value")


@dataclass(frozen=True)
class Leeway:
    """What a query leaves open."""

    is_ordered: bool
    has_limit: bool
    """Whether LIMIT or DISTINCT ON leave rows out."""
    has_aggregates: bool
    """Whether values are put together in no order, which can be settled."""
    has_placeholders: bool
    """Whether parts of it are filled in by a program, by psql or by EXECUTE."""
    names: frozenset[str]
    """All names in it, as PostgreSQL folds them."""
    makes_table: bool
    """Whether it is SELECT ... INTO."""
    functions: frozenset[str]
    """Those of them that are called, or that parentheses follow for another reason."""
    clocks: frozenset[str]
    """Key words that stand for the time, the role or the like."""
    others: tuple[str, ...]
    """What else gives another result where rows tie, and cannot be settled."""


@dataclass(frozen=True)
class Settled:
    """A query that leaves no rows out, whose result has the sort keys in it, and whose aggregates have an order."""

    text: str
    keys: tuple[int, ...]
    """Indexes of the result's columns that are sort keys."""
    left_out: tuple[int, str]
    """How many expressions rows were distinct on, and the LIMIT, which must be the same for the results to be."""


@dataclass(frozen=True)
class _Outline:
    """Where the parts of a query's outermost level are, as indexes of tokens; exclusive at the end."""

    statement: Statement
    depth: int
    last: int
    top: Sequence[int]
    """All of that level, but for names of columns."""
    order: int | None
    cut: int | None
    distinct_on: int | None
    """Where DISTINCT ON is."""
    list_end: int | None
    """None where there is no single select list to add to."""


def read_leeway(query: str) -> Leeway:
    """Return what a query leaves open."""
    statement = _statement(query)
    outline = _outline(statement)
    words = {word(token) for at, token in enumerate(statement.tokens) if not _is_name(statement, at)}
    texts = {token.text for token in statement.tokens if token.token_type is TokenType.PARAMETER}  # $1
    return Leeway(
        is_ordered=outline.order is not None,
        has_limit=outline.cut is not None or outline.distinct_on is not None,
        has_aggregates=any(True for _ in _open_aggregates(statement)),
        has_placeholders=MASK in statement.masked or UNKNOWN_TEXT in statement.masked or "$" in texts,
        names=frozenset(map(name_of, statement.tokens)),
        makes_table=any(statement.is_word(at, "into") for at in outline.top),
        functions=frozenset(_called(statement)),
        clocks=_CLOCKS & words,
        others=tuple(_others(statement, outline)),
    )


def settle(query: str, names: Sequence[str]) -> Settled | None:
    """Return a query with nothing left open, given the names of its columns; None where that cannot be done."""
    text = apply(query, _open_aggregates(_statement(query)), 0, len(query))
    outline = _outline(_statement(text))
    keys: list[int] = []
    added: list[str] = []
    for key in _sort_keys(outline):
        at = _column_of(key, names)
        if at is None:
            at = len(names) + len(added)
            added.append(f", ({text[key[0].start : key[-1].end + 1]}) AS {KEY.format(len(added) + 1)}")
        keys.append(at)
    return _with_keys(text, outline, added, tuple(keys))


def _with_keys(text: str, outline: _Outline, added: Sequence[str], keys: tuple[int, ...]) -> Settled | None:
    statement, tokens = outline.statement, outline.statement.tokens
    edits = []
    distinct, cut = 0, ""
    if outline.distinct_on is not None:
        opening = outline.distinct_on + 2
        closing = _closing(statement, opening)
        distinct = len(_commas(statement, opening, closing)) + 1
        edits.append(Edit(tokens[outline.distinct_on].start, tokens[closing].end + 1, ""))
    if added and outline.list_end is not None:
        place = tokens[outline.list_end - 1].end + 1
        edits.append(Edit(place, place, "".join(added)))
    if outline.cut is not None:
        start, end = tokens[outline.cut].start, tokens[outline.last - 1].end + 1
        cut = " ".join(text[start:end].lower().split())
        edits.append(Edit(start, end, ""))
    if (added and outline.list_end is None) or len(keys) < distinct:
        return None  # a sort key, or what rows are distinct on, would not be in the result
    return Settled(apply(text, edits, 0, len(text)), keys, (distinct, cut))


def _statement(query: str) -> Statement:
    """Return the one statement that a query is; whoever took it from a script found it to be one."""
    return next(part for part in read_script(query).parts if isinstance(part, Statement))


def _outline(statement: Statement) -> _Outline:
    first, last = 0, len(statement.tokens)
    while statement.tokens[first].text == "(" and _closing(statement, first) == last - 1:
        first, last = first + 1, last - 1
    depth = statement.depths[first]
    top = [at for at in range(first, last) if statement.depths[at] == depth and not _is_name(statement, at)]
    selects = [at for at in top if statement.is_word(at, "select")]
    has_list = len(selects) == 1 and not any(statement.is_word(at, *_SETS) for at in top)
    ends = (at for at in top if selects and at > selects[0] and statement.is_word(at, *_AFTER_LIST)
            and not _is_comparison(statement, at))  # fmt: skip
    return _Outline(
        statement=statement,
        depth=depth,
        last=last,
        top=top,
        order=next((at for at in top if statement.is_word(at, "order", "order by")), None),
        cut=next((at for at in top if statement.is_word(at, *_CUTS)), None),
        distinct_on=next((at for at in top if _is_distinct_on(statement, at)), None) if has_list else None,
        list_end=next(ends, last) if has_list else None,
    )


def _is_name(statement: Statement, at: int) -> bool:
    """Tell whether a key word is only the name of a column there."""
    return at > 0 and (statement.is_word(at - 1, "as") or statement.tokens[at - 1].text == ".")


def _is_distinct_on(statement: Statement, at: int) -> bool:
    return statement.is_word(at, "distinct") and statement.is_word(at + 1, "on")


def _is_comparison(statement: Statement, at: int) -> bool:
    """Tell whether this FROM is the one of IS [NOT] DISTINCT FROM."""
    return statement.is_word(at - 1, "distinct") and statement.is_word(at - 2, "is", "not")


def _closing(statement: Statement, opening: int) -> int:
    """Return the index of the parenthesis that closes another."""
    depth = statement.depths[opening]
    after = range(opening + 1, len(statement.tokens))
    return next((at for at in after if statement.depths[at] == depth and statement.tokens[at].text == ")"), -1)


def _commas(statement: Statement, opening: int, closing: int) -> list[int]:
    """Return the indexes of the commas between what two parentheses enclose."""
    return [
        at for at in range(opening + 1, closing)
        if statement.tokens[at].token_type is TokenType.COMMA and statement.depths[at] == statement.depths[opening] + 1
    ]  # fmt: skip


def _sort_keys(outline: _Outline) -> Iterator[Sequence[Token]]:
    """Yield the tokens of each expression in ORDER BY, without its direction."""
    statement = outline.statement
    if outline.order is None:
        return
    begin = outline.order + (1 if statement.is_word(outline.order, "order by") else 2)
    end = outline.cut or outline.last
    key: list[Token] = []
    is_over = False
    for at in range(begin, end):
        is_top = statement.depths[at] == outline.depth
        if is_top and statement.tokens[at].token_type is TokenType.COMMA:
            yield key
            key, is_over = [], False
            continue
        is_over = is_over or (is_top and not _is_name(statement, at) and statement.is_word(at, *_AFTER_KEY))
        if not is_over:
            key.append(statement.tokens[at])
    yield key


def _column_of(key: Sequence[Token], names: Sequence[str]) -> int | None:
    """Return the index of the result's column that a sort key is; a lone name is one before it is anything else."""
    if len(key) != 1:
        return None
    if key[0].text.isdecimal():
        return int(key[0].text) - 1
    name = name_of(key[0])
    return names.index(name) if name in names else None


def _called(statement: Statement) -> Iterator[str]:
    for at, token in enumerate(statement.tokens[:-1]):
        if (name := name_of(token)) and statement.tokens[at + 1].text == "(":
            yield name


def _open_aggregates(statement: Statement) -> Iterator[Edit]:
    """Yield the edits that put in order what aggregates and ARRAY(SELECT ...) put together."""
    for at in range(len(statement.tokens) - 2):
        if not statement.is_word(at, *_AGGREGATES, "array") or statement.tokens[at + 1].text != "(":
            continue
        closing = _closing(statement, at + 1)
        inside = [each for each in range(at + 2, closing) if statement.depths[each] == statement.depths[at + 1] + 1]
        place = statement.tokens[closing].start
        if any(statement.is_word(each, "order", "order by", *_CUTS) for each in inside):
            continue
        if statement.is_word(at, "array"):
            if statement.is_word(at + 2, "select", "with"):
                yield Edit(place, place, " ORDER BY 1")
        elif inside and not statement.is_word(at + 2, "distinct") and not _is_window(statement, closing + 1):
            last = next(iter(_commas(statement, at + 1, closing)), closing) - 1
            argument = statement.masked[statement.tokens[at + 2].start : statement.tokens[last].end + 1]
            yield Edit(place, place, f' ORDER BY ({argument})::text COLLATE "C"')  # not every type has an order


def _is_window(statement: Statement, at: int) -> bool:
    """Tell whether OVER follows a call, where no order may be added."""
    if statement.is_word(at, "filter"):
        at = _closing(statement, at + 1) + 1
    return statement.is_word(at, "over")


def _others(statement: Statement, outline: _Outline) -> Iterator[str]:
    tokens = range(len(statement.tokens))
    for called in _TIED:
        if any(statement.is_word(at, called) and statement.tokens[at + 1].text == "(" for at in tokens[:-1]):
            yield f"{called}()"
    if any(_is_distinct_on(statement, at) for at in tokens if at != outline.distinct_on):
        yield "a DISTINCT ON inside"
    inner = (at for at in tokens if at != outline.cut and not _is_name(statement, at))
    if any(statement.is_word(at, "limit", "fetch") and statement.depths[at] > outline.depth for at in inner):
        yield "a LIMIT inside"
