"""Parity: what was stored, read back, against what the legacy database gave."""

from psycopg import sql

from orchestrator.journal import Patient
from orchestrator.postgres.connection import Connection


def read_digest(target: Connection, schema: str) -> str:
    """Return the digest of a patient schema's stored and quarantined rows (sha256, hexadecimal).

    It is that of the binary COPY stream in which an export reads the same rows from a legacy database.
    """
    row = target.execute("select migration.patient_digest(%s)", [schema]).fetchone()
    return str(row[0]) if row else ""


def is_metadata_as_built(target: Connection, patient_id: str) -> bool:
    """Tell whether a patient's metadata is one row, and the one that the journal says was built."""
    row = target.execute(
        "select metadata_digest = migration.metadata_digest(schema_name) from migration.patient where patient_id = %s",
        [patient_id],
    ).fetchone()
    return row == (True,)


def is_counted(target: Connection, patient: Patient) -> bool:
    """Tell whether the journal counts the rows that a patient schema has, and they make up the legacy rows."""
    tables = (sql.Identifier(patient.schema_name, name) for name in ("expression_data", "quarantined_expression"))
    query = sql.SQL("select (select count(*) from {}), (select count(*) from {})").format(*tables)
    counts = (patient.stored_rows, patient.quarantined_rows)
    return target.execute(query).fetchone() == counts and _adds_up(patient)


def is_gone(target: Connection, schema: str) -> bool:
    """Tell whether somebody has dropped a patient schema, or its table."""
    name = sql.Identifier(schema, "expression_data").as_string(target)
    return target.execute("select to_regclass(%s)", [name]).fetchone() == (None,)


def difference(patient: Patient, digest: str) -> str | None:
    """Return how the rows read back differ from the legacy rows, or None when they are the same."""
    counts = (patient.stored_rows, patient.baseline_rows, patient.quarantined_rows)
    if not _adds_up(patient):
        return f"stored + baseline + quarantined = {counts}, which is not {patient.legacy_rows} legacy rows"
    if digest != patient.legacy_digest:
        return "the digest of the rows read back is not that of the legacy rows"
    return None


def _adds_up(patient: Patient) -> bool:
    counts = (patient.stored_rows, patient.baseline_rows, patient.quarantined_rows)
    return None not in counts and sum(count or 0 for count in counts) == patient.legacy_rows
