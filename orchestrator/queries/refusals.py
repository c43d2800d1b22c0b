"""What cannot be said in v0.6.0, and what is to be known of what can: the findings of one statement."""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from orchestrator.queries.column_map import FOLD_CHANGE, legacy_columns
from orchestrator.queries.context import Context
from orchestrator.queries.findings import MEANINGS
from orchestrator.queries.reading import LISTS, Reading, Reference, name
from orchestrator.queries.script import MASK, TABLE, UNKNOWN_TEXT, Statement, name_of

Found = tuple[str, str, int]
"""Code, sentence, and position in the text."""

NARROW = "transcripts"
_CHANGED_AFTER = frozenset({"update", "into", "truncate"})
_CATALOGS = ("information_schema", "regclass", "to_regclass", "table_to_xml", "table_to_xmlschema",
             "table_to_xml_and_xmlschema")  # fmt: skip
_CATALOG_PREFIXES = ("pg_", "has_table_", "has_column_", "has_any_column_")
_RUN_STRINGS = frozenset({"dblink", "dblink_exec", "query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema",
                          "ts_stat", "crosstab", "connectby"})  # fmt: skip
_AGGREGATES = (exp.AggFunc, exp.Anonymous, exp.WithinGroup, exp.Filter)


def meaning(code: str, more: str = "") -> str:
    """Return the sentence of a code, with what else there is to say."""
    return MEANINGS[code] + (f": {more}" if more else "")


def changed_table(statement: Statement) -> int | None:
    """Return where a statement names the wide table as what it changes."""
    for index in statement.mentions:
        before = index - 1
        while statement.is_word(before, "only", "table", "public") or (
            before > 0 and statement.tokens[before].text == "."
        ):
            before -= 1
        is_changed = statement.is_word(before, *_CHANGED_AFTER)
        if is_changed or (statement.is_word(before, "from") and statement.is_word(before - 1, "delete")):
            return statement.tokens[index].start
    return None


def narrow_table(statement: Statement) -> Iterator[Found]:
    """Yield the fold changes that a change or a body may read from transcripts; its names are not resolved."""
    tokens = statement.tokens
    has_table = any(
        name_of(token) == NARROW
        and (index == 0 or tokens[index - 1].text != "." or statement.is_word(index - 2, "public"))
        for index, token in enumerate(tokens)
    )
    for token in tokens:
        if has_table and name_of(token) == FOLD_CHANGE:
            yield "E109", meaning("E109", f"it may be that of {NARROW}: read {TABLE} alone"), token.start


def catalog_probes(statement: Statement) -> Iterator[Found]:
    """Yield the strings in which a statement asks the catalog for the wide table."""
    words = {name_of(token) for token in statement.tokens}
    if words.isdisjoint(_CATALOGS) and not any(each.startswith(_CATALOG_PREFIXES) for each in words):
        return
    for index in statement.strings_with_table:
        yield "E108", meaning("E108", f"in v0.6.0 the table is a view, {TABLE}, in the patient's schema"), (
            statement.tokens[index].start
        )  # fmt: skip


def refused_reads(statement: Statement, reading: Reading) -> Iterator[Found]:
    """Yield what a query does with the wide table that no view can do."""
    for position in reading.system_columns:
        yield "E104", meaning("E104", "a view has none; transcript_id names a row"), position
    for position in reading.foreign:
        yield "E113", meaning("E113", "name the table without a database"), position
    for position, schema in reading.elsewhere.items():
        in_variable = schema.startswith((MASK, UNKNOWN_TEXT))
        reason = "its schema is in a variable" if in_variable else f"{schema}.{TABLE} is no patient's"
        yield "E112", meaning("E112", reason), position
    for reference in reading.references:
        if reference.table.args.get("sample"):
            yield "E105", meaning("E105", "a view cannot be sampled; choose rows by a hash of transcript_id"), (
                reference.start
            )  # fmt: skip
        if reference.frame.select.args.get("locks") and _is_locked(reference):
            yield "E106", meaning("E106", "the result of a join cannot be locked; nothing changes it"), reference.start
    for position in reading.narrow_uses:
        yield (
            "E109",
            meaning("E109", f"read {TABLE} instead; in v0.6.0 the core's transcripts are all at 1.0"),
            position,
        )
    yield from _columns(statement, reading)
    yield from _keyed_groups(reading)


def _is_locked(reference: Reference) -> bool:
    locks = reference.frame.select.args["locks"]
    return any(
        not lock.expressions or reference.name in [name(each.this) for each in lock.expressions] for lock in locks
    )


