"""A consistent, read-only view into a database, however others write there meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import cast

import psycopg
from psycopg import sql

from orchestrator.postgres.connection import Connection, connect


@contextmanager
def snapshot(
    dsn: str, tables: Sequence[tuple[str, str]], *, database: str | None = None, patience_seconds: int = 0
) -> Iterator[Connection]:
    """Yield a connection in one repeatable-read, read-only transaction, to `database` or the one in `dsn`.

    Those of the `tables` (schema and name) that are there are locked against TRUNCATE, which no snapshot sees, before
    the snapshot is taken. Waits for locks so long and then raises psycopg.errors.LockNotAvailable; 0: as long as it
    takes. Rows that a policy would hide make it fail, and functions of that database's own never run.
    """
    with connect(dsn, dbname=database) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        names = [sql.Identifier(*table) for table in tables]
        try:
            _begin(connection, names, patience_seconds)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):  # rare, so not asked for before
            connection.rollback()
            present = _present(connection, names)
            connection.rollback()
            _begin(connection, present, patience_seconds)
        yield connection
        connection.rollback()


def _begin(connection: Connection, names: Sequence[sql.Identifier], patience_seconds: int) -> None:
    """Lock the tables and begin; the first query after this takes the snapshot."""
    lock = sql.SQL("set local lock_timeout = {}; lock table {} in access share mode;").format(
        sql.Literal(f"{patience_seconds}s"), sql.SQL(", ").join(names)
    )
    settings = sql.SQL(
        "set local row_security = off; set local search_path = pg_catalog;"
        "set local max_parallel_workers_per_gather = 0;"  # several cores are what --jobs is for
        "set local work_mem = '64MB'"  # sorts a whole patient without a temporary file
    )
    connection.execute(lock + settings if names else settings)


def _present(connection: Connection, names: Sequence[sql.Identifier]) -> list[sql.Identifier]:
    """Return those of the tables that are there."""
    query = "select array(select to_regclass(name) is not null from unnest(%s::text []) as of_table (name))"
    (are_there,) = connection.execute(query, [[name.as_string(connection) for name in names]]).fetchone() or ([],)
    return list(compress(names, cast(list[bool], are_there)))
