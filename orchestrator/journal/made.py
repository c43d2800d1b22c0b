"""Custom objects of a patient's schema: which of them `mediabase query custom-objects` made."""

from dataclasses import dataclass

from psycopg.rows import class_row

from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

EVENT = "custom objects"


@dataclass(frozen=True)
class Made:
    """A view or a function in a patient's schema that no build makes."""

    name: str
    """With the types of a function's arguments."""
    oid: int
    digest: str
    """Of its definition as it is now."""
    source: str | None
    """Hash of the statements that it was made with; None when it was made otherwise, or changed since."""


def can_be_known(connection: Connection) -> bool:
    """Tell whether the journal can know custom objects again: not in a core that an earlier release upgraded."""
    found = connection.execute("select to_regprocedure('migration.patient_definitions(text)')").fetchone()
    return found != (None,)


def custom_objects(connection: Connection, patient_id: str, schema: str) -> list[Made]:
    """Return the views and functions of a patient's schema besides the product's; none where they cannot be known."""
    if not can_be_known(connection):
        return []
    with connection.cursor(row_factory=class_row(Made)) as cursor:
        cursor.execute(statement(__package__, "made"), {"patient_id": patient_id, "schema": schema})
        return cursor.fetchall()
