"""The three ways in which a query reads the patient in v0.6.0, as edits of its text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlglot import Token, TokenType, exp

from orchestrator.queries.anatomy import Anatomy
from orchestrator.queries.baseline import can_be_true
from orchestrator.queries.column_map import FOLD_CHANGE, LegacyColumn, legacy_columns
from orchestrator.queries.context import Context
from orchestrator.queries.reading import LISTS, Frame, Reading, Reference, Use, name
from orchestrator.queries.script import TABLE, UNKNOWN_TEXT, Statement, is_name, name_of

BASELINE_SQL = "1.0"
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.In, exp.Is, exp.Between,
                exp.NullSafeEQ, exp.NullSafeNEQ, exp.RegexpLike, exp.RegexpILike)  # fmt: skip
_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_NAMING_FUNCTIONS = frozenset({"xmlforest", "xmlattributes"})
_ENDS_OF_ITEM = frozenset({"from", "into", "where", "group", "having", "window", "union", "intersect", "except",
                           "order", "limit", "offset", "fetch", "for"})  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """What stands from start to end, exclusive, is replaced."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Aliases:
    """What the tables are called where a reference stood; the field's usual names unless those are taken."""

    transcripts: str
    genes: str
    sparse: str


def apply(text: str, edits: Iterable[Edit], start: int, end: int) -> str:
    """Return a span of the text with those edits made that lie in it."""
    pieces = []
    position = start
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if start <= edit.start and edit.end <= end:
            pieces += [text[position : edit.start], edit.text]
            position = edit.end
    return "".join([*pieces, text[position:end]])


def reference_spans(statement: Statement, reading: Reading) -> dict[Reference, tuple[int, int]]:
    """Return the span of each reference, with ONLY and *: what it stands for in v0.6.0 has no children to leave out."""
    spans = {}
    for reference in reading.references:
        index = next(i for i, token in enumerate(statement.tokens) if token.start == reference.start)
        is_only = statement.is_word(index - 1, "only")
        after = next((token for token in statement.tokens if token.start >= reference.end), None)
        end = after.end + 1 if after is not None and after.token_type is TokenType.STAR else reference.end
        spans[reference] = (statement.tokens[index - 1].start if is_only else reference.start, end)
    return spans


# guide: the core's tables and the patient's sparse one, joined where the wide table stood


def why_not_guide(tokens: Sequence[Token], reading: Reading, context: Context) -> str | None:
    """Return why columns cannot be replaced one by one without a change of what the query says; None: they can."""
    if context.patient.quarantined_rows:
        return "the patient has rows in quarantine, which would read as 1.0"
    if not context.has_all_genes:
        return "the core has transcripts without a gene"
    for use in reading.uses:
        if use.name != FOLD_CHANGE and _core_column(use) is None:
            return f"{use.name} is no plain column of the core"
    for reference in reading.references:
        if _is_used_inside(reference, reading) and _groups_by_more(reference, reading):
            return "a subquery uses what is grouped by more than plain columns"
    names = {*legacy_columns(), *(reference.name for reference in reading.references)}
    for token in tokens:
        if is_name(token) and name_of(token) in names and token.start not in reading.known_positions:
            return f"{token.text} stands where it is not understood"
        if name_of(token) in _NAMING_FUNCTIONS:
            return f"{token.text} takes names from its columns"
    return next(iter(reading.problems.values()), None)


def _core_column(use: Use) -> tuple[str, str] | None:
    return legacy_columns()[use.name].plain


def _is_used_inside(reference: Reference, reading: Reading) -> bool:
    """Tell whether a subquery uses columns of a reference whose rows are grouped: it may use grouped columns only."""
    select = reference.frame.select
    return select.args.get("group") is not None and any(
        use.reference is reference and use.node.find_ancestor(exp.Select) is not select for use in reading.uses
    )


def _groups_by_more(reference: Reference, reading: Reading) -> bool:
    """Tell whether a SELECT groups by anything but plain columns, or asks for what it groups by."""
    select = reference.frame.select
    ours = [use.node for use in reading.uses if use.name != FOLD_CHANGE]
    waiting = [select.args["group"]]
    while waiting:
        each = waiting.pop()
        if isinstance(each, LISTS):
            waiting += each.iter_expressions()
        elif (
            not isinstance(each, exp.Column)
            or name(each.this) == FOLD_CHANGE
            or (not each.args.get("table") and not any(each is our for our in ours))
        ):
            return True
    return select.find(exp.Grouping) is not None


