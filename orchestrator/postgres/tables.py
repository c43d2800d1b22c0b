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
    of_other_types: tuple[str, ...]
    """Columns of types that PostgreSQL does not come with."""
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
        return [
            Relation(**{**row, "columns": tuple(row["columns"]), "of_other_types": tuple(row["of_other_types"])})
            for row in cursor.fetchall()
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
    # The rows of a partitioned table are those of its partitions; a child that inherits is a table of its own.
    only = sql.SQL("" if relation.kind == PARTITIONED else "only ")
    rest = row_hash(relation, relation.apart, relation.name)
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
    rows, whole, *rest_of_rows = map(str, row)
    digest, *digest_of_rest = (_of_sum(relation, rows, each) for each in (whole, *rest_of_rows))
    return TableDigest(relation.schema, relation.name, int(rows), digest, *digest_of_rest)


def _of_sum(relation: Relation, rows: str, total: str) -> str:
    return sha256(json.dumps([relation.columns, rows, total]).encode()).hexdigest()


def row_hash(relation: Relation, apart: str | None, alias: str) -> sql.Composed:
    """Return the 64-bit hash of a row without the column apart, as table_digest.sql says; the row goes by `alias`."""
    columns = [
        sql.SQL('coalesce(hashtextextended({text} collate "C", {seed}), {seed})').format(
            text=_text(relation, each, alias), seed=sql.Literal(seed)
        )
        for seed, each in enumerate(relation.columns, start=1)
        if each != apart
    ]
    return sql.SQL("hashtextextended('' collate \"C\", {})").format(sql.SQL(" # ").join(columns) or sql.SQL("0"))


def _text(relation: Relation, column: str, alias: str) -> sql.Composed:
    # A cast may be a function of the core's own; what a row shows of a column never is.
    form = "row({})::text" if column in relation.of_other_types else "{}::text"
    return sql.SQL(form).format(sql.Identifier(alias, column))


def _unreadable(connection: Connection, error: psycopg.Error) -> RefusedError:
    info = connection.info
    reason = error.diag.message_primary
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        reason = f"{reason}: grant the role {info.user} SELECT on all of its tables, without row security"
    elif isinstance(error, psycopg.errors.SerializationFailure):
        reason = f"{reason}: run again, or raise max_standby_streaming_delay"
    return RefusedError(f"Not every table of {info.dbname} can be read ({reason}).")
