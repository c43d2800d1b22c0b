"""Rows into databases: the core, and a patient's fold changes on both surfaces."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import cast

from psycopg import sql

from orchestrator.postgres.connection import CORE_DATABASE, Connection
from orchestrator.postgres.statements import statement
from orchestrator.sandbox.databases import Server
from orchestrator.sandbox.rows import CoreRows, FoldChanges

CHANGED_TABLES = ("cancer_transcript_base", "transcripts")
"""The tables that a patient's fold changes are written to."""

CORE_STEPS = 4
"""How often `load_core` reports."""


def load_core(server: Server, rows: CoreRows, report: Callable[[str], None]) -> None:
    """Fill the empty core database of `server`; `report` is called with each step."""
    with server.session(CORE_DATABASE) as connection:
        report("tables")
        connection.execute(_statement("tables"))
        for field in fields(rows):
            _copy_table(connection, field.name, getattr(rows, field.name))
        connection.execute("analyze")
        report("wide table")
        connection.execute(_statement("wide_table"))
        report("keys and indexes")
        connection.execute(_statement("keys"))
        report("statistics")
        # Also sets the visibility map, which index-only scans need; the copies inherit both. With `freeze`
        # vacuum waits for a page that somebody holds, without it would leave that page out.
        connection.execute("vacuum (freeze, analyze)")


def load_patient(server: Server, database: str, fold_changes: FoldChanges) -> None:
    """Write `fold_changes` to both surfaces of a copy of the core; ids it lacks are added to both."""
    with server.session(database) as connection:
        with connection.transaction():
            connection.execute(_statement("incoming"))
            # Binary: the value arrives bit by bit as it was read.
            with connection.cursor().copy("copy incoming from stdin (format binary)") as copy:
                copy.set_types(["text", "float8"])
                for row in fold_changes:
                    copy.write_row(row)
            connection.execute("analyze incoming")
            connection.execute(_statement("apply_values"))
            connection.execute(_statement("apply_orphans"))
        for table in CHANGED_TABLES:
            connection.execute(sql.SQL("vacuum (freeze, analyze) {}").format(sql.Identifier(table)))


def measure(server: Server, database: str) -> tuple[int, int, int]:
    """Return rows of the wide table, rows that are not at the baseline, and bytes of the database."""
    with server.session(database) as connection:
        row = connection.execute(_statement("facts")).fetchone()
    return cast(tuple[int, int, int], row)


def _copy_table(connection: Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if not rows:
        return
    names: tuple[str, ...] = rows[0]._fields  # type: ignore[attr-defined]  # rows are named tuples
    command = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor().copy(command) as copy:
        for row in rows:
            copy.write_row(row)


def _statement(name: str) -> sql.SQL:
    return statement("orchestrator.sandbox", name)
