"""Checks of the two servers and of the target database: facts, read in a few queries, become findings."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from orchestrator import journal
from orchestrator.access.roles import CORE_READER
from orchestrator.errors import RefusedError
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration.core import CORE_TABLES
from orchestrator.migration.findings import Finding
from orchestrator.patient_id import LEGACY_PREFIX, schema_name
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.locks import LockTable
from orchestrator.postgres.statements import statement

DUMP_LOCKS = 500
"""What pg_dump locks of a core (about 160 relations and the catalog), with room."""
DUMP_LOCKS_PER_PATIENT = 4
"""Its three tables, and one more; three were counted in pg_locks during a dump."""


@dataclass(frozen=True)
class ServerFacts:
    """What a server, and the database that we are connected to, tell of themselves."""

    version: int
    is_standby: bool
    is_read_only: bool
    is_superuser: bool
    free_connections: int
    free_for_role: int | None
    """None: no limit."""
    free_for_database: int | None
    locks_per_transaction: int
    lock_holders: int
    """Transactions that can be at a time; their locks are one pool."""
    slots: list[str]
    prepared_transactions: list[str]
    data_directory: str | None
    """None when this role may not know it."""
    max_wal_bytes: int


@dataclass(frozen=True)
class TargetFacts:
    """What the target database has and allows this role."""

    may_create_schemas: bool
    may_create_in_public: bool
    may_create_roles: bool
    has_journal: bool
    journal_of_others: list[str]
    narrow_versions: list[str]
    """Columns of schema_versions that the row of v0.6.0 would not fit."""
    unreadable_tables: list[str]
    tables_of_others: list[str]
    patient_schemas: list[str]
    """Those in which something is, or in which this role may not create anything."""
    has_legacy_table: bool
    event_triggers: list[str]
    outdated_collation: str | None


def read_server_facts(connection: Connection) -> ServerFacts:
    """Return what the server tells of itself."""
    with connection.cursor(row_factory=class_row(ServerFacts)) as cursor:
        row = cursor.execute(statement(__package__, "server_facts"), {"prefix": LEGACY_PREFIX}).fetchone()
    assert row is not None  # noqa: S101  # a select without from has one row
    return row


def read_target_facts(connection: Connection) -> TargetFacts:
    """Return what the target database has and allows; needs PostgreSQL 15."""
    with connection.cursor(row_factory=class_row(TargetFacts)) as cursor:
        row = cursor.execute(statement(__package__, "target_facts"), {"core_tables": list(CORE_TABLES)}).fetchone()
    assert row is not None  # noqa: S101  # the database that we are in
    return row


def check_version(subject: str, version: int, oldest: int) -> list[Finding]:
    """Check a server's version, as libpq has it, against the oldest major version that will do."""
    if version // 10000 >= oldest:
        return []
    message = f"It runs PostgreSQL {version // 10000}; {oldest} or newer is needed."
    return [Finding("server-version", "stop", subject, message, "Upgrade the server first.")]


def check_connections(subject: str, facts: ServerFacts, needed: int) -> list[Finding]:
    """Check that so many more sessions of this role can be opened."""
    free = [facts.free_connections]
    if not facts.is_superuser:
        free += [limit for limit in (facts.free_for_role, facts.free_for_database) if limit is not None]
    if min(free) >= needed:
        return []
    message = f"{needed} connections are needed, {max(min(free), 0)} are free for this role and database."
    remedy = "Use fewer --jobs, raise max_connections or the limit of the role or database, or end sessions."
    return [Finding("connections", "stop", subject, message, remedy)]


def check_server(subject: str, facts: ServerFacts) -> list[Finding]:
    """Check what keeps a server from letting go of WAL, locks or databases."""
    found = []
    if facts.slots:
        message = f"Replication slots that keep WAL, or a legacy database from being dropped: {', '.join(facts.slots)}."
        remedy = "A migration writes WAL: drop slots that nobody reads with pg_drop_replication_slot()."
        found.append(Finding("replication-slots", "warn", subject, message, remedy))
    if facts.prepared_transactions:
        message = f"Prepared transactions, which keep locks: {', '.join(facts.prepared_transactions)}."
        remedy = "Commit or roll them back: a migration can wait for them forever."
        found.append(Finding("prepared-transactions", "warn", subject, message, remedy))
    return found


