"""What the cohort says: which patients are current, a gene across all of them, and what varies most."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from orchestrator import journal
from orchestrator.errors import RefusedError, UsageError
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

Query = tuple[sql.SQL, Mapping[str, object]]


@dataclass(frozen=True)
class Member:
    """A published patient, and whether the cohort has its rows as they are now."""

    patient_id: str
    schema_name: str
    is_current: bool
    reason: str | None
    """Why it is stale; None when it is not."""
    refreshed_at: datetime | None


@dataclass(frozen=True)
class Stale:
    """A patient of which the cohort has no current rows."""

    patient_id: str
    reason: str


@dataclass(frozen=True)
class Value:
    """A gene in one patient, by its isoform that is farthest from baseline."""

    patient_id: str
    transcript_id: str | None
    """None when all isoforms are at baseline, or the only values are in quarantine."""
    expression_fold_change: float | None
    """Linear; None when the only values are in quarantine."""


@dataclass(frozen=True)
class Gene:
    """A gene across the cohort."""

    gene_symbol: str
    patients: list[Value]
    stale_patients: list[Stale]


@dataclass(frozen=True)
class VariableTranscript:
    """A transcript with how much it varies over the patients; log2 where a name says so."""

    transcript_id: str
    gene_symbol: str | None
    patients: int
    """Those whose fold change is known."""
    changed: int
    """Those of them that are not at baseline."""
    mean_log2: float
    variance_log2: float


@dataclass(frozen=True)
class Variable:
    """The transcripts that vary most; none when that was worked out of other patients than those current now."""

    is_current: bool
    patients: int | None
    """Of how many patients it is."""
    worked_out_at: datetime | None
    transcripts: list[VariableTranscript]
    stale_patients: list[Stale]


def members(target: Connection) -> list[Member]:
    """Return every published patient. Raises RefusedError when the target has no tables of the cohort yet."""
    require(target)
    with target.cursor(row_factory=class_row(Member)) as cursor:
        return cursor.execute(statement(__package__, "patients")).fetchall()


def gene(target: Connection, gene_symbol: str) -> Gene:
    """Return a gene in every current patient.

    Raises UsageError for a gene of which the core has no transcript, or for no name, RefusedError as `members` does.
    """
    require(target)
    if not gene_symbol.strip():
        raise UsageError("Name a gene, as ERBB2: the core has many transcripts without a symbol.")
    row = target.execute(*gene_query(gene_symbol)).fetchone()
    assert row is not None  # noqa: S101  # an aggregate
    _, isoforms, patients, stale = row
    if not isoforms:
        raise UsageError(f"The core has no transcript of a gene {gene_symbol}: symbols are those of HGNC, as ERBB2.")
    return Gene(gene_symbol, [Value(**each) for each in json.loads(str(patients))], _stale(stale))


def variable(target: Connection, limit: int) -> Variable:
    """Return the transcripts that vary most, as many as `limit`. Raises RefusedError as `members` does."""
    require(target)
    row = target.execute(*variable_query(limit)).fetchone()
    assert row is not None  # noqa: S101  # an aggregate
    _, is_current, patients, worked_out_at, transcripts, stale = row
    return Variable(
        is_current=bool(is_current),
        patients=None if patients is None else int(str(patients)),
        worked_out_at=worked_out_at if isinstance(worked_out_at, datetime) else None,
        transcripts=[VariableTranscript(**each) for each in json.loads(str(transcripts))],
        stale_patients=_stale(stale),
    )


def gene_query(gene_symbol: str) -> Query:
    """Return what reads a gene: how many patients, how many isoforms, and two lists as JSON."""
    return statement(__package__, "gene"), {"gene_symbol": gene_symbol}


def variable_query(limit: int) -> Query:
    """Return what reads the most variable transcripts: how many, the state of that, and two lists as JSON."""
    return statement(__package__, "variable"), {"limit": limit}


def require(target: Connection) -> None:
    """Raise RefusedError when the target has no tables of the cohort."""
    journal.require(target)
    if target.execute("select to_regclass('cohort.cohort_variable')").fetchone() == (None,):
        raise RefusedError("This target has no tables of the cohort yet: mediabase cohort refresh.")


def _stale(listed: object) -> list[Stale]:
    return [Stale(**each) for each in json.loads(str(listed))]
