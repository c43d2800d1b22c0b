"""Somebody who reads published patients all the time, with the rights of readers, whatever happens to the server."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from orchestrator.errors import UsageError
from orchestrator.postgres.connection import Connection

PAUSE_SECONDS = 0.05
PUBLISHED = "select patient_id, schema_name from migration.patient where published_at is not null"
LET_IN = "select nspname from pg_namespace where starts_with(nspname, 'patient_') and nspacl::text ~ 'reader_'"
ROWS = """
    select
        (select count(*) from {schema}.expression_data),
        (select count(*) from {schema}.quarantined_expression),
        (select count(*) from {schema}.metadata),
        (select count(*) from {schema}.cancer_transcript_base),
        (select count(*) from {schema}.cancer_transcript_base where expression_fold_change is distinct from 1.0)
"""


@dataclass(frozen=True)
class Content:
    """What a published patient must look like."""

    rows: tuple[object, ...]
    digest: str


class Reader(threading.Thread):
    """Looks at every published patient until it is stopped; `problems` says what was not as it must be."""

    def __init__(self, connect: Callable[[], Connection], truth: dict[str, Content]) -> None:
        """Read on connections of `connect`, which may fail while the server is down."""
        super().__init__(daemon=True)
        self.looks = 0
        """Patients that were looked at, each time counted."""
        self.outages = 0
        self.problems: list[str] = []
        self._connect = connect
        self._truth = truth
        self._is_over = threading.Event()

    def run(self) -> None:
        """Look, and connect again whenever the server went away."""
        while not self._is_over.is_set():
            try:
                with self._connect() as connection:
                    while not self._is_over.is_set():
                        self._look_at_all(connection)
                        time.sleep(PAUSE_SECONDS)
            except (psycopg.OperationalError, UsageError):  # the server was stopped
                self.outages += 1
                time.sleep(PAUSE_SECONDS)
            except Exception as error:
                self.problems.append(f"the reader itself failed: {error!r}")
                return

    def stop(self) -> None:
        """Look no more."""
        self._is_over.set()
        self.join()

    def _look_at_all(self, connection: Connection) -> None:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            if connection.execute("select to_regclass('migration.patient')").fetchone() == (None,):
                return
            published = {str(name): str(schema) for name, schema in connection.execute(PUBLISHED.encode()).fetchall()}
            let_in = {str(schema) for (schema,) in connection.execute(LET_IN.encode()).fetchall()}
            if let_in != set(published.values()):
                self.problems.append(f"let in to {sorted(let_in)} where {sorted(published)} are published")
        for patient_id, schema in published.items():
            self._look(connection, patient_id, schema)
            self.looks += 1

    def _look(self, connection: Connection, patient_id: str, schema: str) -> None:
        """In one snapshot, the counts as the patient's reader and the digest."""
        must = self._truth[patient_id]
        try:
            with connection.transaction():
                digest = connection.execute("select migration.patient_digest(%s)", [schema]).fetchone()
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(f"reader_{schema}")))
                rows = connection.execute(sql.SQL(ROWS).format(schema=sql.Identifier(schema))).fetchone()
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            self.problems.append(f"{patient_id} cannot be read: {type(error).__name__} {error.sqlstate}")
            return
        if rows != must.rows or digest != (must.digest,):
            self.problems.append(f"{patient_id} has {rows} rows, digest {digest}; it must have {must}")


def content(connection: Connection) -> dict[str, Content]:
    """Return what the published patients look like now."""
    found = {}
    for patient_id, schema in connection.execute(PUBLISHED.encode()).fetchall():
        rows = connection.execute(sql.SQL(ROWS).format(schema=sql.Identifier(str(schema)))).fetchone()
        digest = connection.execute("select migration.patient_digest(%s)", [schema]).fetchone()
        assert rows and digest
        found[str(patient_id)] = Content(rows, str(digest[0]))
    return found
