"""One statement: what it reads, in which style it is written, and the edits of its text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import ErrorLevel, Token, exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError

from orchestrator.queries.anatomy import Anatomy, Kind, dissect
from orchestrator.queries.context import Context
from orchestrator.queries.outcome import Options, Proof, Style
from orchestrator.queries.reading import PUBLIC, Frame, Reading, Reference, name, span
from orchestrator.queries.references import SYSTEM_COLUMNS, read_query
from orchestrator.queries.refusals import (
    Found,
    catalog_probes,
    changed_table,
    dynamic_queries,
    meaning,
    narrow_table,
    refused_reads,
    unknown_objects,
    warnings,
)
from orchestrator.queries.rewrite import (
    Edit,
    cte_edits,
    defines_table,
    guide_edits,
    is_sparse,
    own_edits,
    view_edits,
    why_not_guide,
)
from orchestrator.queries.round import wrong_rounds
from orchestrator.queries.routines import migrate_routine
from orchestrator.queries.script import MASK, TABLE, UNKNOWN_TEXT, Statement, word

_COMMANDS = frozenset({
    "alter", "analyze", "analyse", "cluster", "comment", "copy", "create", "delete", "drop", "execute", "explain",
    "grant", "import", "insert", "lock", "merge", "prepare", "declare", "refresh", "reindex", "revoke", "security",
    "select", "table", "truncate", "update", "vacuum", "values", "with",
})  # fmt: skip
"""Key words with which a statement that names a table can begin."""


@dataclass(frozen=True)
class Rewritten:
    """What becomes of a statement; positions are those of the text."""

    style: str = "unchanged"
    """unchanged, guide, cte, view or refused."""
    edits: Sequence[Edit] = ()
    plain_edits: Sequence[Edit] = ()
    """As edits, without the use of the baseline proof; empty where that changed nothing."""
    repairs: Sequence[Edit] = ()
    """Those of ROUND, which are among the edits, too."""
    found: Sequence[Found] = ()
    proofs: Sequence[Proof] = ()
    query: tuple[int, int] | None = None
    """Span of the query; exclusive at its end."""
    needs_path: bool = False
    """Whether it finds the patient's view by search_path."""


@dataclass(frozen=True)
class _Case:
    """A statement with all that its migration looks at."""

    statement: Statement
    anatomy: Anatomy
    context: Context
    options: Options
    is_in_path: bool
    """Whether search_path leads to the patient already: only names with public. are the wide table then."""
    reading: Reading = field(default_factory=Reading)


def rewrite_statement(statement: Statement, context: Context, options: Options, *, is_in_path: bool) -> Rewritten:
    """Return what becomes of a statement."""
    anatomy = dissect(statement)
    case = _Case(statement, anatomy, context, options, is_in_path)
    if anatomy.kind is Kind.ROUTINE:
        return _routine(case)
    changed = changed_table(statement)
    if changed is not None:
        return _refused(("E102", meaning("E102", "v0.6.0 is changed by `mediabase`, not by SQL"), changed))
    if anatomy.last == 0 or _named_outside(case):
        return _without_query(case)
    if anatomy.kind is Kind.CHANGE and (narrow := list(narrow_table(statement))):
        return _refused(*narrow)
    if anatomy.kind is Kind.CHANGE and not statement.mentions and not statement.strings_with_table:
        return Rewritten()  # rows by the thousand, perhaps
    try:
        return _query(case)
    except RecursionError:
        return _refused(("E111", meaning("E111", "it is nested too deeply"), statement.start))


def _refused(*found: Found, query: tuple[int, int] | None = None) -> Rewritten:
    return Rewritten("refused", found=found, query=query)


def _named_outside(case: _Case) -> bool:
    """Tell whether the wide table is named in a statement, but not in its query: as what is made, for example."""
    span = range(case.anatomy.first, case.anatomy.last)
    return any(index not in span for index in case.statement.mentions)


def _without_query(case: _Case) -> Rewritten:
    """A statement that is no query, or has the wide table outside of it."""
    statement = case.statement
    probes = list(catalog_probes(statement))
    if probes:
        return _refused(*probes)
    if not statement.mentions or (case.is_in_path and not _has_public(statement)):
        return Rewritten()
    place = statement.tokens[statement.mentions[0]].start
    if word(statement.tokens[0]) not in _COMMANDS:
        return _refused(("E111", meaning("E111", f"{statement.tokens[0].text} begins no statement"), place))
    return _refused(("E103", meaning("E103", "in v0.6.0 it is a view in the patient's schema"), place))


