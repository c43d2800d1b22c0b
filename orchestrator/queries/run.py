"""One query run in a transaction that writes nothing, and all that it says kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.types.string import TextLoader

from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.statements import statement
from orchestrator.queries.compare import Column, Json, Row, Rows

TIMEOUT, WRITES = "57014", "25006"


class _JsonLoader(TextLoader):
    def load(self, data: Buffer) -> Json:
        """Return the text."""
        return Json(super().load(data))


_LOADERS: dict[str, type[TextLoader]] = {
    **dict.fromkeys(("date", "time", "timetz", "timestamp", "timestamptz", "interval"), TextLoader),
    **dict.fromkeys((f"{each}multirange" for each in ("int4", "int8", "num", "date", "ts", "tstz")), TextLoader),
    **dict.fromkeys(("json", "jsonb"), _JsonLoader),
}
"""Types of which Python's own cannot say everything (infinity, years before 1 and after 9999, months) stay text."""


@dataclass(frozen=True)
class Failure:
    """Why a query has no result."""

    sqlstate: str
    """Empty where the server gave a result that cannot be read."""
    message: str

    def __str__(self) -> str:
        """Return what the server said."""
        return f"{self.message} ({self.sqlstate})" if self.sqlstate else self.message

    @property
    def meaning(self) -> str:
        """Return it in our words where it is us who stopped the query."""
        meanings = {TIMEOUT: "it takes too long (--timeout)", WRITES: "it writes, and nothing is written here"}
        return meanings.get(self.sqlstate, f"it fails: {self}")

    @property
    def is_of_the_query(self) -> bool:
        """Tell whether it would fail alike wherever and whenever it runs on the same tables."""
        if self.sqlstate in ("", WRITES, "0A000", "42P11"):  # it cannot be read, may not write, or be a cursor's
            return False
        return self.sqlstate[:2] not in ("40", "53", "54", "55", "57", "58", "XX")


@contextmanager
def reading_session(dsn: str, database: str | None = None) -> Iterator[Connection]:
    """Yield a connection each of whose transactions is read-only and sees one snapshot."""
    with connect(dsn, dbname=database) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


@contextmanager
def transaction(connection: Connection, timeout_seconds: int) -> Iterator[None]:
    """Keep a transaction for queries open; it is rolled back."""
    timeout = sql.Literal(f"{timeout_seconds}s")
    connection.execute(statement(__package__, "session").format(timeout=timeout))
    try:
        yield
    finally:
        connection.rollback()


def run(connection: Connection, query: str, most: int, schema: str | None = None) -> Rows | Failure:
    """Return what a query says, at most so many rows of it; a patient's `schema` comes first in the search path.

    Only what a cursor takes is run, which is one query. Raises psycopg.OperationalError when the connection is lost.
    """
    try:
        with connection.transaction(force_rollback=True):
            if schema:
                path = sql.SQL("set local search_path = {}, public").format(sql.Identifier(schema))
                connection.execute(path)
            with connection.cursor("verify") as cursor:
                for name, loader in _LOADERS.items():
                    cursor.adapters.register_loader(name, loader)
                cursor.execute(query.encode())
                rows = cursor.fetchmany(most + 1)
                description = cursor.description or []
            columns = _columns(connection, [(each.name, each.type_code) for each in description])
            return Rows(columns, cast(Sequence[Row], rows[:most]), is_cut=len(rows) > most)
    except psycopg.Error as error:
        if error.sqlstate is None and isinstance(error, psycopg.OperationalError):
            raise
        return Failure(error.sqlstate or "", error.diag.message_primary or str(error))


def _columns(connection: Connection, described: Sequence[tuple[str, int]]) -> tuple[Column, ...]:
    oids = [oid for _, oid in described]
    types = connection.execute(statement(__package__, "type_names"), {"oids": oids}).fetchall()
    return tuple(Column(name, str(type_)) for (name, _), (type_,) in zip(described, types, strict=True))


def varying_functions(connection: Connection, names: Sequence[str]) -> dict[str, bool]:
    """Return which of these functions say another thing elsewhere, each with whether it may do so every time."""
    rows = connection.execute(statement(__package__, "varying"), {"names": list(names)}).fetchall()
    return {str(name): bool(is_volatile) for name, is_volatile in rows}
