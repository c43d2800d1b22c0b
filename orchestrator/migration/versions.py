"""The schema versions that a core records, in whichever shape it does."""

from dataclasses import dataclass

from psycopg import sql

from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement


@dataclass(frozen=True)
class Version:
    """A recorded schema version, and the table that records it."""

    table: str
    version: str
    applied_at: str
    """As the server writes it; empty when it is not recorded."""
    description: str


def history(connection: Connection) -> list[Version]:
    """Return every recorded schema version, the latest first, schema_versions before schema_version."""
    found: list[Version] = []
    for table, *names in connection.execute(statement(__package__, "versions")).fetchall():
        columns = [sql.Identifier(str(name)) if name else sql.SQL("null::text") for name in names]
        query = sql.SQL(
            "select coalesce({}::text, ''), coalesce({}::text, ''), coalesce({}::text, '') "
            "from public.{} order by {} desc nulls last"
        ).format(*columns, sql.Identifier(str(table)), columns[1])
        found += [Version(str(table), *map(str, row)) for row in connection.execute(query).fetchall()]
    return found