def conditions_on(frame: Frame) -> list[exp.Expr]:
    """Return the conditions that each row of a SELECT's FROM must meet."""
    where = frame.select.args.get("where")
    joins = [join.args["on"] for join in frame.select.args.get("joins") or []
             if join.args.get("on") and not join.args.get("side")]  # fmt: skip
    return [*joins, *([where.this] if where else [])]


def is_sparse(reference: Reference, reading: Reading) -> bool:
    """Tell whether no row of the wide table at baseline can meet the conditions of its SELECT."""
    ours = [use.node for use in reading.uses if use.reference is reference and use.name == FOLD_CHANGE]
    return bool(ours) and not can_be_true(
        conditions_on(reference.frame), lambda column: any(column is each for each in ours)
    )


def choose_aliases(statement: Statement, count: int) -> list[Aliases]:
    """Return aliases for so many references that no name of the statement has."""
    taken = {name_of(token) for token in statement.tokens}
    chosen: list[Aliases] = []
    number = 1
    while len(chosen) < count:
        end = "" if number == 1 else str(number)
        made = Aliases(f"t{end}", f"g{end}", f"pe{end}")
        if not taken & {made.transcripts, made.genes, made.sparse}:
            chosen.append(made)
        number += 1
    return chosen


def guide_edits(statement: Statement, reading: Reading, context: Context, sparse: Sequence[Reference]) -> list[Edit]:
    """Return the edits for the guide's pattern; only where `why_not_guide` knows no reason against it.

    At the references that are `sparse` only stored rows are read.
    """
    edits = [Edit(start, start, f"{quoted(source)}.") for start, source in reading.qualified.items()]
    spans = reference_spans(statement, reading)
    for reference, aliases in zip(reading.references, choose_aliases(statement, len(spans)), strict=True):
        uses = [use for use in reading.uses if use.reference is reference]
        inner = reference in sparse
        joined = _joined(statement, reference, aliases, uses, context, is_inner=inner)
        edits.append(_replacing(statement, *spans[reference], joined))
        for use in uses:
            column = _column(use, aliases, context, reading, is_inner=inner)
            edits.append(_replacing(statement, use.start, use.end, column))
            edits += _output_name(statement, use)
    return edits


def _replacing(statement: Statement, start: int, end: int, text: str) -> Edit:
    """Return the edit that puts a text in the place of another, whose comments are kept in front of it."""
    comments = [found[0] for found in _COMMENT.finditer(statement.masked, start, end)]
    kept = "".join(each + ("\n" if each.startswith("--") else " ") for each in comments)
    return Edit(start, end, kept + text)


def _joined(
    statement: Statement, reference: Reference, aliases: Aliases, uses: Sequence[Use], context: Context, *,
    is_inner: bool,
) -> str:  # fmt: skip
    """Return the tables that a reference becomes: only those that have what the query reads."""
    sparse = f"{context.patient.schema}.expression_data {aliases.sparse}"
    transcripts = f"public.transcripts {aliases.transcripts}"
    by_transcript = f"ON {aliases.sparse}.transcript_id = {aliases.transcripts}.transcript_id"
    parts = [transcripts]
    if is_inner:
        parts = [sparse, f"JOIN {transcripts} {by_transcript}"]
    elif any(use.name == FOLD_CHANGE for use in uses):
        parts.append(f"LEFT JOIN {sparse} {by_transcript}")
    if any((_core_column(use) or "")[0:1] == ("g",) for use in uses):
        parts.append(f"JOIN public.genes {aliases.genes} ON {aliases.genes}.gene_id = {aliases.transcripts}.gene_id")
    if len(parts) == 1:
        return parts[0]
    between = _between(statement, reference.start)
    return f"({between.join(parts)})" if reference.is_joined else between.join(parts)


def quoted(identifier: str) -> str:
    """Return a name as SQL writes it, quoted where it must be."""
    is_plain = identifier.isascii() and identifier.isidentifier() and identifier == identifier.lower()
    return identifier if is_plain else '"' + identifier.replace('"', '""') + '"'


def _between(statement: Statement, position: int) -> str:
    """Return what stands between joined tables: a new line where the reference has one of its own, else a space."""
    line = statement.masked[statement.masked.rfind("\n", 0, position) + 1 : position]
    has_own_line = set(line.lower().replace(",", " ").split()) <= {"from", "join", "inner", "cross", "only"}
    return "\n" + line[: len(line) - len(line.lstrip())] if has_own_line and line.strip() else " "


