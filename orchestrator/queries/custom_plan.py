"""What becomes of each custom object in a patient's schema: statements that make it, or why there are none."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from orchestrator.legacy.databases import NARROW, WIDE
from orchestrator.queries.column_map import FOLD_CHANGE
from orchestrator.queries.context import Context
from orchestrator.queries.custom_bodies import migrate_body
from orchestrator.queries.custom_objects import Attachment, Custom, Relation, Routine, names_in
from orchestrator.queries.migrate import migrate_text
from orchestrator.queries.outcome import Options
from orchestrator.queries.refusals import meaning

TAKEN = frozenset({"expression_data", "quarantined_expression", "metadata", WIDE})
"""Relations of the product in each patient's schema."""
LANGUAGES = ("sql", "plpgsql")
NO_DEFINER = (
    "SECURITY DEFINER became SECURITY INVOKER: readers of the patient would reach what the owner of the function may, "
    "which is every patient"
)
KEPT_BODY = f"W105: {meaning('W105')}"
AS_OF_NOW = "it holds what was read when it was made: refresh it when the patient is moved again"


@dataclass(frozen=True)
class Surroundings:
    """What a plan must know of the target besides the core's tables."""

    reader: str | None
    """The role that may read the patient; None: there is none."""
    built_in: Collection[str]
    """Names of functions that PostgreSQL has."""


@dataclass(frozen=True)
class Planned:
    """A custom object and what becomes of it."""

    custom: Custom
    statements: Sequence[str] = ()
    """Those that make it; none where it is refused."""
    drop: str = ""
    refusals: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return what it is called in the patient's schema."""
        return self.custom.object.new_name

    @property
    def source(self) -> str:
        """Return the hash of what it is made with."""
        return hashlib.sha256("\n".join(self.statements).encode()).hexdigest()


def plan(found: Sequence[Custom], context: Context, around: Surroundings) -> list[Planned]:
    """Return what becomes of each custom object, in the order in which they are made."""
    relations = {each.object.name: each.object.columns for each in found if isinstance(each.object, Relation)}
    with_views = replace(context, tables={**context.tables, **relations})
    moved = {("public", WIDE)} | {
        (each.object.schema, each.object.name) for each in found if not isinstance(each.object, Attachment)
    }
    planned = []
    names: dict[str, str] = {}
    for each in found:
        made = each.object
        refusals = [*_refused(each, context, around)]
        first = names.setdefault(made.new_name, made.label)
        if first != made.label:
            refusals.append(f"{first} gets that name in the patient's schema")
        if isinstance(made, Relation):
            planned.append(_relation(each, made, refusals, with_views, around))
        elif isinstance(made, Routine):
            planned.append(_routine(each, made, refusals, context, around, moved))
        else:
            planned.append(Planned(each, refusals=refusals))
    return planned


def _refused(custom: Custom, context: Context, around: Surroundings) -> Iterator[str]:
    """Yield why an object cannot be made, as far as that shows without a look at its definition."""
    made = custom.object
    if isinstance(made, Attachment):
        yield _refused_attachment(made)
    if isinstance(made, Relation):
        yield from _refused_name(made, context)
    if isinstance(made, Routine):
        yield from _refused_routine(made, around)
    for table in sorted(custom.absent):
        yield f"W104: v0.6.0 has no table {table}"
    by_label = {f"public.{table}": columns for table, columns in context.tables.items()}
    for label, column in sorted(custom.columns):
        if label in by_label and column not in by_label[label]:
            yield f"E101: {meaning('E101', f'{label}.{column}')}"
        if (label, column) == (f"public.{NARROW}", FOLD_CHANGE):
            yield f"E109: {meaning('E109')}"


def _refused_attachment(made: Attachment) -> str:
    if made.relation == WIDE:
        return (
            f"E103: {meaning('E103')}; in v0.6.0 it is a view, and {made.kind}s of it would never fire "
            "(expression_data has a trigger of its own)"
        )
    return f"E103: a {made.kind} of {made.schema}.{made.relation}, which is no patient's own, or is read only"


def _refused_name(made: Relation, context: Context) -> Iterator[str]:
    if made.name in TAKEN:
        yield f"the patient's schema has a {made.name} of its own"
    elif made.schema != "public" and made.name in context.tables:
        yield f"in the patient's schema it would hide public.{made.name}"


def _refused_routine(made: Routine, around: Surroundings) -> Iterator[str]:
    if made.kind not in ("function", "procedure"):
        yield f"it is an {made.kind}" if made.kind == "aggregate" else f"it is a {made.kind}"
    elif made.language not in LANGUAGES:
        yield f"its language is {made.language}: only {' and '.join(LANGUAGES)} are read"
    if made.is_for_triggers:
        yield "E103: only a trigger can call it, and no trigger is migrated"
    if made.kind == "procedure" and names_in(made.body, ["commit", "rollback"]):
        yield "it ends transactions, which no procedure with a search_path of its own may"
    if made.name in around.built_in:
        yield f"PostgreSQL has a {made.name} of its own, and builds of the patient might call this one"


