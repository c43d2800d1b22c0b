"""Which legacy databases there are, and a consistent read-only view into one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.rows import class_row

from orchestrator.errors import RefusedError, UsageError
from orchestrator.patient_id import LEGACY_PREFIX, check, collisions, is_supported, refuse_collisions
from orchestrator.postgres.connection import APPLICATION_NAME, Connection, connect
from orchestrator.postgres.snapshot import snapshot as postgres_snapshot
from orchestrator.postgres.statements import statement

WIDE = "cancer_transcript_base"
NARROW = "transcripts"
OLDEST_LEGACY = 12
"""The oldest major version that every statement here is written for."""
SURFACES = (WIDE, NARROW)
"""The legacy tables that hold fold changes, in the order in which they are believed."""


@dataclass(frozen=True)
class LegacyDatabase:
    """One v0.5.0 database and the patient it belongs to."""

    name: str
    patient_id: str
    """What the patient is called in v0.6.0."""

    @property
    def legacy_id(self) -> str:
        """Return what the database's name calls the patient."""
        return self.name.removeprefix(LEGACY_PREFIX)


@dataclass(frozen=True)
class DatabaseFacts:
    """A legacy database, as the server's own catalog describes it."""

    name: str
    allows_connections: bool
    may_connect: bool
    size_bytes: int | None
    """None when we may not connect to it."""
    encoding: str
    collation: str
    sessions: list[str]
    """Who is in it besides this product."""


def discover(legacy_dsn: str) -> list[LegacyDatabase]:
    """Return every legacy database of the server, by name; ids are not checked here."""
    with connect(legacy_dsn, autocommit=True) as connection:
        version = connection.info.server_version // 10000
        if version < OLDEST_LEGACY:
            raise RefusedError(f"The legacy server runs PostgreSQL {version}; it must be {OLDEST_LEGACY} or newer.")
        rows = connection.execute(statement(__package__, "databases"), {"prefix": LEGACY_PREFIX}).fetchall()
    return [LegacyDatabase(str(name), str(name).removeprefix(LEGACY_PREFIX)) for (name,) in rows]


def choose(found: list[LegacyDatabase], asked: Iterable[str] | None) -> list[LegacyDatabase]:
    """Return the databases of the `asked` patients (None: all), each usable as a patient.

    Raises UsageError for a patient that has no legacy database, and RefusedError when ids are unsupported or
    two of them lead to one schema name.
    """
    if asked is None:
        chosen = found
        unsupported = [database.name for database in found if not is_supported(database.patient_id)]
        if not found:
            raise RefusedError(f"That server has no legacy database: no name begins with {LEGACY_PREFIX}.")
        if unsupported:
            names = ", ".join(map(repr, unsupported))
            raise RefusedError(
                f"The names of these legacy databases hold no usable patient id: {names}. Name the patients with "
                "`mediabase inventory --rename OLD=NEW`, or say which others to take instead of --all."
            )
    else:
        by_id = {database.patient_id: database for database in found}
        wanted = [check(patient_id) for patient_id in dict.fromkeys(asked)]
        unknown = [patient_id for patient_id in wanted if patient_id not in by_id]
        renamed = {database.legacy_id: database.patient_id for database in found}
        if unknown and unknown[0] in renamed:
            raise UsageError(f"Patient {unknown[0]} was renamed: it is {renamed[unknown[0]]} now.")
        if unknown:
            raise UsageError(
                f"No legacy database for patient {', '.join(unknown)}: "
                f"there is no {LEGACY_PREFIX}{unknown[0]} on that server (ids keep upper and lower case)."
            )
        chosen = [by_id[patient_id] for patient_id in wanted]
    asked_for = {database.patient_id for database in chosen}
    clashes = collisions(database.patient_id for database in found if is_supported(database.patient_id))
    refuse_collisions(each for clash in clashes if asked_for.intersection(clash) for each in clash)
    return chosen


def database_facts(legacy_dsn: str) -> tuple[int, dict[str, DatabaseFacts]]:
    """Return the server's version as libpq has it (150004), and what it tells of each legacy database, by name."""
    values = {"prefix": LEGACY_PREFIX, "own_name": APPLICATION_NAME}
    with connect(legacy_dsn, autocommit=True) as connection:
        with connection.cursor(row_factory=class_row(DatabaseFacts)) as cursor:
            rows = cursor.execute(statement(__package__, "database_facts"), values).fetchall()
        return connection.info.server_version, {row.name: row for row in rows}


@contextmanager
def snapshot(legacy_dsn: str, database: str, patience_seconds: int = 0) -> Iterator[Connection]:
    """Yield a connection to `database` in one repeatable-read, read-only transaction.

    Waits for locks so long and then raises psycopg.errors.LockNotAvailable; 0: as long as it takes.
    See `postgres.snapshot` for what else holds of it.
    """
    tables = [("public", name) for name in SURFACES]
    with postgres_snapshot(legacy_dsn, tables, database=database, patience_seconds=patience_seconds) as connection:
        yield connection
