"""What a query's migration must know of the target: the patients, and the core's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator import journal
from orchestrator.errors import RefusedError
from orchestrator.legacy.databases import WIDE
from orchestrator.patient_id import check
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

Columns = Mapping[str, str]
"""Type of each column by name."""
PRODUCT = (WIDE, "expression_data", "quarantined_expression", "metadata")
"""What every patient's schema has."""


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
    own_tables: Mapping[str, Columns] = field(default_factory=dict)
    """Tables and views in the patient's schema besides those of the product: custom objects."""
    own_functions: frozenset[str] = frozenset()
    """Functions there."""
    functions: frozenset[str] | None = None
    """Those that every session finds; None where they are not looked at."""

    def of(self, patient: Patient) -> "Context":
        """Return the same for another patient, whose own objects are not known."""
        return replace(self, patient=patient, own_tables={}, own_functions=frozenset())


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
        alike = [each.patient_id for each in moved if each.patient_id.lower() == patient_id.lower()]
        hint = f"did you mean {alike[0]}?" if alike else "`mediabase status` shows who is."
        raise RefusedError(f"Patient {patient_id} is not in v0.6.0: {hint}")
    row = target.execute(statement(__package__, "all_genes")).fetchone()
    return Context(
        patient=chosen[0],
        by_database={each.legacy_database: each for each in moved},
        database=target.info.dbname,
        tables=_columns(target, "public", [WIDE]),
        has_all_genes=row == (True,),
    )


def with_custom_objects(context: Context, target: Connection) -> Context:
    """Return a context that knows which objects were made for the patient, and all functions."""
    schema = context.patient.schema
    names = target.execute(statement(__package__, "functions"), {"schema": schema}).fetchall()
    return replace(
        context,
        own_tables=_columns(target, schema, PRODUCT),
        own_functions=frozenset(str(name) for name, is_own in names if is_own),
        functions=frozenset(str(name) for name, _ in names),
    )


def _columns(target: Connection, schema: str, left_out: Sequence[str]) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    values = {"schema": schema, "left_out": list(left_out)}
    for table, column, data_type in target.execute(statement(__package__, "columns"), values).fetchall():
        tables.setdefault(str(table), {})[str(column)] = str(data_type)
    return tables
