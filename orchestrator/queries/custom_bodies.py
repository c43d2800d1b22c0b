"""A function's body, made to read the patient, and what in it would not do that."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator.legacy.databases import NARROW
from orchestrator.queries.column_map import FOLD_CHANGE, legacy_columns
from orchestrator.queries.context import Context
from orchestrator.queries.custom_objects import has_word
from orchestrator.queries.refusals import catalog_probes, meaning
from orchestrator.queries.rewrite import Edit, apply
from orchestrator.queries.script import TABLE, Statement, is_string, name_of, read_script, word

Names = Collection[tuple[str, str]]
"""Schema and name."""


@dataclass(frozen=True)
class Body:
    """The text in v0.6.0, why it cannot be, and what is to be known of it."""

    text: str
    refusals: Sequence[str]
    notes: Sequence[str]


def migrate_body(body: str, context: Context, moved: Names) -> Body:
    """Return a body in which what is `moved` stands with the patient's schema, where it had a schema."""
    script = read_script(body)
    refusals = [f"E111: {meaning('E111', reason)}" for _, reason in script.unreadable]
    edits: list[Edit] = []
    strings: list[str] = []
    notes: list[str] = []
    for part in script.parts:
        if isinstance(part, Statement):
            refusals += _refused(part, context)
            notes += _noted(part)
            edits += _with_schema(part, context, moved)
            strings += [token.text for token in part.tokens if is_string(token)]
    refusals += _refused_strings(strings, context, moved)
    if has_word(body, "search_path"):
        refusals.append("E107: it sets search_path itself, and would not read the patient")
    return Body(apply(body, edits, 0, len(body)), list(dict.fromkeys(refusals)), list(dict.fromkeys(notes)))


def _refused(statement: Statement, context: Context) -> Iterator[str]:
    """Yield what a statement does that would not do in v0.6.0 what it did, or not to one patient."""
    names = [name_of(token) for token in statement.tokens]
    for index, name in enumerate(names):
        if name == TABLE and _is_changed(statement, index):
            yield f"E102: {meaning('E102')}"
        elif name in context.tables and _is_changed(statement, index):
            yield f"E102: it changes {name}, which all patients share"
    if _reads_narrow(statement, names):
        yield f"E109: {meaning('E109')}"
    for column in _columns(statement, "none"):
        yield f"E101: {meaning('E101', column)}"
    for code, message, _ in catalog_probes(statement):
        yield f"{code}: {message}"


def _columns(statement: Statement, mapping: str) -> Iterator[str]:
    """Yield the columns of the wide table, with what became of them, that a statement may read from it."""
    names = [name_of(token) for token in statement.tokens]
    for column in legacy_columns().values() if TABLE in names else ():
        if column.mapping == mapping and column.name in names:
            yield f"{column.name} ({column.difference})"


def _noted(statement: Statement) -> Iterator[str]:
    """Yield what is to be known of a statement that stays as it is."""
    for column in _columns(statement, "lossy"):
        yield f"W101: {meaning('W101', column)}"
    if statement.mentions and any(
        token.text == "*" and (before.text in (".", ",") or word(before) == "select")
        for before, token in pairwise(statement.tokens)
    ):
        yield f"W102: {meaning('W102')}"


def _reads_narrow(statement: Statement, names: Sequence[str]) -> bool:
    """Tell whether a statement reads the fold change of transcripts, or may read it."""
    if TABLE not in names:
        return {NARROW, FOLD_CHANGE} <= set(names)
    called = {NARROW}
    for index, name in enumerate(names):
        if name == NARROW:
            called.update(names[index + 1 + statement.is_word(index + 1, "as") :][:1])
    return any(
        name == FOLD_CHANGE and index > 1 and statement.tokens[index - 1].text == "." and names[index - 2] in called
        for index, name in enumerate(names)
    )


def _is_changed(statement: Statement, index: int) -> bool:
    """Tell whether the table that is named there is what a statement changes."""
    before = index - 1
    if before > 0 and statement.tokens[before].text == ".":
        before -= 2
    while statement.is_word(before, "only", "table"):
        before -= 1
    is_target = statement.is_word(before, "into") and statement.is_word(before - 1, "insert", "merge")
    is_emptied = statement.is_word(before, "from") and statement.is_word(before - 1, "delete")
    return is_target or is_emptied or statement.is_word(before, "update", "truncate")


def _with_schema(statement: Statement, context: Context, moved: Names) -> Iterator[Edit]:
    tokens = statement.tokens
    for schema, dot, name in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if dot.text == "." and (name_of(schema), name_of(name)) in moved:
            yield Edit(schema.start, schema.end + 1, context.patient.schema)


def _refused_strings(strings: Sequence[str], context: Context, moved: Names) -> Iterator[str]:
    """Yield what may become SQL when the body runs, and would not read the patient, or change something."""
    for text in strings:
        for schema, name in moved:
            if has_word(text, rf'"?{re.escape(schema)}"?\s*\.\s*"?{re.escape(name)}"?'):
                yield f"E107: {meaning('E107', f'{schema}.{name} in a string; leave the schema out')}"
        for part in read_script(text).parts:
            if isinstance(part, Statement):
                yield from _refused(part, context)
    named = {name for _, name in moved if any(has_word(text, re.escape(name)) for text in strings)}
    apart = {
        schema for schema, _ in moved
        if any(text == schema or has_word(text, rf'{re.escape(schema)}"?\s*\.\s*"?$') for text in strings)
    }  # fmt: skip
    if named and apart:
        yield f"E107: {meaning('E107', f'{min(apart)} and {min(named)} in strings; leave the schema out')}"
