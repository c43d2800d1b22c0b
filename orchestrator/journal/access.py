"""What the access to legacy databases was before we changed it, and where each change stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from orchestrator.journal import Patient
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement


@dataclass(frozen=True)
class AccessRecord:
    """A legacy database whose access was changed, or was about to be.

    What was there before is recorded first: an intent without its time of completion was interrupted.
    """

    legacy_system: str
    database_name: str
    database_oid: int
    lock_intended_at: datetime | None
    former_read_only: str | None
    locked_at: datetime | None
    cut_over_intended_at: datetime | None
    former_connect: dict[str, Any] | None
    cut_over_at: datetime | None
    gone_at: datetime | None

    @property
    def words(self) -> str:
        """Return how the database stands, as people read it."""
        if self.gone_at:
            return "gone"
        if self.cut_over_intended_at:
            return "cut over" if self.cut_over_at else "cut-over unfinished"
        if self.lock_intended_at:
            return "read-only" if self.locked_at else "lock unfinished"
        return "open"


def access_records(connection: Connection, system: str | None = None) -> list[AccessRecord]:
    """Return the records of one legacy server, or of all; none where the journal is older than they are."""
    if connection.execute("select to_regclass('migration.legacy_access')").fetchone() == (None,):
        return []
    with connection.cursor(row_factory=class_row(AccessRecord)) as cursor:
        return cursor.execute(statement(__package__, "access_records"), {"system": system}).fetchall()


def access_record(connection: Connection, system: str, database: str, oid: int) -> AccessRecord | None:
    """Return the record of this very database; None too when another one had its name."""
    for record in access_records(connection, system):
        if (record.database_name, record.database_oid) == (database, oid):
            return record
    return None


def intend_lock(connection: Connection, system: str, database: str, oid: int, former: str | None) -> None:
    """Record, before it is changed, what default_transaction_read_only of a database is; None: not set."""
    _write(connection, "access_intend_lock", system, database, oid, former=former)


def intend_cut_over(connection: Connection, system: str, database: str, oid: int, former: dict[str, Any]) -> None:
    """Record, before that is changed, who may connect to a database; see `legacy.access.described`."""
    _write(connection, "access_intend_cut_over", system, database, oid, former=Jsonb(former))


def record_access(connection: Connection, system: str, database: str, oid: int, name: str) -> None:
    """Record that something came to its end: locked, cut_over, not_locked, not_cut_over, or that it is gone."""
    _write(connection, f"access_{name}", system, database, oid)


def restored_access(connection: Connection, system: str, database: str, oid: int) -> None:
    """Record that a database is there again, as it was when it was dropped, under another oid."""
    _write(connection, "access_restored", system, database, oid)


def patient_access(patient: Patient, records: list[AccessRecord]) -> AccessRecord | None:
    """Return the record of the legacy database that a patient comes from."""
    mine = [record for record in records if record.database_name == patient.source_database
            and patient.legacy_system in (None, record.legacy_system)]  # fmt: skip
    return mine[0] if mine else None


def _write(connection: Connection, name: str, system: str, database: str, oid: int, **more: object) -> None:
    values = {"system": system, "database": database, "oid": oid, **more}
    connection.execute(statement(__package__, name), values)
