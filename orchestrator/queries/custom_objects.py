"""What an operator added to a legacy database: views, functions, triggers and rules, and what each of them needs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from psycopg import sql
from psycopg.rows import class_row

from orchestrator.legacy.databases import WIDE
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement
from orchestrator.queries.script import Statement, is_string, name_of, read_script

WIDE_TABLE = f"public.{WIDE}"
PARSED_BODIES = 140000
"""The first PostgreSQL with BEGIN ATOMIC."""
T = TypeVar("T")


@dataclass(frozen=True)
class Relation:
    """A view or a materialized view."""

    label: str
    """Its name with its schema, as SQL writes it."""
    kind: str
    schema: str
    name: str
    query: str
    is_barrier: bool
    columns: Mapping[str, str]
    """Type of each by name."""
    indexes: Sequence[str]
    """CREATE INDEX statements."""
    comment: str | None
    column_comments: Mapping[str, str] | None

    @property
    def new_name(self) -> str:
        """Return what it is called in the patient's schema."""
        return self.name


@dataclass(frozen=True)
class Routine:
    """A function, a procedure or an aggregate."""

    label: str
    """Its name with its schema, and the types of its arguments."""
    kind: str
    schema: str
    name: str
    types: str
    arguments: str
    """With names and defaults, as in CREATE FUNCTION."""
    identity_arguments: str
    """As in DROP FUNCTION."""
    result: str | None
    language: str
    attributes: str
    is_definer: bool
    settings: Sequence[str]
    """Each as name=value."""
    is_for_triggers: bool
    body: str
    parsed_body: str | None
    """BEGIN ATOMIC and so on; there is no other body then."""
    comment: str | None

    @property
    def new_name(self) -> str:
        """Return what it is called in the patient's schema, with the types of its arguments."""
        return f"{self.name}({self.types})"


@dataclass(frozen=True)
class Attachment:
    """A trigger or a rule of a table or a view."""

    label: str
    kind: str
    schema: str
    relation: str
    definition: str

    @property
    def new_name(self) -> str:
        """Return what it is called; it never gets into a patient's schema."""
        return self.label


Object = Relation | Routine | Attachment


@dataclass(frozen=True)
class Custom:
    """An object that the core does not have, or that reads the wide table and so needs to be the patient's own."""

    object: Object
    found: str
    """How it was found to read the wide table, for people."""
    needs: frozenset[str]
    """Labels of what it cannot be without, as far as the server or its text tells."""
    columns: frozenset[tuple[str, str]]
    """Label and column of what it reads, as far as the server knows."""
    absent: frozenset[str]
    """Labels of tables that it needs, and the core does not have."""
    perhaps_absent: frozenset[str]
    """The same, of names that are in its text."""


@dataclass(frozen=True)
class Found:
    """The custom objects of a legacy database, each after those that it needs, and the schemas that it has."""

    objects: Sequence[Custom]
    schemas: Sequence[str]


@dataclass(frozen=True)
class _Catalog:
    objects: Mapping[str, Object]
    tables: Mapping[str, str]
    """Their names by label."""
    needs: Mapping[str, set[str]]
    columns: Mapping[str, set[tuple[str, str]]]


def find(legacy: Connection, target: Connection) -> Found:
    """Return the custom objects of a legacy database.

    Both connections are in a transaction, whose search_path is changed.
    """
    schemas = [str(name) for (name,) in legacy.execute(statement(__package__, "custom_schemas")).fetchall()]
    there, core = _read(legacy, schemas), _read(target, schemas)
    absent = {label: name for label, name in there.tables.items() if label not in core.tables and label != WIDE_TABLE}
    texts = _names_in_texts(there, [WIDE, *absent.values()])
    needs = {label: there.needs.get(label, set()) | _named(there, label, texts) for label in there.objects}
    found = _how_found(there, needs, [label for label, names in texts.items() if WIDE in names])
    custom = {
        label: Custom(
            object=each,
            found=found.get(label, "does not read the table"),
            needs=frozenset(needs[label]),
            columns=frozenset(there.columns.get(label, ())),
            absent=frozenset(there.needs.get(label, set()) & absent.keys()),
            perhaps_absent=frozenset(name for name in absent.values() if name in texts.get(label, ())),
        )
        for label, each in there.objects.items()
        if label in found or each.schema != "public" or core.objects.get(label) != each
    }
    return Found(list(_in_order(custom)), schemas)


