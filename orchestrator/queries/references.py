"""Where a query reads the wide table, and to which table each of its columns belongs.

Names are resolved as PostgreSQL does it. What cannot be resolved for sure is a problem, with the reason: such a query
is never rewritten column by column.
"""

from collections.abc import Iterable, Sequence

from sqlglot import exp

from orchestrator.queries.column_map import FOLD_CHANGE, legacy_columns
from orchestrator.queries.context import Context
from orchestrator.queries.reading import (
    LISTS,
    PUBLIC,
    Ctes,
    Frame,
    Reading,
    Reference,
    Source,
    Use,
    implied_name,
    name,
    span,
)
from orchestrator.queries.script import MASK, TABLE, UNKNOWN_TEXT

_VALUES = frozenset({"user", "current_user", "session_user", "system_user", "current_role", "current_catalog"})
"""Names that are no columns."""
SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
JOINED = ("transcripts", "genes")
SPARSE_COLUMNS = frozenset({"transcript_id", FOLD_CHANGE, "created_at", "updated_at"})
_SELECT_PARTS = frozenset({
    "with_", "from_", "joins", "laterals", "expressions", "where", "group", "having", "windows", "order", "limit",
    "offset", "fetch", "distinct", "locks", "into",
})  # fmt: skip


def read_query(query: exp.Expr, context: Context) -> Reading:
    """Return what a query reads of the wide table."""
    reading = Reading()
    _Reader(context, reading).query(query, {}, None)
    return reading


