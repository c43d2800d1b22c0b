"""A consistent, read-only view into a database, however others write there meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

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
        present = [sql.Identifier(*table) for table in tables if _exists(connection, table)]
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


def _exists(connection: Connection, table: tuple[str, str]) -> bool:
    name = sql.Identifier(*table).as_string(connection)
    return connection.execute("select to_regclass(%s)", [name]).fetchone() != (None,)
