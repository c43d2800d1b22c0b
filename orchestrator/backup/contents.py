"""What a database holds, in one snapshot; and how what was restored differs from it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from orchestrator.backup.manifest import Contents
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump import things
from orchestrator.postgres.tables import Relation, digests, pin, tables
from orchestrator.wording import some

MAX_NAMES = 5


@dataclass(frozen=True)
class Pinned:
    """A database in one snapshot, its tables locked against TRUNCATE and changes of their shape."""

    connection: Connection
    tables: Sequence[Relation]
    objects: tuple[str, ...]

    def export(self) -> str:
        """Return the snapshot's name, for pg_dump to use while this transaction lasts."""
        row = self.connection.execute("select pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101  # a function has one row
        return str(row[0])

    def contents(self) -> Contents:
        """Read all tables. Raises RefusedError for one that may not be read."""
        return Contents(tuple(digests(self.connection, self.tables, lambda _: None)), self.objects)


@contextmanager
def pinned(dsn: str, database: str, excluded_schemas: Sequence[str] = ()) -> Iterator[Pinned]:
    """Yield a database in one read-only transaction. Raises RefusedError when a table may not be read."""
    with connect(dsn, dbname=database) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        present = [each for each in tables(connection, None) if each.schema not in excluded_schemas]
        connection.rollback()
        pin(connection, present)
        objects = tuple(map(str, sorted(things(dsn, database, excluded_schemas))))
        yield Pinned(connection, present, objects)
        connection.rollback()


def difference(wanted: Contents, found: Contents) -> str | None:
    """Return how contents differ, by name; None when they are the same."""
    if wanted.objects != found.objects:
        names = sorted(set(wanted.objects) ^ set(found.objects))
        return f"not the same objects: {some(names, MAX_NAMES)}"
    differing = sorted(f"{each.schema}.{each.table}" for each in set(wanted.tables) ^ set(found.tables))
    return f"other rows in {some(list(dict.fromkeys(differing)), MAX_NAMES)}" if differing else None