class _Reader:
    """Walks through a query; state is what was found so far."""

    def __init__(self, context: Context, reading: Reading) -> None:
        self.context = context
        self.reading = reading
        self.legacy = frozenset(legacy_columns())
        self.patients = {each.schema for each in (context.patient, *context.by_database.values())}
        self.new_columns = SPARSE_COLUMNS.union(*(context.tables.get(table, {}) for table in JOINED))

    # Queries

    def query(self, node: exp.Expr | None, ctes: Ctes, outer: Frame | None) -> frozenset[str] | None:
        """Read a query; return the names of its columns, None where they are not known."""
        if node is None:
            return None
        ctes = self.with_queries(node, ctes, outer)
        if isinstance(node, exp.Subquery):
            found = self.query(node.this, ctes, outer)
            if node.args.get("order") and isinstance(node.unnest(), exp.Select):
                self.problem(node.args["order"], "ORDER BY behind parentheses is that of the query in them")
            for part in ("order", "limit", "offset"):
                self.nested(node.args.get(part), ctes, outer)
            return found
        if isinstance(node, exp.SetOperation):
            found = self.query(node.this, ctes, outer)
            self.query(node.expression, ctes, outer)
            for part in ("order", "limit", "offset"):  # names there are those of the result
                self.nested(node.args.get(part), ctes, outer)
            return found
        if isinstance(node, exp.Select):
            return self.select(node, ctes, outer)
        if isinstance(node, exp.Values):
            for each in node.expressions:
                self.expression(each, outer, ctes) if outer else self.nested(each, ctes, outer)
            return None
        self.problem(node, "a kind of query that is not understood")
        return None

    def with_queries(self, node: exp.Expr, ctes: Ctes, outer: Frame | None) -> Ctes:
        with_ = node.args.get("with_")
        if with_ is None:
            return ctes
        known = dict(ctes)
        if with_.args.get("recursive"):  # each may name any of them
            known.update({name(cte.args["alias"].this): None for cte in with_.expressions})
        for cte in with_.expressions:
            alias = cte.args["alias"]
            self.identifiers(alias)
            cte_name = name(alias.this)
            columns = frozenset(name(each) for each in alias.columns) or None
            found = self.query(cte.this, known, outer)
            known[cte_name] = columns or found
        return known

    def nested(self, node: exp.Expr | None, ctes: Ctes, outer: Frame | None) -> None:
        """Read the queries within a part whose own names are none of a table."""
        if node is None:
            return
        if isinstance(node, exp.Query):
            self.query(node, ctes, outer)
            return
        if isinstance(node, exp.Column):
            self.identifiers(node)
            if node.args.get("table"):
                self.problem(node, "a column of a table where only names of the result are known")
            return
        for child in node.iter_expressions():
            self.nested(child, ctes, outer)

    def select(self, node: exp.Select, ctes: Ctes, outer: Frame | None) -> frozenset[str] | None:
        frame = Frame(node, outer)
        strange = [key for key, value in node.args.items() if value and key not in _SELECT_PARTS]
        if strange:
            self.problem(node, f"a part of SELECT that is not understood ({strange[0]})")
        if from_ := node.args.get("from_"):
            self.item(from_.this, frame, ctes, is_joined=False)
        for join in node.args.get("joins") or []:
            self.join(join, frame, ctes)
        for lateral in node.args.get("laterals") or []:
            self.item(lateral, frame, ctes, is_joined=False)
        for join in node.args.get("joins") or []:
            self.expression(join.args.get("on"), frame, ctes)
        columns = self.outputs(node, frame)
        for part in ("expressions", "where", "having", "windows", "limit", "offset", "fetch"):
            value = node.args.get(part)
            for each in value if isinstance(value, list) else [value]:
                self.expression(each, frame, ctes)
        for part in ("order", "distinct"):
            self.by_name(node.args.get(part), frame, ctes, outputs_first=True)
        self.by_name(node.args.get("group"), frame, ctes, outputs_first=False)
        return columns

    def outputs(self, node: exp.Select, frame: Frame) -> frozenset[str] | None:
        """Return the names of the columns that come out, None where they are not all known."""
        names: set[str] = set()
        are_known = True
        for item in node.expressions:
            if isinstance(item, exp.Alias):
                names.add(name(item.args["alias"]))
            elif isinstance(item, exp.Column) and not isinstance(item.this, exp.Star):
                names.add(name(item.this))
            elif isinstance(item, exp.Star | exp.Column):
                wanted = name(item.args.get("table")) if isinstance(item, exp.Column) else None
                for source in frame.sources:
                    if wanted in (None, source.name):
                        are_known = are_known and source.columns is not None
                        names.update(source.columns or ())
            else:
                are_known = False  # others are named after functions and types
                names.add(implied_name(item))
        frame.output_names = frozenset(names - {""})
        frame.has_unnamed_output = not are_known
        return frame.output_names if are_known else None

    # FROM

    def join(self, join: exp.Join, frame: Frame, ctes: Ctes) -> None:
        is_comma = not any(join.args.get(part) for part in ("on", "side", "kind", "using", "method"))
        before = len(frame.sources)
        self.item(join.this, frame, ctes, is_joined=not is_comma)
        here = frame.sources[before:]
        if join.args.get("using") or str(join.args.get("method") or "").upper() == "NATURAL":
            for each in join.args.get("using") or []:
                self.identifiers(each)
            for source in frame.sources:
                if source.reference:
                    self.problem(source.reference.table, "it is joined by USING or NATURAL")
        side = str(join.args.get("side") or "").upper()
        on_nullable_side = {"LEFT": here, "RIGHT": frame.sources[:before], "FULL": frame.sources}.get(side, [])
        for source in on_nullable_side:
            if source.reference:
                self.problem(source.reference.table, "an outer join may leave its row out, and NULL is not 1.0")

    def item(self, node: exp.Expr, frame: Frame, ctes: Ctes, *, is_joined: bool) -> None:
        """Take in one item of a FROM."""
        alias = node.args.get("alias")
        self.identifiers(alias)
        alias_name = name(alias.this) if isinstance(alias, exp.TableAlias) else ""
        renamed = [name(each) for each in alias.columns] if isinstance(alias, exp.TableAlias) else []
        if isinstance(node, exp.Table):
            self.table(node, frame, ctes, alias_name, renamed, is_joined=is_joined)
            return
        columns: frozenset[str] | None = frozenset(renamed) or None
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table | exp.Subquery) and _is_join(node):
            inside = Frame(frame.select, frame.outer) if alias_name else frame
            self.parentheses(node, inside, ctes)
            if alias_name:
                frame.sources.append(Source(alias_name, None))
            return
        if isinstance(node, exp.Subquery):
            found = self.query(node, ctes, frame.outer)
            columns = columns if columns and (found is None or len(renamed) >= len(found)) else found
        elif isinstance(node, exp.Lateral):
            inner = node.this
            if isinstance(inner, exp.Subquery):
                found = self.query(inner, ctes, frame)
                columns = columns or found
            else:
                self.expression(inner, frame, ctes)
        else:
            for child in node.iter_expressions():
                if child is not alias:
                    self.expression(child, frame, ctes)
        frame.sources.append(Source(alias_name, columns))

    def parentheses(self, node: exp.Subquery, frame: Frame, ctes: Ctes) -> None:
        """Take in a join in parentheses; the wide table in there is not taken apart."""
        before = len(frame.sources)
        inner = node.this
        joins = [*(inner.args.get("joins") or []), *(node.args.get("joins") or [])]
        if isinstance(inner, exp.Subquery):
            self.parentheses(inner, frame, ctes) if isinstance(inner.this, exp.Table) else self.item(
                inner, frame, ctes, is_joined=True
            )
        else:
            self.item(inner, frame, ctes, is_joined=True)
        for join in joins:
            self.join(join, frame, ctes)
            self.expression(join.args.get("on"), frame, ctes)
        for source in frame.sources[before:]:
            if source.reference:
                self.problem(source.reference.table, "it stands in a join in parentheses")

    def table(
        self, node: exp.Table, frame: Frame, ctes: Ctes, alias: str, renamed: Sequence[str], *, is_joined: bool
    ) -> None:
        if not isinstance(node.this, exp.Identifier):  # a function
            self.expression(node.this, frame, ctes)
            frame.sources.append(Source(alias, None))
            return
        schema, table = name(node.args.get("db")), name(node.this)
        self.identifiers(node.this, node.args.get("db"), node.args.get("catalog"))
        if node.args.get("catalog") and table == TABLE:
            self.reading.foreign.append(span(node)[0])
        if not schema and table in ctes:
            frame.sources.append(Source(alias or table, None if renamed else ctes[table]))
        elif schema in PUBLIC and table == TABLE:
            self.wide_table(node, frame, alias, renamed, is_joined=is_joined)
        elif schema in PUBLIC and table in self.context.own_tables:
            self.reading.own_tables[span(node)[0]] = span(node.this)[0]
            known = frozenset(self.context.own_tables[table])
            frame.sources.append(Source(alias or table, None if renamed else known))
        elif schema in PUBLIC and table in self.context.tables:
            columns = frozenset(self.context.tables[table])
            place = span(node)[0] if table == "transcripts" else None
            frame.sources.append(Source(alias or table, None if renamed else columns, narrow=place))
        else:
            if table == TABLE and schema not in self.patients:
                self.reading.elsewhere[span(node)[0]] = schema
            if schema in PUBLIC and not table.startswith((MASK, UNKNOWN_TEXT)):
                self.reading.unknown_tables[span(node)[0]] = table
            frame.sources.append(Source(alias or table, None))

    def wide_table(self, node: exp.Table, frame: Frame, alias: str, renamed: Sequence[str], *, is_joined: bool) -> None:
        start, end = span(node)
        reference = Reference(node, frame, is_joined, start, end, alias or TABLE)
        self.reading.references.append(reference)
        if renamed:
            self.problem(node, "its columns are given other names")
            self.reading.whole_rows.append(start)
        known = ("this", "db", "alias", "catalog", "only", "sample", "joins")
        if any(value for key, value in node.args.items() if key not in known):
            self.problem(node, "a part of FROM that is not understood")
        frame.sources.append(Source(alias or TABLE, None if renamed else self.legacy, reference))

    # Expressions

    def by_name(self, node: exp.Expr | None, frame: Frame, ctes: Ctes, *, outputs_first: bool) -> None:
        """Read ORDER BY or DISTINCT ON, where a bare name is first one of the result, or GROUP BY, where it is last."""
        clause = node.find_ancestor(exp.Order, exp.Group, exp.Distinct) if isinstance(node, exp.Tuple) else None
        is_row = isinstance(clause, exp.Order)  # whose parts are expressions
        if isinstance(node, LISTS) and not is_row:
            for each in node.iter_expressions():
                self.by_name(each, frame, ctes, outputs_first=outputs_first)
            return
        is_bare = isinstance(node, exp.Column) and not node.args.get("table")
        column = name(node.this) if is_bare and node is not None else ""
        is_unnamed = frame.has_unnamed_output and bool(column) and not self.is_visible(column, frame)
        is_output = column in frame.output_names and (outputs_first or not self.is_input(column, frame))
        if is_output or is_unnamed:
            self.identifiers(node)
            if not outputs_first and frame.references and column in self.new_columns and node is not None:
                self.problem(node, f"GROUP BY {column} would mean a column of the core")
        else:
            if not outputs_first and node is not None:
                self.reading.grouped_inputs.add(id(node))
            self.expression(node, frame, ctes)

    def is_input(self, column: str, frame: Frame) -> bool:
        return any(source.columns is not None and column in source.columns for source in frame.sources)

    def is_visible(self, column: str, frame: Frame | None) -> bool:
        """Tell whether a name may be a column of a table, here or around."""
        while frame is not None:
            if any(each.columns is None or column in each.columns or column == each.name for each in frame.sources):
                return True
            frame = frame.outer
        return column in SYSTEM_COLUMNS

    def expression(self, node: exp.Expr | None, frame: Frame, ctes: Ctes) -> None:
        if not isinstance(node, exp.Expr):
            return
        if isinstance(node, exp.Column):
            self.column(node, frame)
        elif isinstance(node, exp.Query):
            self.query(node, ctes, frame)
        elif isinstance(node, exp.Star):
            if not isinstance(node.parent, exp.Count) and not _is_in_exists(node):
                self.star(frame.sources)
        elif isinstance(node, exp.Lambda):
            self.problem(node, "an expression that reads like a lambda")
            for part in node.iter_expressions():
                self.expression(part, frame, ctes)
        else:
            self.note(node)
            for child in node.iter_expressions():
                self.expression(child, frame, ctes)

    def note(self, node: exp.Expr) -> None:
        """Note the name of a result's column, or of a function that only PostgreSQL knows."""
        if isinstance(node, exp.Alias):
            self.identifiers(node.args["alias"])
        if isinstance(node, exp.Anonymous):
            self.reading.functions.add(node.name.lower())

    def star(self, sources: Iterable[Source]) -> None:
        """Read all columns of some tables; where that is, is where each table is named: a star has no place."""
        for source in sources:
            if source.reference:
                self.reading.whole_rows.append(source.reference.start)
                self.problem(source.reference.table, "all of its columns are read")
            if source.narrow is not None:
                self.reading.narrow_uses.append(source.narrow)

    def column(self, node: exp.Column, frame: Frame) -> None:
        self.identifiers(node)
        if node.args.get("table"):
            self.qualified(node, frame)
        else:
            self.bare(node, frame)

    def qualified(self, node: exp.Column, frame: Frame) -> None:
        wanted = name(node.args["table"])
        around: Frame | None = frame
        while around is not None:
            for source in around.sources:
                if source.name == wanted:
                    self.belongs(node, source)
                    return
            around = around.outer
        self.problem(node, f"{wanted} is no table that is known there")

    def belongs(self, node: exp.Column, source: Source) -> None:
        """Note that a column belongs to a source."""
        start, end = span(node)
        if isinstance(node.this, exp.Star):
            self.star([source])
            return
        column = name(node.this)
        if source.narrow is not None and column == FOLD_CHANGE:
            self.reading.narrow_uses.append(start)
        if source.reference is None or source.columns is None:
            return
        if column in SYSTEM_COLUMNS:
            self.reading.system_columns.append(start)
        elif column in self.legacy:
            self.reading.uses.append(Use(column, source.reference, node, start, end))
        else:
            self.reading.unknown_columns[start] = column
            self.problem(node, f"{TABLE} is not known to have a column {column}")

    def bare(self, node: exp.Column, frame: Frame) -> None:
        column = name(node.this)
        if column.startswith(UNKNOWN_TEXT):
            self.problem(node, "a variable may stand for any SQL")
        if column.startswith((MASK, UNKNOWN_TEXT)) or (column in _VALUES and not node.this.quoted):
            return
        passed: list[Frame] = []
        is_sure = True
        around: Frame | None = frame
        while around is not None:
            passed.append(around)
            hits = [each for each in around.sources if each.columns is not None and column in each.columns]
            if hits:
                self.hit(node, column, hits, passed, is_sure=is_sure)
                return
            if any(each.name == column for each in around.sources):
                self.whole_row(node, [each for each in around.sources if each.name == column], passed)
                return
            is_sure = is_sure and all(each.columns is not None for each in around.sources)
            around = around.outer
        self.missed(node, column, passed, is_sure=is_sure)

    def hit(self, node: exp.Column, column: str, hits: list[Source], passed: list[Frame], *, is_sure: bool) -> None:
        source = hits[0]
        if source.reference and not is_sure:
            self.problem(node, f"{column} may be a column of another table")
        if len(hits) > 1 and any(each.reference for each in hits):
            self.problem(node, f"several tables have a column {column}")
        self.belongs(node, source)
        has_more_tables = any(each.references for each in passed)
        if source.reference is None and has_more_tables and column in self.new_columns:
            is_hidden = any(each.name == source.name for nearer in passed[:-1] for each in nearer.sources)
            if len(hits) > 1 or not source.name or not is_sure or is_hidden:
                self.problem(node, f"{column} would not be sure to mean the same")
            self.reading.qualified[span(node)[0]] = source.name

    def whole_row(self, node: exp.Column, sources: list[Source], passed: list[Frame]) -> None:
        """Read a name that is one of FROM: its row, or the value of a function."""
        self.star([each for each in sources if each.columns is not None])
        if name(node.this) in self.new_columns and any(each.references for each in passed):
            self.problem(node, f"{name(node.this)} would mean a column of the core")

    def missed(self, node: exp.Column, column: str, passed: list[Frame], *, is_sure: bool) -> None:
        start = span(node)[0]
        if not any(each.references for each in passed):
            return
        if column in SYSTEM_COLUMNS:
            self.reading.system_columns.append(start)
        elif column in self.new_columns:
            self.problem(node, f"{column} would not be sure to mean the same")
        elif is_sure:
            self.reading.unknown_columns[start] = column

    # Notes

    def identifiers(self, *nodes: exp.Expr | None) -> None:
        """Note that the identifiers below some nodes were understood."""
        for node in nodes:
            if node is not None:
                found = (each.meta.get("start") for each in node.find_all(exp.Identifier))
                self.reading.known_positions.update(place for place in found if place is not None)

    def problem(self, node: exp.Expr, reason: str) -> None:
        """Note why columns cannot be rewritten one by one."""
        places = [each.meta["start"] for each in node.find_all(exp.Identifier) if "start" in each.meta]
        self.reading.problems.setdefault(min(places, default=0), reason)


def _is_join(node: exp.Subquery) -> bool:
    """Tell whether parentheses hold a join, not a query."""
    inner = node.this
    return isinstance(inner, exp.Table) or bool(inner.args.get("joins")) or bool(node.args.get("joins"))


def _is_in_exists(node: exp.Expr) -> bool:
    """Tell whether a star is the list of an EXISTS, which reads nothing."""
    select = node.parent
    return isinstance(select, exp.Select) and isinstance(select.parent, exp.Exists)
