"""What kind of statement it is, and which of its tokens are the query."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.queries.script import Statement, name_of

_QUERY_BEGINS = ("select", "with", "values", "table")
_CHANGES = ("insert", "update", "delete", "merge")


class Kind(StrEnum):
    """What a statement does, as far as its migration is concerned."""

    QUERY = "query"
    """A query, alone or in EXPLAIN, PREPARE, DECLARE, COPY (...) TO, CREATE ... AS, INSERT ... SELECT."""
    CHANGE = "change"
    """INSERT of given rows, UPDATE, DELETE, MERGE, also within WITH."""
    ROUTINE = "routine"
    """CREATE FUNCTION or PROCEDURE, DO: a body that is a string, or SQL up to END."""
    OTHER = "other"


@dataclass(frozen=True)
class Anatomy:
    """A statement's kind, and which of its tokens can be led by WITH: the query, or the change of another table.

    Indexes of the first token and of the one after the last; both 0: none.
    """

    kind: Kind
    first: int = 0
    last: int = 0


def dissect(statement: Statement) -> Anatomy:
    """Return what a statement consists of."""
    count = len(statement.tokens)
    if _begins_query(statement, 0):
        return Anatomy(_kind_of_with(statement), 0, count)
    if statement.is_word(0, "explain"):
        return _within(statement, _after_explain(statement), count)
    if statement.is_word(0, "prepare"):
        return _after_word(statement, "as", 1)
    if statement.is_word(0, "declare"):
        return _after_word(statement, "for", 1)
    if statement.is_word(0, "copy"):
        return _copy(statement)
    if statement.is_word(0, "create"):
        return _create(statement)
    if statement.is_word(0, "insert"):
        return _insert(statement)
    if statement.is_word(0, *_CHANGES):
        return Anatomy(Kind.CHANGE, 0, count)
    if statement.is_word(0, "do"):
        return Anatomy(Kind.ROUTINE)
    return Anatomy(Kind.OTHER)


def _begins_query(statement: Statement, index: int) -> bool:
    while index < len(statement.tokens) and statement.tokens[index].text == "(":
        index += 1
    return statement.is_word(index, *_QUERY_BEGINS)


def _kind_of_with(statement: Statement) -> Kind:
    """WITH may lead to a change of data, or hold one."""
    if not statement.is_word(0, "with"):
        return Kind.QUERY
    tokens = range(len(statement.tokens))
    at_top = any(statement.depths[index] == 0 and statement.is_word(index, *_CHANGES) for index in tokens)
    inside = any(statement.is_word(index, *_CHANGES) and statement.tokens[index - 1].text == "(" for index in tokens)
    return Kind.CHANGE if at_top or inside else Kind.QUERY


def _after_explain(statement: Statement) -> int:
    index = 1
    if index < len(statement.tokens) and statement.tokens[index].text == "(" and not _begins_query(statement, index):
        while statement.tokens[index].text != ")" or statement.depths[index] != 0:
            index += 1
            if index >= len(statement.tokens):
                return index
        return index + 1
    while statement.is_word(index, "analyze", "analyse", "verbose"):
        index += 1
    return index


def _within(statement: Statement, first: int, last: int) -> Anatomy:
    if statement.is_word(first, *_CHANGES):
        return Anatomy(Kind.CHANGE, first, last)
    if first >= last or not _begins_query(statement, first):
        return Anatomy(Kind.OTHER)
    return Anatomy(Kind.QUERY, first, last)


def _after_word(statement: Statement, word: str, begin: int) -> Anatomy:
    for index in range(begin, len(statement.tokens)):
        if statement.depths[index] == 0 and statement.is_word(index, word):
            return _within(statement, index + 1, len(statement.tokens))
    return Anatomy(Kind.OTHER)


def _copy(statement: Statement) -> Anatomy:
    if len(statement.tokens) < 2 or statement.tokens[1].text != "(":
        return Anatomy(Kind.OTHER)
    last = next(
        (index for index in range(2, len(statement.tokens))
         if statement.depths[index] == 0 and statement.tokens[index].text == ")"), 0,
    )  # fmt: skip
    return _within(statement, 2, last)


def _create(statement: Statement) -> Anatomy:
    tokens = range(len(statement.tokens))
    kinds = ("view", "table", "function", "procedure")
    made = next((index for index in tokens if index < 6 and statement.is_word(index, *kinds)), None)
    if made is None:
        return Anatomy(Kind.OTHER)
    if statement.is_word(made, "function", "procedure"):
        return Anatomy(Kind.ROUTINE)
    for index in tokens:
        if statement.depths[index] == 0 and statement.is_word(index, "as") and _begins_query(statement, index + 1):
            return _within(statement, index + 1, _before_options(statement))
    return Anatomy(Kind.OTHER)


def _before_options(statement: Statement) -> int:
    """Return where WITH [NO] DATA or WITH ... CHECK OPTION at the end begins."""
    count = len(statement.tokens)
    if statement.is_word(count - 1, "data", "option"):
        for index in range(count - 2, count - 5, -1):
            if statement.is_word(index, "with"):
                return index
    return count


def _insert(statement: Statement) -> Anatomy:
    """INSERT INTO target [(columns)] query [ON CONFLICT ...] [RETURNING ...]."""
    count = len(statement.tokens)
    last = next(
        (index for index in range(2, count) if statement.depths[index] == 0
         and (statement.is_word(index, "returning")
              or (statement.is_word(index, "on") and statement.is_word(index + 1, "conflict")
                  and statement.tokens[min(index + 2, count - 1)].text != "."))), count,
    )  # fmt: skip
    for index in range(2, last):
        if statement.depths[index] == 0 and statement.is_word(index, "values"):
            break
        is_query = _begins_query(statement, index) and not statement.is_word(index, "values")
        if statement.depths[index] == 0 and is_query:
            return _within(statement, index, last)
    return Anatomy(Kind.CHANGE, 0, count)


def made_by(statement: Statement) -> Iterator[str]:
    """Yield the name, without its schema, of the table, view or function that a statement makes."""
    if not statement.is_word(0, "create"):
        return
    kinds = ("view", "table", "function", "procedure")
    made = next((index for index in range(6) if statement.is_word(index, *kinds)), None)
    if made is None:
        return
    index = made + 1
    while statement.is_word(index, "if", "not", "exists"):
        index += 1
    while index + 1 < len(statement.tokens) and statement.tokens[index + 1].text == ".":
        index += 2
    if index < len(statement.tokens):
        yield name_of(statement.tokens[index])
