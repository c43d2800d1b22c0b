"""What is told about a patient's schema."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Where:
    """The target: as what to connect to it is not for us to say."""

    host: str
    """Or the folder of its socket."""
    port: int
    database: str


@dataclass(frozen=True)
class Rows:
    """Rows that the patient had when it was moved."""

    stored: int
    baseline: int
    quarantined: int


@dataclass(frozen=True)
class Column:
    """A column, with its type in PostgreSQL and what dbt's project says about it."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class Relation:
    """A table or view."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    others: tuple[str, ...]
    """Columns that dbt's project does not describe: those of a core differ."""


@dataclass(frozen=True)
class Example:
    """A query that runs as it is."""

    name: str
    title: str
    note: str
    sql: str


@dataclass(frozen=True)
class Context:
    """All of it, for one patient."""

    patient_id: str
    schema: str
    where: Where
    rows: Rows
    rules: tuple[str, ...]
    """What a query must respect, one sentence or two each."""
    private: tuple[str, ...]
    """What must stay here, and what need not."""
    relations: tuple[Relation, ...]
    examples: tuple[Example, ...]