def fold_change(sparse: str, *, is_inner: bool) -> str:
    """Return the patient's fold change, linear: 1.0 where nothing is stored, unless only stored rows are read."""
    stored = f"{sparse}.{FOLD_CHANGE}"
    return stored if is_inner else f"COALESCE({stored}, {BASELINE_SQL})"


def _column(use: Use, aliases: Aliases, context: Context, reading: Reading, *, is_inner: bool) -> str:
    plain = _core_column(use)
    if plain is None:
        return fold_change(aliases.sparse, is_inner=is_inner)
    table, column = ("transcripts", "genes")[plain[0] == "g"], plain[1]
    bare = f"{aliases.transcripts if plain[0] == 't' else aliases.genes}.{column}"
    wanted = legacy_columns()[use.name].data_type
    if context.tables[table].get(column) == wanted or _needs_no_cast(use, reading):
        return bare
    return f"{bare}::{wanted}"


def _needs_no_cast(use: Use, reading: Reading) -> bool:
    """Tell whether varchar is as good as text where a column stands.

    It is in a comparison before rows are grouped. GROUP BY must have the bare column where a subquery uses it, too.
    """
    around = use.node.parent
    if isinstance(around, _COMPARISONS):
        clause = around.find_ancestor(exp.Where, exp.Join, exp.Select)
        is_before_groups = isinstance(clause, exp.Where | exp.Join)
        return is_before_groups and around.find_ancestor(exp.Select) is use.reference.frame.select
    while isinstance(around, LISTS) and not isinstance(around, exp.Group):
        around = around.parent
    return isinstance(around, exp.Group) and _is_used_inside(use.reference, reading)


def _output_name(statement: Statement, use: Use) -> list[Edit]:
    """Return AS with the name that a result's column had, where the rewritten expression would have another."""
    item: exp.Expr = use.node
    while _takes_name_of(item.parent, item):
        item = item.parent  # type: ignore[assignment]  # not None: it takes its name
    if not isinstance(item.parent, exp.Select) or item.arg_key != "expressions":
        return []
    index = next(i for i, token in enumerate(statement.tokens) if token.start == use.start)
    if statement.tokens[index - 1].text == "+":  # the parser leaves it out, PostgreSQL names nothing after it
        return []
    end = _end_of_item(statement, index)
    return [Edit(end, end, f" AS {name(use.node.this)}")]


def _takes_name_of(outer: exp.Expr | None, inner: exp.Expr) -> bool:
    """Tell whether PostgreSQL names an expression after one in it."""
    if isinstance(outer, exp.Paren | exp.Collate | exp.Bracket | exp.Cast):
        return inner.arg_key == "this"
    return isinstance(outer, exp.Case) and inner.arg_key == "default"


def _end_of_item(statement: Statement, index: int) -> int:
    """Return where the item of a SELECT's list ends in which a token stands; exclusive."""
    depth = _depth_of_select(statement, index)
    last = index
    for place in range(index + 1, len(statement.tokens)):
        token = statement.tokens[place]
        is_comma = statement.depths[place] == depth and token.token_type is TokenType.COMMA
        is_clause = statement.depths[place] == depth and statement.is_word(place, *_ENDS_OF_ITEM)
        if statement.depths[place] < depth or is_comma or is_clause:
            break
        last = place
    return statement.tokens[last].end + 1


def _depth_of_select(statement: Statement, index: int) -> int:
    depth = statement.depths[index]
    for place in range(index, -1, -1):
        depth = min(depth, statement.depths[place])
        if statement.depths[place] <= depth and statement.is_word(place, "select"):
            return statement.depths[place]
    return depth


# cte: the wide table as a WITH query


def cte_columns(statement: Statement, reading: Reading) -> list[LegacyColumn]:
    """Return the columns that the WITH query must have, in the order of the table."""
    columns = [column for column in legacy_columns().values() if column.is_current]
    has_variable = any(token.text.startswith(UNKNOWN_TEXT) for token in statement.tokens)
    if reading.whole_rows or has_variable or _has_natural_join(statement) or _names_a_row(statement, reading):
        return columns
    named = {name_of(token) for token in statement.tokens}
    return [each for each in columns if each.name in named] or columns[:1]


def _has_natural_join(statement: Statement) -> bool:
    return any(statement.is_word(index, "natural") for index in range(len(statement.tokens)))


