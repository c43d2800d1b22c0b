"""The schema versions that a core records, in whichever shape it does."""

import re
from dataclasses import dataclass
from itertools import groupby

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
    """Return every recorded schema version, the latest first, schema_versions before schema_version.

    Of those recorded at one time, or at none, the highest comes first.
    """
    found: list[Version] = []
    for table, *names in connection.execute(statement(__package__, "versions")).fetchall():
        columns = [sql.Identifier(str(name)) if name else sql.SQL("null::text") for name in names]
        query = sql.SQL(
            "select coalesce({}::text, ''), coalesce({}::text, ''), coalesce({}::text, '') "
            "from public.{} order by {} desc nulls last"
        ).format(*columns, sql.Identifier(str(table)), columns[1])
        rows = [Version(str(table), *map(str, row)) for row in connection.execute(query).fetchall()]
        for _, at_once in groupby(rows, key=lambda row: row.applied_at):
            found += sorted(at_once, key=_numbers, reverse=True)
    return found


def _numbers(recorded: Version) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", recorded.version)]
