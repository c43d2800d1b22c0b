"""Functions, procedures and DO blocks: their bodies are kept, and find the patient's view by search_path."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.queries.context import Context
from orchestrator.queries.refusals import Found, changed_table, meaning
from orchestrator.queries.rewrite import Edit
from orchestrator.queries.script import TABLE, Statement, is_string, read_spans

_QUALIFIED = re.compile(rf"\bpublic\s*\.\s*(?={TABLE}\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Routine:
    """The edits of a statement that holds a body, and what there is to say."""

    edits: Sequence[Edit]
    found: Sequence[Found]
    needs_path: bool
    """Whether search_path must lead to the patient when the statement runs."""


def migrate_routine(statement: Statement, context: Context) -> Routine | None:
    """Return what becomes of a function, procedure or block; None: it does not name the wide table."""
    bodies = statement.strings_with_table
    if not bodies and not statement.mentions:
        return None
    found: list[Found] = []
    if changed := changed_table(statement):
        found.append(("E102", meaning("E102"), changed))
    for index in bodies:
        found += _refused_in(statement, index)
    if found:
        return Routine([], found, needs_path=False)
    is_block = statement.is_word(0, "do")
    place = statement.tokens[(bodies or statement.mentions)[0]].start
    found = [("W105", meaning("W105"), place)]
    edits = [Edit(start, end, f"{context.patient.schema}.") for start, end in _qualified(statement)]
    if bodies and not is_block:
        edits += _set_path(statement, context)
    return Routine(edits, found, needs_path=is_block or bool(statement.mentions))


def _refused_in(statement: Statement, index: int) -> Iterator[Found]:
    """Yield what a body does that no view can do; a body that is quoted twice is not looked into."""
    start, end = _inside(statement, index)
    inner = read_spans(statement.masked, [(start, end)])
    for position, reason in inner.unreadable:
        yield "E111", meaning("E111", reason), position
    for part in inner.parts:
        if not isinstance(part, Statement):
            continue
        if changed := changed_table(part):
            yield "E102", meaning("E102"), changed
        for string in part.strings_with_table:
            yield "E107", meaning("E107", "its text is put together when it runs"), part.tokens[string].start


def _inside(statement: Statement, index: int) -> tuple[int, int]:
    """Return the span of a string without its quotes."""
    token = statement.tokens[index]
    quoted = statement.masked[token.start : token.end + 1]
    quote = quoted[: quoted.index("$", 1) + 1] if quoted.startswith("$") else quoted[-1]
    start = token.start + quoted.index(quote) + len(quote)
    return start, token.end + 1 - len(quote)


def _qualified(statement: Statement) -> Iterator[tuple[int, int]]:
    """Yield the spans of public. in front of the wide table, in bodies and outside."""
    for found in _QUALIFIED.finditer(statement.masked, statement.start, statement.end):
        yield found.span()


def _set_path(statement: Statement, context: Context) -> Iterator[Edit]:
    """Yield the clause that gives a function the patient's search_path, unless it sets one."""
    for index, token in enumerate(statement.tokens):
        if statement.is_word(index, "set") and statement.is_word(index + 1, "search_path"):
            return
        is_body = statement.is_word(index, "as") and index + 1 < len(statement.tokens)
        if is_body and is_string(statement.tokens[index + 1]):
            yield Edit(token.start, token.start, f"SET search_path = {context.patient.schema}, public ")