def _names_a_row(statement: Statement, reading: Reading) -> bool:
    """Tell whether the name of a reference stands where no column of it follows: the row itself may be meant."""
    names = {reference.name for reference in reading.references}
    declared = {place for reference in reading.references for place in range(reference.start, reference.end)}
    for index, token in enumerate(statement.tokens):
        is_row = is_name(token) and name_of(token) in names and token.start not in declared
        follows = statement.tokens[index + 1].text if index + 1 < len(statement.tokens) else ""
        before = statement.tokens[index - 1].text if index else ""
        if is_row and follows != "." and before != ".":
            return True
    return False


def cte_edits(statement: Statement, anatomy: Anatomy, reading: Reading, context: Context) -> list[Edit]:
    """Return the edits that put the wide table in front as a WITH query; what names it stays."""
    columns = ", ".join(each.name for each in cte_columns(statement, reading))
    body = f"SELECT {columns}\n    FROM {context.patient.schema}.{TABLE}"  # noqa: S608  # names of our own
    made = f"{TABLE} AS NOT MATERIALIZED (\n    {body}\n)"
    first = statement.tokens[anatomy.first]
    edits = [Edit(first.start, first.start, f"WITH {made}\n")]
    if statement.is_word(anatomy.first, "with"):
        is_recursive = statement.is_word(anatomy.first + 1, "recursive")
        after = statement.tokens[anatomy.first + 1 + is_recursive].start
        edits = [Edit(after, after, f"{made},\n")]
    return [*edits, *_qualifiers(statement, reading, "")]


def defines_table(statement: Statement, anatomy: Anatomy) -> bool:
    """Tell whether the query's own outermost WITH has a query of the wide table's name already."""
    if not statement.is_word(anatomy.first, "with"):
        return False
    depth = statement.depths[anatomy.first]
    return any(
        name_of(statement.tokens[index]) == TABLE and statement.depths[index] == depth
        and (statement.is_word(index + 1, "as") or statement.tokens[index + 1].text == "(")
        and (statement.is_word(index - 1, "with", "recursive") or statement.tokens[index - 1].text == ",")
        for index in range(anatomy.first + 1, len(statement.tokens) - 1)
    )  # fmt: skip


# view: the patient's view


def view_edits(statement: Statement, reading: Reading, context: Context, *, is_in_path: bool) -> list[Edit]:
    """Return the edits with which names lead to the patient's view: none where search_path does that."""
    schema = f"{context.patient.schema}."
    edits = _qualifiers(statement, reading, schema)
    if not is_in_path:
        bare = [reference for reference in reading.references if not reference.table.args.get("db")]
        edits += [Edit(reference.start, reference.start, schema) for reference in bare]
    return edits


def _qualifiers(statement: Statement, reading: Reading, schema: str) -> list[Edit]:
    """Return the edits that put `schema` where public. stands in front of the wide table, ONLY taken away."""
    edits = []
    spans = reference_spans(statement, reading)
    for reference in reading.references:
        if spans[reference][0] < reference.start:
            edits.append(Edit(spans[reference][0], reference.start, ""))
    ends_of_path = {}
    for index in statement.mentions:
        if index >= 2 and statement.tokens[index - 1].text == "." and name_of(statement.tokens[index - 2]) == "public":
            ends_of_path[statement.tokens[index - 2].start] = statement.tokens[index].start
    return [*edits, *(Edit(start, end, schema) for start, end in ends_of_path.items())]


def own_edits(statement: Statement, anatomy: Anatomy, reading: Reading, context: Context) -> list[Edit]:
    """Return the edits with which names of custom objects lead to those that were made for the patient."""
    schema = f"{context.patient.schema}."
    edits = [Edit(start, name_start, schema) for start, name_start in reading.own_tables.items()]
    for index in range(anatomy.first, anatomy.last - 1):
        token = statement.tokens[index]
        is_call = statement.tokens[index + 1].text == "(" and name_of(token) in context.own_functions
        if is_call and statement.tokens[index - 1].text != ".":
            edits.append(Edit(token.start, token.start, schema))
        elif is_call and statement.is_word(index - 2, "public"):
            edits.append(Edit(statement.tokens[index - 2].start, token.start, schema))
    return edits


def patients_path(context: Context) -> str:
    """Return the statement that makes a session read the patient."""
    return f"SET search_path = {context.patient.schema}, public;"