def _relation(
    custom: Custom, made: Relation, refusals: list[str], context: Context, around: Surroundings
) -> Planned:  # fmt: skip
    migrated = migrate_text(made.query, context, Options())
    said = [f"{each.code}: {each.message}" for each in migrated.findings]
    refusals = _together(refusals, said if migrated.is_refused else [])
    if refusals:
        return Planned(custom, refusals=refusals)
    name = sql.Identifier(context.patient.schema, made.name)
    kind = sql.SQL(made.kind.upper())
    query = sql.SQL(migrated.text.strip().removesuffix(";"))
    barrier = sql.SQL(", security_barrier = true" if made.is_barrier else "")
    statements: list[sql.Composable] = [
        sql.SQL("CREATE VIEW {} WITH (security_invoker = true{}) AS\n{}").format(name, barrier, query)
        if made.kind == "view"
        else sql.SQL("CREATE MATERIALIZED VIEW {} AS\n{}\nWITH DATA").format(name, query),
        *map(sql.SQL, made.indexes),
    ]
    if made.comment is not None:
        statements.append(sql.SQL("COMMENT ON {} {} IS {}").format(kind, name, sql.Literal(made.comment)))
    for column, comment in (made.column_comments or {}).items():
        place = sql.Identifier(context.patient.schema, made.name, column)
        statements.append(sql.SQL("COMMENT ON COLUMN {} IS {}").format(place, sql.Literal(comment)))
    if around.reader:
        statements.append(sql.SQL("GRANT SELECT ON {} TO {}").format(name, sql.Identifier(around.reader)))
    return Planned(
        custom,
        statements=[each.as_string() for each in statements],
        drop=sql.SQL("DROP {} {}").format(kind, name).as_string(),
        notes=[*said, *([] if made.kind == "view" else [AS_OF_NOW])],
    )


def _routine(
    custom: Custom, made: Routine, refusals: list[str], context: Context, around: Surroundings,
    moved: Collection[tuple[str, str]],
) -> Planned:  # fmt: skip
    body = migrate_body(made.body if made.parsed_body is None else made.parsed_body, context, moved)
    refusals = _together(refusals, body.refusals)
    if refusals:
        return Planned(custom, refusals=refusals)
    name = sql.Identifier(context.patient.schema, made.name)
    called = sql.SQL("{}({})").format(name, sql.SQL(made.identity_arguments))
    kind = sql.SQL(made.kind.upper())
    statements: list[sql.Composable] = [
        sql.SQL("CREATE {} {}({})\n{}").format(
            kind, name, sql.SQL(made.arguments), sql.SQL("\n").join(_definition(made, body.text, context))
        ),
        sql.SQL("REVOKE ALL ON {} {} FROM PUBLIC").format(kind, called),
    ]
    if made.comment is not None:
        statements.append(sql.SQL("COMMENT ON {} {} IS {}").format(kind, called, sql.Literal(made.comment)))
    if around.reader:
        role = sql.Identifier(around.reader)
        statements.append(sql.SQL("GRANT EXECUTE ON {} {} TO {}").format(kind, called, role))
    notes = [*([KEPT_BODY] if made.parsed_body is None else []), *body.notes]
    notes += [f"W104: its text may name the table {name}: v0.6.0 has none" for name in sorted(custom.perhaps_absent)]
    return Planned(
        custom,
        statements=[each.as_string() for each in statements],
        drop=sql.SQL("DROP {} {}").format(kind, called).as_string(),
        notes=[*notes, *([NO_DEFINER] if made.is_definer else [])],
    )


def _together(refusals: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return all refusals, those with a code that is there already left out."""
    codes = {text[:5] for text in refusals}
    return [*refusals, *(text for text in more if text[:5] not in codes)]


def _definition(made: Routine, body: str, context: Context) -> Iterator[sql.Composable]:
    """Yield the lines of CREATE FUNCTION after its arguments; rights are those of whoever calls it."""
    if made.result is not None:
        yield sql.SQL("RETURNS " + made.result)
    yield sql.SQL(f"LANGUAGE {made.language} {made.attributes}".strip())
    yield sql.SQL("SECURITY INVOKER")
    yield sql.SQL("SET search_path = {}, public").format(sql.Identifier(context.patient.schema))
    for setting, _, value in (each.partition("=") for each in made.settings):
        if setting != "search_path":
            yield sql.SQL("SET {} = {}").format(sql.Identifier(*setting.split(".")), sql.Literal(value))
    if made.parsed_body is not None:
        yield sql.SQL(body)
        return
    quote = "$function$"
    while (body + quote).index(quote) < len(body):
        quote = quote[:-1] + "_$"
    yield sql.SQL(f"AS {quote}{body}{quote}")
