"""What a query reads of the wide table: the places, the columns, and what stands against replacing them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from orchestrator.queries.script import fold

PUBLIC = ("", "public")
LISTS = (exp.Order, exp.Ordered, exp.Distinct, exp.Group, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple, exp.Paren)
"""What only holds others in ORDER BY, DISTINCT ON and GROUP BY, where a bare name may be one of the result."""


@dataclass(eq=False)
class Source:
    """One item of a FROM."""

    name: str
    columns: frozenset[str] | None
    """None where they are not known."""
    reference: "Reference | None" = None
    narrow: int | None = None
    """Where it stands if it is transcripts, the second table of v0.5.0 with fold changes."""


@dataclass(eq=False)
class Frame:
    """One SELECT: what its FROM offers, and the SELECT around it whose columns it may use, too."""

    select: exp.Select
    outer: "Frame | None"
    sources: list[Source] = field(default_factory=list)
    output_names: frozenset[str] = frozenset()
    has_unnamed_output: bool = False
    """Whether the result has columns, such as those of functions, whose names are not worked out."""

    @property
    def references(self) -> list["Reference"]:
        """Return the places in its FROM at which the wide table is read."""
        return [source.reference for source in self.sources if source.reference]


@dataclass(eq=False)
class Reference:
    """A place at which the wide table is read."""

    table: exp.Table
    frame: Frame
    is_joined: bool
    """Whether it stands after JOIN, not after FROM or a comma."""
    start: int
    end: int
    """Span of the name with its schema and alias; exclusive."""
    name: str


@dataclass(frozen=True, eq=False)
class Use:
    """A column of the wide table in an expression; span exclusive at its end."""

    name: str
    reference: Reference
    node: exp.Column
    start: int
    end: int


@dataclass
class Reading:
    """What was found in one query; positions are those of the text."""

    references: list[Reference] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    qualified: dict[int, str] = field(default_factory=dict)
    """Columns of other tables that need their table's name in front once more tables are joined."""
    problems: dict[int, str] = field(default_factory=dict)
    """Why columns cannot be rewritten one by one."""
    whole_rows: list[int] = field(default_factory=list)
    """Where all columns of the wide table are read."""
    system_columns: list[int] = field(default_factory=list)
    narrow_uses: list[int] = field(default_factory=list)
    """Where fold changes are read from transcripts."""
    unknown_tables: dict[int, str] = field(default_factory=dict)
    own_tables: dict[int, int] = field(default_factory=dict)
    """Where a custom object of the patient is read: start of its name with its schema, start of its name alone."""
    grouped_inputs: set[int] = field(default_factory=set)
    """Nodes of bare names in GROUP BY that are columns of a table, not names of the result."""
    functions: set[str] = field(default_factory=set)
    """Names of functions that the parser does not know."""
    elsewhere: dict[int, str] = field(default_factory=dict)
    """Where a table of its name in a schema is read that is no patient's."""
    foreign: list[int] = field(default_factory=list)
    """Where the wide table of another database is named."""
    known_positions: set[int] = field(default_factory=set)
    """Where the identifiers stand that were understood."""
    unknown_columns: dict[int, str] = field(default_factory=dict)
    """Columns that no table of the query is known to have."""


Ctes = Mapping[str, frozenset[str] | None]


def span(node: exp.Expr) -> tuple[int, int]:
    """Return where the identifiers of a column or table stand in the text; exclusive at its end."""
    parts = [node]
    if isinstance(node, exp.Table):  # without what is joined to it in parentheses
        parts = [part for key in ("this", "db", "catalog", "alias") if (part := node.args.get(key)) is not None]
    places = [each.meta for part in parts for each in part.find_all(exp.Identifier) if "start" in each.meta]
    return min(each["start"] for each in places), max(each["end"] for each in places) + 1


def name(identifier: exp.Expr | None) -> str:
    """Return what PostgreSQL makes of an identifier: folded unless it is quoted; empty for none."""
    if not isinstance(identifier, exp.Identifier):
        return ""
    return str(identifier.this) if identifier.quoted else fold(str(identifier.this))


def implied_name(node: exp.Expr | None) -> str:
    """Return what PostgreSQL calls a column of a result after a column in it; empty where it does not.

    As its FigureColname: through parentheses, casts, COLLATE, subscripts, the ELSE of CASE, and scalar subqueries.
    """
    while True:
        if isinstance(node, exp.Alias):
            return name(node.args["alias"])
        if isinstance(node, exp.Column):
            return "" if isinstance(node.this, exp.Star) else name(node.this)
        if isinstance(node, exp.Paren | exp.Collate | exp.Bracket | exp.Cast):
            node = node.this
        elif isinstance(node, exp.Case):
            node = node.args.get("default")
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select) and node.this.expressions:
            node = node.this.expressions[0]
        else:
            return ""
