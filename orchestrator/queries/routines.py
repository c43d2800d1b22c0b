"""Functions, procedures and DO blocks: their bodies are kept, and find the patient's view by search_path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.queries.column_map import legacy_columns
from orchestrator.queries.context import Context
from orchestrator.queries.refusals import Found, changed_table, meaning, narrow_table
from orchestrator.queries.rewrite import Edit
from orchestrator.queries.script import Script, Statement, is_string, name_of, read_spans


@dataclass(frozen=True)
class Routine:
    """The edits of a statement that holds a body, and what there is to say."""

    edits: Sequence[Edit]
    found: Sequence[Found]
    needs_path: bool
    """Whether search_path must lead to the patient when the statement runs."""


def migrate_routine(statement: Statement, context: Context) -> Routine | None:
    """Return what becomes of a function, procedure or block; None: it reads no fold changes."""
    bodies = {index: _body(statement, index) for index, token in enumerate(statement.tokens) if is_string(token)}
    parts = [part for body in bodies.values() for part in body.parts if isinstance(part, Statement)]
    found = [each for part in (statement, *parts) for each in narrow_table(part)]
    if not found and not statement.mentions and not statement.strings_with_table:
        return None
    found += [("E111", meaning("E111", reason), place) for index in statement.strings_with_table
              for place, reason in bodies[index].unreadable]  # fmt: skip
    for part in (statement, *parts):
        if changed := changed_table(part):
            found.append(("E102", meaning("E102"), changed))
    found += [each for part in parts for each in _refused_in(statement, part)]
    if found:
        return Routine([], found, needs_path=False)
    is_block = statement.is_word(0, "do")
    place = statement.tokens[(statement.strings_with_table or statement.mentions)[0]].start
    edits = [edit for part in (statement, *parts) for edit in _qualified(part, context)]
    path = next((index for index in range(len(statement.tokens)) if statement.is_word(index, "search_path")), None)
    is_ours = path is not None and any(name_of(token) == context.patient.schema for token in statement.tokens[path:])
    if is_ours and not edits:
        return None  # it was migrated before
    if statement.strings_with_table and not is_block and not is_ours:
        edits += _set_path(statement, path, context)
    return Routine(edits, [("W105", meaning("W105"), place)], needs_path=is_block or bool(statement.mentions))


def _body(statement: Statement, index: int) -> Script:
    """Return what is in a string; a body that is quoted twice is not looked into."""
    return read_spans(statement.masked, [_inside(statement, index)])


def _refused_in(statement: Statement, part: Statement) -> Iterator[Found]:
    """Yield what a statement of a body does that cannot be done in v0.6.0."""
    for string in part.strings_with_table:
        yield "E107", meaning("E107", "its text is put together when it runs"), part.tokens[string].start
    is_procedure = any(statement.is_word(index, "procedure") for index in range(4))
    if is_procedure and part.is_word(0, "commit", "rollback"):
        yield "E107", meaning("E107", "a procedure with a search_path of its own may not end transactions"), part.start
    columns = legacy_columns()
    for token in part.tokens if part.mentions else []:
        column = columns.get(name_of(token))
        if column and column.mapping == "none":
            yield "E101", f"{column.name}: {column.difference}", token.start


def _inside(statement: Statement, index: int) -> tuple[int, int]:
    """Return the span of a string without its quotes."""
    token = statement.tokens[index]
    quoted = statement.masked[token.start : token.end + 1]
    quote = quoted[: quoted.index("$", 1) + 1] if quoted.startswith("$") else quoted[-1]
    start = token.start + quoted.index(quote) + len(quote)
    return start, token.end + 1 - len(quote)


def _qualified(statement: Statement, context: Context) -> Iterator[Edit]:
    """Yield the edits that put the patient's schema in the place of public in front of the wide table."""
    for index in statement.mentions:
        schema = statement.tokens[index - 2] if index >= 2 and statement.tokens[index - 1].text == "." else None
        if schema is not None and name_of(schema) == "public":
            yield Edit(schema.start, schema.end + 1, context.patient.schema)


def _set_path(statement: Statement, path: int | None, context: Context) -> Iterator[Edit]:
    """Yield the clause that gives a function the patient's search_path, or puts the patient first in its own."""
    if path is not None:
        after = statement.tokens[path + 2].start
        yield Edit(after, after, f"{context.patient.schema}, ")
        return
    for index, token in enumerate(statement.tokens[:-1]):
        if statement.is_word(index, "as") and is_string(statement.tokens[index + 1]):
            yield Edit(token.start, token.start, f"SET search_path = {context.patient.schema}, public ")
