"""The tables of a database, and their digests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

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

    @property
    def is_table(self) -> bool:
        """Tell whether it has rows of its own."""
        return self.kind in (TABLE, PARTITIONED)


@dataclass(frozen=True)
class TableDigest:
    """What a table holds: number of rows, and a digest in hexadecimal; see table_digest.sql."""

    schema: str
    table: str
    rows: int
    digest: str


def relations(connection: Connection, schemas: Sequence[str] | None = ("public",)) -> list[Relation]:
    """Return the tables and views of some schemas, by name; None: of all but those of the system and of extensions."""
    rows = connection.execute(statement(__package__, "relations"), {"schemas": schemas and list(schemas)}).fetchall()
    return [
        Relation(str(schema), str(name), str(kind), bool(has_key), tuple(columns))  # type: ignore[arg-type]
        for schema, name, kind, has_key, columns in rows
    ]


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
    query = statement(__package__, "table_digest").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, relation.columns)),
        # The rows of a partitioned table are those of its partitions; a child that inherits is a table of its own.
        only=sql.SQL("" if relation.kind == PARTITIONED else "only"),
        table=sql.Identifier(relation.schema, relation.name),
        names=sql.Literal(list(relation.columns)),  # no parameter, because names may hold what begins one
    )
    try:
        row = connection.execute(query).fetchone()
    except UNREADABLE as error:
        raise _unreadable(connection, error) from error
    assert row is not None  # noqa: S101  # an aggregate has one row
    return TableDigest(relation.schema, relation.name, int(str(row[0])), str(row[1]))


def _unreadable(connection: Connection, error: psycopg.Error) -> RefusedError:
    info = connection.info
    reason = error.diag.message_primary
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        reason = f"{reason}: grant the role {info.user} SELECT on all of its tables, without row security"
    elif isinstance(error, psycopg.errors.SerializationFailure):
        reason = f"{reason}: run again, or raise max_standby_streaming_delay"
    return RefusedError(f"Not every table of {info.dbname} can be read ({reason}).")
