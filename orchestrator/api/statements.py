"""The statements of the API with the names of a patient in them."""

from collections.abc import Callable

from psycopg import sql

from orchestrator.patient_id import schema_name
from orchestrator.postgres.statements import statement


def of_patient(patient_id: str) -> Callable[[str], sql.Composed]:
    """Return what makes a statement, by its name, one about this patient."""
    schema = sql.Identifier(schema_name(patient_id))
    return lambda name: statement(__package__, name).format(schema=schema)
