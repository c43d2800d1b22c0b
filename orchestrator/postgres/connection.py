"""Connections: which servers, under which names, and one sentence when one cannot be reached."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.errors import UsageError
from orchestrator.postgres.embedded import embedded_server
from orchestrator.settings import Settings

CORE_DATABASE = "mbase"
APPLICATION_NAME = "mediabase"

SESSION = (
    "set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0; "
    "set datestyle = 'ISO'; set standard_conforming_strings = on; "
    # Of Citus, where otherwise each schema that is made, or is there already, might be distributed as a patient's is.
    # Elsewhere it is a name without meaning, and still cheaper than a query for whether there is Citus.
    "set citus.enable_schema_based_sharding = off"
)
"""What every session of ours counts on, whatever a role or database has set."""
"""A limit that a role has for its everyday work would stop a migration in the middle."""
NEWER_LIMIT = "; set transaction_timeout = 0"
"""Of PostgreSQL 17 and newer."""
READ_ONLY = "-c default_transaction_read_only=on"
"""Option of a session that begins no transaction that could write."""
TLS_KEYWORDS = ("sslmode", "sslrootcert", "sslcert", "sslkey")

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Servers:
    """Connection strings of the target database and of the server with the legacy databases."""

    target: str = field(repr=False)
    legacy: str = field(repr=False)


@contextmanager
def servers(settings: Settings) -> Iterator[Servers]:
    """Yield where to connect to, with the embedded server running when no target is configured."""
    with ExitStack() as stack:
        target = settings.target or stack.enter_context(embedded_server(settings.home))
        yield Servers(
            target=with_database(target, CORE_DATABASE),
            legacy=with_database(settings.legacy or target, "postgres"),
        )


def read_only(servers: Servers) -> Servers:
    """Return the same servers, for sessions that only read; options that were given stay."""
    return Servers(_read_only(servers.target), _read_only(servers.legacy))


def _read_only(dsn: str) -> str:
    try:
        given = conninfo_to_dict(dsn).get("options") or os.environ.get("PGOPTIONS", "")
    except psycopg.ProgrammingError:
        return dsn  # connect() reports it, with what to do
    return make_conninfo(dsn, options=f"{given} {READ_ONLY}".strip())


def connect(dsn: str, *, dbname: str | None = None, autocommit: bool = False) -> Connection:
    """Connect in UTF-8 and without time limits; `dbname` overrides the one in `dsn`.

    Raises UsageError when that fails, with libpq's reason, which holds no secret.
    """
    overrides = {"dbname": dbname} if dbname else {}
    try:
        connection = psycopg.connect(
            dsn,
            autocommit=True,
            client_encoding="UTF8",
            application_name=APPLICATION_NAME,
            **overrides,  # type: ignore[arg-type]
        )
        connection.execute(SESSION + (NEWER_LIMIT if connection.info.server_version >= 170000 else ""))
    except psycopg.Error as error:  # OperationalError, or ProgrammingError for a malformed string
        raise UsageError(
            f"Cannot connect to {describe(dsn, dbname)}{_reason(dsn, error)}. "
            "Check MEDIABASE_DSN, MEDIABASE_LEGACY_DSN, MEDIABASE_API_DSN (mediabase config show) and the server."
        ) from error
    connection.autocommit = autocommit
    return connection


def describe(dsn: str, dbname: str | None = None) -> str:
    """Return where `dsn` leads to, without any secret."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "a server: its connection string cannot be read"
    # An unescaped @ in a URI's password makes its end a part of the host.
    where = str(parts.get("service") or parts.get("host") or "the local server").rpartition("@")[2]
    return f"database {dbname or parts.get('dbname') or '(default)'} on {where}"


def _reason(dsn: str, error: psycopg.Error) -> str:
    """Return libpq's reason, unless it could repeat a part of a string that was misread."""
    try:
        if "@" in str(conninfo_to_dict(dsn).get("host") or ""):
            return ""
    except psycopg.ProgrammingError:
        return ""
    lines = str(error).strip().splitlines()
    telling = next((line for line in lines if "failed: " in line), lines[-1])
    return ": " + telling.rpartition("failed: ")[2].strip().rstrip(".?")


def database_bytes(connection: Connection) -> int:
    """Return the size on disk of the database that this is a connection to."""
    row = connection.execute("select pg_database_size(current_database())").fetchone()
    return int(str(row[0])) if row else 0


def resolve(dsn: str) -> dict[str, str]:
    """Return libpq's parameters for `dsn`, the password among them, resolved by connecting once.

    Service files, password files and defaults are libpq's business, so libpq is asked.
    """
    with connect(dsn) as connection:
        info = connection.info
        known = {keyword: value for keyword, value in info.get_parameters().items() if keyword in TLS_KEYWORDS}
        known |= {
            "host": info.host, "port": str(info.port), "user": info.user,
            "dbname": info.dbname, "password": info.password,
        }  # fmt: skip
    return {keyword: value for keyword, value in known.items() if value}


def environment(dsn: str) -> dict[str, str]:
    """Return libpq's environment variables for `dsn`, for a child process and nothing else.

    In a process with two servers they would leak from one into what the other leaves out.
    """
    names = {"dbname": "PGDATABASE"}
    return {names.get(keyword, f"PG{keyword.upper()}"): value for keyword, value in resolve(dsn).items()}


def with_database(dsn: str, dbname: str) -> str:
    """Add `dbname` to `dsn` unless it, or a service it names, says which database."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return dsn  # connect() reports it, with what to do
    return dsn if parts.get("dbname") or parts.get("service") else make_conninfo(dsn, dbname=dbname)