def _has_public(statement: Statement) -> bool:
    return any(statement.is_word(index - 2, "public") for index in statement.mentions)


def _query(case: _Case) -> Rewritten:
    statement, anatomy = case.statement, case.anatomy
    whole = (statement.tokens[anatomy.first].start, statement.tokens[anatomy.last - 1].end + 1)
    query = whole if anatomy.kind is Kind.QUERY else None
    try:
        parsed = _parse(case)
    except ParseError as error:
        places = [*statement.mentions, *statement.strings_with_table]
        if not places or (case.is_in_path and not _has_public(statement)):
            return Rewritten(query=query)
        return _refused(("E111", meaning("E111", _reason(error)), statement.tokens[places[0]].start))
    reading = read_query(parsed, case.context) if query else _reading_of_change(parsed)
    if case.is_in_path and not any(each.table.args.get("db") for each in reading.references):
        reading.references.clear()
    case = replace(case, reading=reading)
    found = [*catalog_probes(statement), *dynamic_queries(statement), *_not_understood(case)]
    if reading.references or reading.narrow_uses or reading.elsewhere:
        found += refused_reads(statement, reading)
    if any(code.startswith("E") for code, *_ in found):
        return _refused(*found, query=query)
    own = own_edits(statement, anatomy, reading, case.context)
    unknown = list(unknown_objects(statement, reading, case.context))
    if not reading.references:
        return Rewritten("view" if own else "unchanged", own, found=unknown, query=query)
    rounds = list(wrong_rounds(statement, reading))
    if rounds and not case.options.fix_round:
        return _refused(
            *(("E115", meaning("E115", "--fix-round casts to numeric"), at) for at, *_ in rounds), query=query
        )
    found += [("W106", meaning("W106", "it rounds a numeric now"), at) for at, *_ in rounds]
    repairs = [edit for _, *edits in rounds for edit in edits]
    if statement.is_word(len(statement.tokens) - 1, "option") and anatomy.last < len(statement.tokens):
        place = statement.tokens[anatomy.last].start
        return _refused(("E103", meaning("E103", "WITH CHECK OPTION is for views of one table"), place), query=query)
    written = _in_style(case)
    if written.style != "refused":
        found += [*warnings(reading, case.context, written.style), *unknown, *_made(case)]
    plain = [*written.plain_edits, *repairs, *own] if written.plain_edits else []
    return replace(
        written, edits=[*written.edits, *repairs, *own], plain_edits=plain, repairs=repairs,
        found=[*written.found, *found], query=query,
    )  # fmt: skip


def _tokens(case: _Case) -> list[Token]:
    return list(case.statement.tokens[case.anatomy.first : case.anatomy.last])


def _made(case: _Case) -> Iterator[Found]:
    """Yield that a statement makes something that another patient's would make anew, under the same name."""
    statement = case.statement
    if statement.is_word(0, "create") and not any(statement.is_word(index, "temp", "temporary") for index in (1, 2, 3)):
        place = f"put {case.context.patient.schema}. in front of its name, if it is to be kept apart from others'"
        yield "W107", meaning("W107", place), statement.start


def _not_understood(case: _Case) -> Iterator[Found]:
    """Yield where the wide table is named and nobody knows as what: such a statement must not pass as it is."""
    for index in case.statement.mentions:
        position = case.statement.tokens[index].start
        if position not in case.reading.known_positions:
            yield "E112", meaning("E112", "it stands where it is not understood"), position


def _parse(case: _Case) -> exp.Expr:
    """Return the tree of a query; raises ParseError."""
    tokens = _tokens(case)
    for one, other, string in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if one.text in ("U", "u") and other.text == "&" and string.start == one.end + 2:
            raise ParseError("names and strings with U& are not known to the parser")
    try:
        trees = Postgres().parser(error_level=ErrorLevel.RAISE).parse(tokens, case.statement.masked)
    except (
        RecursionError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
    ) as error:  # what a parser may stumble over
        raise ParseError(str(error)) from error
    if len(trees) != 1 or trees[0] is None or isinstance(trees[0], exp.Command):
        raise ParseError("it is no query that the parser knows")
    return trees[0]


