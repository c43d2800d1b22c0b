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
        present = _present(connection, tables)
        connection.rollback()
        if present:
            lock = sql.SQL("set local lock_timeout = {}; lock table {} in access share mode")
            connection.execute(lock.format(sql.Literal(f"{patience_seconds}s"), sql.SQL(", ").join(present)))
        connection.execute(
            "set local row_security = off; set local search_path = pg_catalog;"
            "set local max_parallel_workers_per_gather = 0;"  # several cores are what --jobs is for
            "set local work_mem = '64MB'"  # sorts a whole patient without a temporary file
        )
        yield connection
        connection.rollback()


def _present(connection: Connection, tables: Sequence[tuple[str, str]]) -> list[sql.Identifier]:
    """Return those of the tables that are there."""
    names = [sql.Identifier(*table) for table in tables]
    query = "select array(select to_regclass(name) is not null from unnest(%s::text []) as of_table (name))"
    (are_there,) = connection.execute(query, [[name.as_string(connection) for name in names]]).fetchone() or ([],)
    return list(compress(names, cast(list[bool], are_there)))
