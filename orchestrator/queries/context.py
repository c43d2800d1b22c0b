"""What a query's migration must know of the target: the patients, and the core's tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator import journal
from orchestrator.errors import RefusedError
from orchestrator.patient_id import check
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

Columns = Mapping[str, str]
"""Type of each column by name."""


@dataclass(frozen=True)
class Patient:
    """A patient that was moved."""

    patient_id: str
    schema: str
    legacy_database: str
    quarantined_rows: int


@dataclass(frozen=True)
class Context:
    """The patient that queries are for, and what there is in the target."""

    patient: Patient
    by_database: Mapping[str, Patient]
    """All patients that were moved, by the name of their legacy database."""
    database: str
    """Name of the target database."""
    tables: Mapping[str, Columns]
    """The core's tables and views in public, the wide table of v0.5.0 left out."""
    has_all_genes: bool
    """Whether each transcript of the core has its gene; an inner join loses none then."""


def load_context(target: Connection, patient_id: str) -> Context:
    """Return what there is to know for a patient's queries.

    Raises UsageError for what is no patient id, RefusedError when the patient was not moved and validated.
    """
    check(patient_id)
    journal.require(target)
    moved = [
        Patient(each.patient_id, each.schema_name, each.source_database, each.quarantined_rows or 0)
        for each in journal.patients(target).values()
        if each.published_at
    ]
    chosen = [each for each in moved if each.patient_id == patient_id]
    if not chosen:
        raise RefusedError(
            f"Patient {patient_id} is not in v0.6.0: `mediabase status` shows who is (see also migrate)."
        )
    tables: dict[str, dict[str, str]] = {}
    for table, column, data_type in target.execute(statement(__package__, "core_columns")).fetchall():
        tables.setdefault(str(table), {})[str(column)] = str(data_type)
    row = target.execute(statement(__package__, "all_genes")).fetchone()
    return Context(
        patient=chosen[0],
        by_database={each.legacy_database: each for each in moved},
        database=target.info.dbname,
        tables=tables,
        has_all_genes=row == (True,),
    )