def _reason(error: ParseError) -> str:
    described = error.errors[0].get("description") if error.errors else None
    reason = str(described or error).splitlines()[0]
    reason = re.sub(r"<Token [^>]*?text: (.*?), line: [^>]*>", r"\1", reason)
    return re.sub(f"{MASK}+|{UNKNOWN_TEXT}+", "a variable", re.sub(r"<class '[\w.]*?(\w+)'>", r"\1", reason))


def _reading_of_change(parsed: exp.Expr) -> Reading:
    """Return the references in a statement that changes another table; to which table a column belongs is not known."""
    reading = Reading(problems={0: "the statement changes another table"})
    frame = Frame(exp.Select(), None)
    columns = {id(column.this) for column in parsed.find_all(exp.Column)}
    for each in parsed.find_all(exp.Identifier):
        if id(each) not in columns and each.meta:
            reading.known_positions.add(each.meta["start"])
        elif name(each) in SYSTEM_COLUMNS:
            reading.system_columns.append(each.meta["start"])
    has_star = any(not isinstance(star.parent, exp.Count) for star in parsed.find_all(exp.Star))
    for table in parsed.find_all(exp.Table):
        if name(table.this) == TABLE and name(table.args.get("db")) in PUBLIC and not _is_shadowed(table):
            reading.references.append(Reference(table, frame, False, *span(table), table.alias or TABLE))
            alias = table.args.get("alias")
            if has_star or (isinstance(alias, exp.TableAlias) and alias.columns):
                reading.whole_rows.append(span(table)[0])
    return reading


def _is_shadowed(table: exp.Table) -> bool:
    """Tell whether a name without a schema is that of a WITH query around it, or of one before that it stands in."""
    ancestors: set[int] = set()
    around: exp.Expr | None = table
    while around is not None and not table.args.get("db"):
        ancestors.add(id(around))
        with_ = around.args.get("with_")
        is_recursive = with_ is not None and bool(with_.args.get("recursive"))
        for cte in with_.expressions if with_ is not None else []:
            if id(cte) in ancestors and not is_recursive:
                break
            if name(cte.args["alias"].this) == TABLE:
                return True
        around = around.parent
    return False


def _in_style(case: _Case) -> Rewritten:
    """Return the statement in the style that was asked for, or the most readable one that is equivalent."""
    style = case.options.style
    reason = why_not_guide(_tokens(case), case.reading, case.context)
    place = case.reading.references[0].start
    if style is Style.GUIDE and reason:
        return _refused(("E114", meaning("E114", reason), place))
    if style in (Style.AUTO, Style.GUIDE) and reason is None:
        return _guide(case)
    proofs = [_aside(case, reason or "the style was asked for")]
    if style is Style.VIEW or defines_table(case.statement, case.anatomy):
        return _view(case, proofs)
    edits = cte_edits(case.statement, case.anatomy, case.reading, case.context)
    return Rewritten("cte", edits, proofs=proofs)


def _guide(case: _Case) -> Rewritten:
    # Operators that stand in front of more, or of less, than the parser takes for theirs: nothing is proven then.
    is_clear = not any(token.text in ("@", "|/", "||/", "!!") for token in case.statement.tokens)
    proven = [each for each in case.reading.references if is_clear and is_sparse(each, case.reading)]
    edits = guide_edits(case.statement, case.reading, case.context, proven)
    plain = guide_edits(case.statement, case.reading, case.context, []) if proven else []
    proofs = [
        Proof(each.start, True, "no row at 1.0 can meet the conditions: only stored rows are read") if each in proven
        else Proof(each.start, False, "a row at 1.0 may be in the result: all transcripts are read")
        for each in case.reading.references
    ]  # fmt: skip
    return Rewritten("guide", edits, plain, proofs=proofs)


def _aside(case: _Case, reason: str) -> Proof:
    return Proof(case.reading.references[0].start, False, f"columns are not replaced: {reason}")


def _view(case: _Case, proofs: Sequence[Proof]) -> Rewritten:
    by_path = case.options.style is Style.VIEW
    edits = view_edits(case.statement, case.reading, case.context, is_in_path=by_path)
    has_bare = any(not each.table.args.get("db") for each in case.reading.references)
    return Rewritten("view", edits, proofs=proofs, needs_path=by_path and has_bare)


def _routine(case: _Case) -> Rewritten:
    found = migrate_routine(case.statement, case.context)
    if found is None or (case.is_in_path and not found.edits):
        return Rewritten()
    if any(code.startswith("E") for code, *_ in found.found):
        return _refused(*found.found)
    return Rewritten("view", found.edits, found=found.found, needs_path=found.needs_path and not case.is_in_path)
