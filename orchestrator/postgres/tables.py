"""The tables of a database, and their digests."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from orchestrator.errors import RefusedError
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

TABLE, PARTITIONED = "r", "p"
UNREADABLE = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.FeatureNotSupported,  # an unlogged table on a standby
    psycopg.errors.SerializationFailure,  # a standby that must go on with its primary's changes
)


@dataclass(frozen=True)
class Relation:
    """A table or view; its columns are sorted by name."""

    schema: str
    name: str
    kind: str
    has_primary_key: bool
    columns: tuple[str, ...]
    is_binary: bool
    """Whether rows are hashed as PostgreSQL sends them in binary, or else as text."""
    apart: str | None
    """The column that is hashed apart from the others: fold changes, where there are any."""

    @property
    def is_table(self) -> bool:
        """Tell whether it has rows of its own."""
        return self.kind in (TABLE, PARTITIONED)


@dataclass(frozen=True)
class TableDigest:
    """What a table holds: number of rows, and digests in hexadecimal; see table_digest.sql."""

    schema: str
    table: str
    rows: int
    digest: str
    rest: str | None = None
    """Digest of the other columns, of a table that has one apart."""


def relations(connection: Connection, schemas: Sequence[str] | None = ("public",)) -> list[Relation]:
    """Return the tables and views of some schemas, by name; None: of all but those of the system and of extensions."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement(__package__, "relations"), {"schemas": schemas and list(schemas)})
        return [Relation(**{**row, "columns": tuple(row["columns"])}) for row in cursor.fetchall()]


def tables(connection: Connection, schemas: Sequence[str] | None = ("public",)) -> list[Relation]:
    """Return the tables of some schemas, as `relations` does."""
    return [relation for relation in relations(connection, schemas) if relation.is_table]


def pin(connection: Connection, present: Sequence[Relation]) -> None:
    """Make a transaction fit for digests, as its first act: every value has one text, no table can be emptied.

    Raises RefusedError when the role may not read one of the tables.
    """
    names = sql.SQL(", ").join(sql.Identifier(relation.schema, relation.name) for relation in present)
    try:
        if present:  # a TRUNCATE would be seen by a snapshot that is older
            connection.execute(sql.SQL("lock table {} in access share mode").format(names))
    except psycopg.errors.InsufficientPrivilege as error:
        raise _unreadable(connection, error) from error
    connection.execute(statement(__package__, "digest_session"))


def digests(
    connection: Connection, present: Sequence[Relation], report: Callable[[TableDigest], None]
) -> list[TableDigest]:
    """Return the digest of each table, in a transaction that was pinned; `report` is told of each.

    Raises RefusedError for a table that cannot be read, or not in full.
    """
    found = []
    for relation in present:
        found.append(_digest(connection, relation))
        report(found[-1])
    return found


def _digest(connection: Connection, relation: Relation) -> TableDigest:
    # The rows of a partitioned table are those of its partitions; a child that inherits is a table of its own.
    only = sql.SQL("" if relation.kind == PARTITIONED else "only ")
    rest = rest_hash(relation.columns, relation.apart, relation.name, is_binary=relation.is_binary)
    table = only + sql.Identifier(relation.schema, relation.name)
    if relation.apart is None:
        query = statement(__package__, "table_digest").format(hash=rest, table=table)
    else:
        apart = sql.Identifier(relation.name, relation.apart)
        query = statement(__package__, "table_digest_apart").format(rest=rest, apart=apart, table=table)
    try:
        row = connection.execute(query).fetchone()
    except UNREADABLE as error:
        raise _unreadable(connection, error) from error
    assert row is not None  # noqa: S101  # an aggregate has one row
    rows, high, low, *of_rest = map(str, row)
    digest = _of_sums(relation, rows, high, low)
    return TableDigest(
        relation.schema, relation.name, int(rows), digest, _of_sums(relation, rows, *of_rest) if of_rest else None
    )


def _of_sums(relation: Relation, rows: str, high: str, low: str) -> str:
    parts = ["binary" if relation.is_binary else "text", relation.columns, rows, high, low]
    return sha256(json.dumps(parts).encode()).hexdigest()


def rest_hash(columns: Sequence[str], apart: str | None, alias: str, *, is_binary: bool) -> sql.Composed:
    """Return the hash of a row's columns, by name, without the one apart."""
    names = sql.SQL(", ").join(sql.Identifier(alias, each) for each in sorted(columns) if each != apart)
    form = "sha256(record_send(row({})))" if is_binary else "sha256(convert_to(row({})::text, 'UTF8'))"
    return sql.SQL(form).format(names)


def _unreadable(connection: Connection, error: psycopg.Error) -> RefusedError:
    info = connection.info
    reason = error.diag.message_primary
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        reason = f"{reason}: grant the role {info.user} SELECT on all of its tables, without row security"
    elif isinstance(error, psycopg.errors.SerializationFailure):
        reason = f"{reason}: run again, or raise max_standby_streaming_delay"
    return RefusedError(f"Not every table of {info.dbname} can be read ({reason}).")