def _read(connection: Connection, schemas: Sequence[str]) -> _Catalog:
    """Read all objects of these schemas, with a search_path that leads to each of them."""
    path = ", ".join(sql.Identifier(name).as_string(connection) for name in schemas)
    connection.execute("select set_config('search_path', %s, true)", [path])
    knows_bodies = connection.info.server_version >= PARSED_BODIES
    body = sql.SQL("pg_catalog.pg_get_function_sqlbody(routine.oid)" if knows_bodies else "null::text")
    rows = partial(_rows, connection, {"schemas": schemas})
    objects: list[Object] = [
        *rows(statement(__package__, "custom_relations"), Relation),
        *rows(statement(__package__, "custom_routines").format(parsed_body=body), Routine),
        *rows(statement(__package__, "custom_attachments"), Attachment),
    ]
    tables = connection.execute(statement(__package__, "custom_tables"), {"schemas": schemas}).fetchall()
    needs: defaultdict[str, set[str]] = defaultdict(set)
    columns: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for label, needed, column in connection.execute(statement(__package__, "custom_needs"), {"schemas": schemas}):
        needs[str(label)].add(str(needed))
        if column is not None:
            columns[str(label)].add((str(needed), str(column)))
    return _Catalog(
        {each.label: each for each in objects}, {str(label): str(name) for label, name in tables}, needs, columns
    )


def _rows(
    connection: Connection, values: Mapping[str, object], query: sql.SQL | sql.Composed, kind: type[T]
) -> list[T]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, values).fetchall()


def _names_in_texts(there: _Catalog, more: Sequence[str]) -> dict[str, set[str]]:
    """Return the names of custom objects, and `more` of them, that the text of each function has."""
    names = {each.name for each in there.objects.values() if not isinstance(each, Attachment)}
    return {
        label: names_in(each.body, names.union(more))
        for label, each in there.objects.items()
        if isinstance(each, Routine) and each.parsed_body is None
    }


def names_in(text: str, names: Iterable[str]) -> set[str]:
    """Return those of some names that a function's text has: as a name, or in a string, which may become SQL."""
    script = read_script(text)
    tokens = [token for part in script.parts if isinstance(part, Statement) for token in part.tokens]
    strings = text if script.unreadable else "\n".join(token.text for token in tokens if is_string(token))
    plain = {name_of(token) for token in tokens}
    return {name for name in names if name in plain or has_word(strings, re.escape(name))}


def has_word(text: str, pattern: str) -> bool:
    """Tell whether a text has something that matches a pattern, and does not go on as a name on either side."""
    return re.search(rf"(?<![\w$]){pattern}(?![\w$])", text, re.IGNORECASE) is not None


def _named(there: _Catalog, label: str, texts: Mapping[str, set[str]]) -> set[str]:
    """Return the labels of other objects with a name that a function's text has."""
    names = texts.get(label, set())
    return {
        other for other, each in there.objects.items()
        if not isinstance(each, Attachment) and each.name in names and other != label
    }  # fmt: skip


def _how_found(there: _Catalog, needs: Mapping[str, set[str]], naming: Iterable[str]) -> dict[str, str]:
    """Return how each object that reads the wide table was found, those that do so through others included."""
    found = dict.fromkeys(naming, f"its text names {WIDE}")
    for label, each in there.objects.items():
        if WIDE_TABLE in there.needs.get(label, ()):
            found[label] = f"depends on {WIDE}"
        if isinstance(each, Attachment) and (each.schema, each.relation) == ("public", WIDE):
            found[label] = f"of {WIDE}"
    reached = list(found)
    for label in reached:
        for dependent, wanted in needs.items():
            if label in wanted and dependent not in found:
                found[dependent] = f"through {label}"
                reached.append(dependent)
    return found


def _in_order(custom: Mapping[str, Custom]) -> Iterator[Custom]:
    """Yield each after those that it needs; functions may need each other."""
    begun: set[str] = set()

    def visit(label: str) -> Iterator[Custom]:
        if label in begun or label not in custom:
            return
        begun.add(label)
        for need in sorted(custom[label].needs):
            yield from visit(need)
        yield custom[label]

    for label in custom:
        yield from visit(label)
