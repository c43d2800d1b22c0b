"""The rows of a patient schema, as a query with where each row is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import sql

from orchestrator.errors import MediabaseError
from orchestrator.legacy.databases import WIDE
from orchestrator.migration.bisection import Side
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.snapshot import snapshot
from orchestrator.postgres.statements import statement

TABLES = ("expression_data", "quarantined_expression")
EXACT = "double precision"


@contextmanager
def patient_snapshot(target_dsn: str, schema: str, patience_seconds: int) -> Iterator[Connection]:
    """Yield a connection to the target in one snapshot, with the tables of a patient schema locked as it says there."""
    tables = [(schema, table) for table in TABLES]
    with snapshot(target_dsn, tables, patience_seconds=patience_seconds) as connection:
        yield connection


def current_side(connection: Connection, schema: str) -> Side:
    """Return the stored and quarantined rows of a patient schema.

    Raises MediabaseError when a table or a column of it is gone, or holds values of another type.
    """
    for table, has_table, column, type_ in connection.execute(
        statement(__package__, "patient_columns"), {"schema": schema}
    ).fetchall():
        if not has_table:
            raise MediabaseError(f"{schema}.{table} is gone: drop what is left of that schema, and migrate it again.")
        if type_ is None:
            raise MediabaseError(f"{schema}.{table} has no column {column} now: bring it back, or migrate it again.")
        if column == "expression_fold_change" and type_ != EXACT:
            raise MediabaseError(f"{schema}.{table}.{column} is {type_} now, not {EXACT}: change it back.")
    return Side(connection, statement(__package__, "patient_kept").format(schema=sql.Identifier(schema)))


def has_view(connection: Connection, schema: str) -> bool:
    """Tell whether a patient schema has its view cancer_transcript_base."""
    name = sql.Identifier(schema, WIDE).as_string(connection)
    return connection.execute("select to_regclass(%s)", [name]).fetchone() != (None,)


def without_row(side: Side, ids: Sequence[str]) -> list[str]:
    """Return those of these transcripts that a side has no row of."""
    query = statement(__package__, "without_row").format(rows=side.rows)
    return [str(id_) for (id_,) in side.connection.execute(query, {**side.parameters, "ids": list(ids)}).fetchall()]


def in_core(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Return those of these transcripts that the core has."""
    return {str(id_) for (id_,) in connection.execute(statement(__package__, "in_core"), {"ids": list(ids)}).fetchall()}