def check_writable(subject: str, facts: ServerFacts) -> list[Finding]:
    """Check that the target takes writes at all."""
    if facts.is_standby:
        remedy = "Give the primary in MEDIABASE_DSN."
        return [Finding("writable", "stop", subject, "It is a standby, which takes no writes.", remedy)]
    if facts.is_read_only:
        remedy = "Reset default_transaction_read_only of the server, the database or this role."
        return [Finding("writable", "stop", subject, "default_transaction_read_only is on for this role.", remedy)]
    return []


def check_locks(subject: str, facts: ServerFacts, patients: int) -> list[Finding]:
    """Check that a whole pg_dump of the target will find enough locks; a migration itself takes few at a time."""
    table = LockTable(facts.locks_per_transaction, facts.lock_holders)
    lack = table.lack(DUMP_LOCKS + DUMP_LOCKS_PER_PATIENT * patients)
    if lack is None:
        return []
    problem, remedy = lack
    message = f"A pg_dump of all {patients:,} patients takes {problem}."
    return [Finding("locks", "warn", subject, message, f"{remedy}; or dump schema by schema.")]


def check_target(subject: str, facts: TargetFacts, role: str) -> list[Finding]:
    """Check what this role may do in the target database, and what stands in it."""
    found = []
    missing = []
    if not facts.may_create_schemas:
        missing.append("CREATE on the database")
    if not facts.may_create_in_public:
        missing.append("CREATE on schema public")
    if facts.unreadable_tables:
        missing.append(f"SELECT on {', '.join(facts.unreadable_tables)}")
    if facts.journal_of_others:
        missing.append(f"membership in the owner of {', '.join(facts.journal_of_others)}")
    if missing:
        message = f"The role {role} lacks {'; '.join(missing)}."
        found.append(Finding("target-rights", "stop", subject, message, "Grant it that."))
    elif not facts.may_create_roles or facts.tables_of_others:
        message = f"The role {role} has no CREATEROLE or does not own the core's tables: only it could read patients."
        remedy = f"Give it both, or make {CORE_READER} and the reader roles by hand."
        found.append(Finding("reader-roles", "warn", subject, message, remedy))
    if facts.narrow_versions and not facts.has_journal:
        message = f"public.schema_versions cannot take the row of v0.6.0: {', '.join(facts.narrow_versions)}."
        remedy = "Give those columns a default, or a version 15 characters."
        found.append(Finding("core", "stop", subject, message, remedy))
    if facts.event_triggers:
        message = f"Event triggers run with every table that is made: {', '.join(facts.event_triggers)}."
        remedy = "Make sure that they let schemas and tables be created, or disable them meanwhile."
        found.append(Finding("event-triggers", "warn", subject, message, remedy))
    if facts.outdated_collation:
        message = f"Its collation was recorded as version {facts.outdated_collation}, and the system has another now."
        remedy = "Indexes on text can be wrong: REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION."
        found.append(Finding("collation-version", "warn", subject, message, remedy))
    return found


def check_journal(
    subject: str, target: Connection, facts: TargetFacts, wanted: Sequence[LegacyDatabase]
) -> list[Finding]:
    """Check the target against its journal, for these patients, whose ids are supported."""
    schemas = {schema_name(each.patient_id): each.patient_id for each in wanted}
    known = journal.patients(target) if facts.has_journal and not facts.journal_of_others else {}
    built = {patient.schema_name for patient in known.values() if patient.built_at}
    found = [
        Finding(
            "schema-taken", "stop", schemas[name],
            f"Schema {name} is there already, of another owner or with something that the journal does not know.",
            "Find out whose it is; then rename it, or the patient with mediabase inventory --rename.",
        )
        for name in facts.patient_schemas if name in schemas and name not in built
    ]  # fmt: skip
    if known:
        try:
            journal.refuse_taken_names(target, wanted)
        except RefusedError as error:
            found.append(Finding("schema-taken", "stop", subject, str(error)))
    if facts.has_legacy_table and any(patient.published_at for patient in known.values()):
        message = "public.cancer_transcript_base is there: a v0.5.0 query without a patient reads 1.0 everywhere."
        remedy = "When nobody needs it any more: mediabase core retire-legacy-table."
        found.append(Finding("legacy-table", "warn", subject, message, remedy))
    return found


def check_operator(subject: str, target: Connection) -> list[Finding]:
    """Check that nobody works on the target now; a migration itself sees it by its lock."""
    holder = journal.holder(target)
    if holder is None:
        return []
    message = f"Another operator works on this target: {holder}."
    return [Finding("operator", "stop", subject, message, "Wait until that run has ended.")]
