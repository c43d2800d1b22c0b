"""What a migration of queries makes: statements before and after, with what there is to say about each."""

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.queries.findings import Finding


class Style(StrEnum):
    """How a statement reads the patient in v0.6.0."""

    AUTO = "auto"
    """The most readable of the others that is proven to be equivalent."""
    GUIDE = "guide"
    """Core tables and the patient's sparse table, joined where the wide table stood."""
    CTE = "cte"
    """The wide table as a WITH query in front; the rest stays as it is."""
    VIEW = "view"
    """The patient's view of that name, by search_path."""


@dataclass(frozen=True)
class Options:
    """What the operator chose."""

    style: Style = Style.AUTO
    fix_round: bool = False
    is_markdown: bool = False
    """Only SQL in fences counts."""


@dataclass(frozen=True)
class Proof:
    """Why a reference to the wide table is read as it is."""

    line: int
    is_sparse: bool
    """Whether no row at baseline can be in the result, so that only stored rows are read."""
    reason: str


@dataclass(frozen=True)
class Migrated:
    """One statement, before and after; line from 1."""

    line: int
    patient_id: str
    """Whom it reads: the script may have connected to another patient than was asked for."""
    old: str
    new: str
    outcome: str
    """unchanged, guide, cte, view or refused."""
    old_query: str | None = None
    """The query in it: all of a SELECT, a part of CREATE VIEW ... AS, EXPLAIN, INSERT ... SELECT; None: it has none.
    ROUND is repaired there, too, where that was asked for."""
    new_query: str | None = None
    plain_query: str | None = None
    """The new query in the guide's pattern everywhere, where the proof made another of it."""
    findings: tuple[Finding, ...] = ()
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True)
class MigratedText:
    """A whole text, with all that is not SQL as it was."""

    text: str
    statements: tuple[Migrated, ...]

    @property
    def findings(self) -> list[Finding]:
        """Return everything there is to say, in the order of the text."""
        return [finding for each in self.statements for finding in each.findings]

    @property
    def is_refused(self) -> bool:
        """Tell whether any statement was left as it was because it cannot be said in v0.6.0."""
        return any(each.outcome == "refused" for each in self.statements)
