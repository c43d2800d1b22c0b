"""Parity: what was stored, read back, against what the legacy database gave."""

from psycopg import sql

from orchestrator.migration.journal import Patient
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.copy import RowStream, read_stream
from orchestrator.postgres.statements import statement


def read_back(target: Connection, schema: str) -> RowStream:
    """Read a patient schema's stored and quarantined rows in the form in which legacy rows are read."""
    return read_stream(target, statement(__package__, "read_back").format(schema=sql.Identifier(schema)))


def difference(patient: Patient, found: RowStream) -> str | None:
    """Return how the rows read back differ from the legacy rows, or None when they are the same."""
    counts = (patient.stored_rows, patient.baseline_rows, patient.quarantined_rows)
    if None in counts or sum(count or 0 for count in counts) != patient.legacy_rows:
        return f"stored + baseline + quarantined = {counts}, which is not {patient.legacy_rows} legacy rows"
    if found.digest != patient.legacy_digest:
        return f"the digest of the {found.rows} rows read back is not that of the legacy rows"
    return None
