"""The database as the API sees it: each request takes the role that its token opens, reads, and leaves a record."""

from asyncio import Semaphore
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from orchestrator.api.problems import AnswerError, unauthorized
from orchestrator.patient_id import schema_name

Row = tuple[Any, ...]
Connection = AsyncConnection[Row]
Pool = AsyncConnectionPool[Connection]
Query = tuple[sql.Composed | sql.SQL, Mapping[str, object]]

PATIENCE_SECONDS = 5.0
"""How long a request waits for a connection."""
WAITING = 500
"""Requests that may wait at a time; more are turned away."""
RECONNECT_SECONDS = 5.0
STREAM_TIMEOUT = "1h"
"""For a client that reads slowly."""
BATCH = 500
"""Rows of a stream that are held at a time."""


@dataclass(frozen=True)
class Core:
    """The way into the core: open to everybody."""


@dataclass(frozen=True)
class Cohort:
    """The way into the facts about all patients."""

    token: bytes | None


@dataclass(frozen=True)
class OnePatient:
    """The way into the data of one patient."""

    token: bytes | None
    patient_id: str

    @property
    def schema(self) -> sql.Identifier:
        """Return the name of the patient's schema."""
        return sql.Identifier(schema_name(self.patient_id))


Entrance = Core | Cohort | OnePatient


@asynccontextmanager
async def opened_pool(dsn: str, size: int) -> AsyncIterator[Pool]:
    """Yield a pool of `size` sessions; it also opens while the database is away, and finds it again by itself."""
    pool: Pool = AsyncConnectionPool(
        make_conninfo(dsn, application_name="mediabase api", client_encoding="UTF8", connect_timeout=5),
        min_size=size, max_size=size, timeout=PATIENCE_SECONDS, max_waiting=WAITING,
        reconnect_timeout=RECONNECT_SECONDS, open=False,
        # Nothing is prepared: a pooler in between may give each transaction another session.
        kwargs={"autocommit": True, "prepare_threshold": None},
    )  # fmt: skip
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


async def read(pool: Pool, entrance: Entrance, *queries: Query) -> list[list[Row]]:
    """Return the rows of each query, read in one transaction that cannot write, in the role of the entrance.

    Raises AnswerError without a token, and psycopg's errors.
    """
    async with pool.connection() as connection:
        return await _read(connection, entrance, queries)


async def read_recorded(pool: Pool, entrance: Entrance, endpoint: str, query: Query, *more: Query) -> list[list[Row]]:
    """Return what `read` does, when it is recorded that it was read.

    The first column of `query`'s first row is how many rows are handed out.
    """
    async with pool.connection() as connection:
        found = await _read(connection, entrance, (query, *more))
        rows = int(found[0][0][0]) if found[0] else 0
        await record(connection, entrance, endpoint, rows)
        return found


async def record(connection: Connection, entrance: Entrance, endpoint: str, rows: int) -> None:
    """Record that so many rows are handed out; what is of the core belongs to nobody."""
    if isinstance(entrance, Core):
        return
    patient_id = entrance.patient_id if isinstance(entrance, OnePatient) else None
    values = (entrance.token, patient_id, endpoint, rows)
    await connection.execute("select access.record(%s, %s, %s, %s)", values)


def stream_places(sessions: int) -> Semaphore:
    """Return the places for streams: a slow client keeps its session, and the other half is for everybody else."""
    return Semaphore(max(1, sessions // 2))


async def stream(
    pool: Pool, places: Semaphore, entrance: Entrance, endpoint: str, count: Query, query: Query
) -> AsyncGenerator[bytes]:
    """Yield the first column of each row as a line, a batch at a time; that is recorded before anything is sent.

    Raises AnswerError at once when all places are taken, because nobody knows when one is free.
    """
    if places.locked():
        raise AnswerError(HTTPStatus.SERVICE_UNAVAILABLE, "Too many are reading whole patients: ask again later.")
    async with places, pool.connection() as connection:
        [[(rows,)]] = await _read(connection, entrance, [count])
        await record(connection, entrance, endpoint, int(rows))
        try:
            async with connection.pipeline():
                await connection.execute("begin read only")
                await _enter(connection, entrance)
                await connection.execute(sql.SQL("set local statement_timeout = {}").format(STREAM_TIMEOUT))
            async with connection.cursor("stream") as cursor:
                await cursor.execute(*query)
                while batch := await cursor.fetchmany(BATCH):
                    yield b"".join(f"{line}\n".encode() for (line,) in batch)
        finally:
            if not connection.closed:
                await connection.rollback()


async def tell(pool: Pool, query: str, values: Sequence[object]) -> list[Row]:
    """Return the rows of a function of schema access, which the API's login may call as itself."""
    async with pool.connection() as connection:
        cursor = await connection.execute(query.encode(), values)
        return await cursor.fetchall()


async def _read(connection: Connection, entrance: Entrance, queries: Sequence[Query]) -> list[list[Row]]:
    try:
        async with connection.pipeline():
            await connection.execute("begin read only")
            await _enter(connection, entrance)
            cursors = [await connection.execute(*query) for query in queries]
            await connection.execute("commit")
        return [await cursor.fetchall() for cursor in cursors]
    except psycopg.Error:
        if not connection.closed:
            await connection.rollback()
        raise


async def _enter(connection: Connection, entrance: Entrance) -> None:
    if isinstance(entrance, Core):
        await connection.execute("select access.enter_core()")
        return
    if entrance.token is None:
        raise unauthorized()
    if isinstance(entrance, Cohort):
        await connection.execute("select access.enter_cohort(%s)", [entrance.token])
    else:
        await connection.execute("select access.enter_patient(%s, %s)", [entrance.token, entrance.patient_id])
