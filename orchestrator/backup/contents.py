"""What a database holds, in one snapshot; and how what was restored differs from it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakSet

import psycopg
from pydantic import TypeAdapter

from orchestrator.backup.manifest import Contents, Properties
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump import PATIENCE_SECONDS, things_in
from orchestrator.postgres.locks import refuse_few_locks
from orchestrator.postgres.statements import statement
from orchestrator.postgres.tables import Relation, digests, pin, tables
from orchestrator.wording import some

MAX_NAMES = 5
CATALOG_LOCKS = 250
"""What pg_dump locks of the catalog, with room: 144 were seen, and PostgreSQL 18 has 188 tables and indexes there."""
TRIES = 5
"""How often to begin again when tables came or went between looking for them and locking them."""


@dataclass(frozen=True)
class Pinned:
    """A database in one snapshot, its tables locked against TRUNCATE and changes of their shape."""

    connection: Connection
    excluded_schemas: Sequence[str]
    tables: Sequence[Relation]

    def export(self) -> str:
        """Return the snapshot's name, for pg_dump to use while this transaction lasts."""
        row = self.connection.execute("select pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101  # a function has one row
        return str(row[0])

    def contents(self, go_on: Callable[[], None]) -> Contents:
        """Read all tables; `go_on` is called after each. Raises RefusedError for one that may not be read."""
        return Contents(tuple(digests(self.connection, self.tables, lambda _: go_on())), self.objects())

    def objects(self) -> tuple[str, ...]:
        """Return the names of all objects, sorted."""
        return tuple(sorted(map(str, things_in(self.connection, self.excluded_schemas))))

    def definitions(self) -> str:
        """Return a digest of what a dump has beyond the rows of tables; equal on this server only."""
        excluded = {"excluded": list(self.excluded_schemas)}
        row = self.connection.execute(statement(__package__, "definitions"), excluded).fetchone()
        assert row is not None  # noqa: S101  # an aggregate has one row
        return str(row[0])

    def properties(self) -> Properties:
        """Return what the server keeps of the database."""
        row = self.connection.execute(statement(__package__, "properties")).fetchone()
        assert row is not None  # noqa: S101  # the database that this is a connection to
        return TypeAdapter(Properties).validate_python(row[0])


@contextmanager
def pinned(
    dsn: str,
    database: str,
    in_hand: WeakSet[Connection],
    excluded_schemas: Callable[[Connection], Sequence[str]] = lambda _: (),
) -> Iterator[Pinned]:
    """Yield a database in one read-only transaction; its connection is `in_hand` meanwhile.

    Raises RefusedError when a table may not be read, or the server has no room for so many locks, and MediabaseError
    when a table stays locked by others.
    """
    with connect(dsn, dbname=database) as connection:
        in_hand.add(connection)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield _pin(connection, excluded_schemas)
        connection.rollback()


def refuse_many_tables(connection: Connection, excluded_schemas: Sequence[str]) -> None:
    """Raise RefusedError when the server has no room for the locks that a dump without these schemas takes."""
    row = connection.execute(statement(__package__, "locked"), {"excluded": list(excluded_schemas)}).fetchone()
    assert row is not None  # noqa: S101  # an aggregate has one row
    refuse_few_locks(connection, f"To read all of {connection.info.dbname}", CATALOG_LOCKS + int(str(row[0])))


def _pin(connection: Connection, excluded_schemas: Callable[[Connection], Sequence[str]]) -> Pinned:
    for _ in range(TRIES):
        excluded = list(excluded_schemas(connection))
        refuse_many_tables(connection, excluded)
        present = _tables(connection, excluded)
        connection.rollback()
        try:
            # Somebody who waits for one of our locks would make pg_dump, which needs the same, wait for ever.
            connection.execute(f"set local lock_timeout = '{PATIENCE_SECONDS}s'".encode())
            pin(connection, present)
            if _tables(connection, excluded) == present and list(excluded_schemas(connection)) == excluded:
                return Pinned(connection, excluded, present)
        except psycopg.errors.UndefinedTable:
            connection.rollback()
            continue
        except psycopg.errors.LockNotAvailable as error:
            raise MediabaseError(
                f"A table of {connection.info.dbname} was locked by another session for {PATIENCE_SECONDS} s: "
                "back it up when that has ended."
            ) from error
        connection.rollback()
    raise MediabaseError(f"The tables of {connection.info.dbname} come and go: back it up when it is at rest.")


def _tables(connection: Connection, excluded: Sequence[str]) -> list[Relation]:
    return [each for each in tables(connection, None) if each.schema not in excluded]


def difference(wanted: Contents, found: Contents) -> str | None:
    """Return how contents differ, by name; None when they are the same."""
    if wanted.objects != found.objects:
        names = sorted(set(wanted.objects) ^ set(found.objects))
        return f"not the same objects: {some(names, MAX_NAMES)}"
    differing = sorted(f"{each.schema}.{each.table}" for each in set(wanted.tables) ^ set(found.tables))
    return f"other rows in {some(list(dict.fromkeys(differing)), MAX_NAMES)}" if differing else None