def _columns(statement: Statement, reading: Reading) -> Iterator[Found]:
    """Yield what became of the columns that a query names."""
    columns = legacy_columns()
    named = {use.start + _length_before_name(use.node): use.name for use in reading.uses}
    if reading.references:
        for token in statement.tokens:  # what was not understood may be a column, too
            if name_of(token) in columns and token.start not in reading.known_positions:
                named[token.start] = name_of(token)
    for position, column in sorted((named | reading.unknown_columns).items()):
        known = columns.get(column)
        if known is None:
            yield "E101", f"no table of the query has a column {column}", position
        elif known.mapping == "none":
            yield "E101", f"{column}: {known.difference}", position
        elif known.mapping == "lossy":
            yield "W101", f"{column}: {known.difference}", position


def _length_before_name(node: exp.Column) -> int:
    start: int = min(each.meta["start"] for each in node.find_all(exp.Identifier) if "start" in each.meta)
    return int(node.this.meta.get("start", start)) - start


def _keyed_groups(reading: Reading) -> Iterator[Found]:
    """Yield columns that may stand beside GROUP BY only because the wide table has a primary key."""
    for reference in reading.references:
        select = reference.frame.select
        uses = [use for use in reading.uses if use.reference is reference]
        grouped = list(_grouped(select, reading))
        names = {use.name for use in uses if any(use.node is each for each in grouped)}
        if "transcript_id" not in names:
            continue
        if reference.start in reading.whole_rows:
            yield "E110", meaning("E110", "name the columns, and add them to GROUP BY"), reference.start
        for use in uses:
            if use.name not in names and _is_free(use.node, select, grouped):
                yield "E110", meaning("E110", f"add {use.name} to GROUP BY, which changes no group"), use.start


def _grouped(select: exp.Select, reading: Reading) -> Iterator[exp.Expr]:
    """Yield what a SELECT groups by; numbers and names of the result as what they stand for."""
    items = select.expressions
    by_name = {name(item.args["alias"]): item.this for item in items if isinstance(item, exp.Alias)}
    waiting = [select.args["group"]] if select.args.get("group") else []
    while waiting:
        each = waiting.pop()
        if isinstance(each, LISTS):
            waiting += each.iter_expressions()
        elif isinstance(each, exp.Literal) and str(each.this).isdigit() and 0 < int(each.this) <= len(items):
            yield items[int(each.this) - 1].unalias()
        else:
            yield each
            is_input = id(each) in reading.grouped_inputs
            if isinstance(each, exp.Column) and name(each.this) in by_name and not is_input:
                yield by_name[name(each.this)]


def _is_free(node: exp.Expr, select: exp.Select, grouped: Sequence[exp.Expr]) -> bool:
    """Tell whether a column stands, ungrouped and in no aggregate, where only grouped ones may."""
    part: exp.Expr = node
    while part.parent is not None and part is not select:
        is_ours = part.find_ancestor(exp.Select) is select
        is_grouped = any(part == each or part.unalias() == each for each in grouped)
        if is_grouped or (is_ours and isinstance(part, _AGGREGATES)):
            return False
        if part.parent is select:
            return part.arg_key in ("expressions", "having", "order", "distinct")
        part = part.parent
    return False


def warnings(reading: Reading, context: Context, style: str) -> Iterator[Found]:
    """Yield what is to be known of a query that is migrated."""
    for position in dict.fromkeys(reading.whole_rows):
        lost = [each.name for each in legacy_columns().values() if each.mapping == "none" and each.is_current]
        yield "W102", meaning("W102", f"{', '.join(lost)} are constants there"), position
    for reference in reading.references[:1]:
        if context.patient.quarantined_rows and style != "guide":
            rows = f"{context.patient.quarantined_rows:,}, read with the fold changes that they had"
            yield "W103", meaning("W103", rows), reference.start


def unknown_objects(statement: Statement, reading: Reading, context: Context) -> Iterator[Found]:
    """Yield tables and functions that neither the core nor the patient has."""
    remedy = "made earlier in the file, or else see `mediabase query custom-objects`"
    for position, table in reading.unknown_tables.items():
        yield "W104", meaning("W104", f"{table}, {remedy}"), position
    unknown = reading.functions - context.functions - context.own_functions if context.functions else set()
    for token, following in zip(statement.tokens, statement.tokens[1:], strict=False):
        if name_of(token) in unknown and following.text == "(":
            yield "W104", meaning("W104", f"{name_of(token)}(), {remedy}"), token.start


def dynamic_queries(statement: Statement) -> Iterator[Found]:
    """Yield strings that are run as SQL and hold the wide table's name."""
    words = {name_of(token) for token in statement.tokens}
    if words.isdisjoint(_RUN_STRINGS):
        return
    for index in statement.strings_with_table:
        yield "E107", meaning("E107", "migrate the text in the string, and put it there"), statement.tokens[index].start
