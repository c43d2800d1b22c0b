"""Binary COPY streams: read, hashed and passed on without looking inside."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg import sql

from orchestrator.postgres.connection import Connection

BLOCK_BYTES = 1 << 18


@dataclass(frozen=True)
class RowStream:
    """Rows that were read, and the digest of their binary COPY stream (sha256, hexadecimal)."""

    rows: int
    digest: str
    hash_sum: str | None = None
    """Sum of the rows' hashes, where that was taken too; see legacy/hash_sum.sql."""


def read_stream(
    connection: Connection,
    rows: sql.Composable,
    parameters: Sequence[object] | None = None,
    write: Callable[[bytes], None] | None = None,
) -> RowStream:
    """Read the query `rows` as a binary COPY stream, hash it, and hand it to `write` in blocks.

    PostgreSQL sends a message a row; they are joined because hashing and writing cost by the call.
    """
    digest = hashlib.sha256()
    pending: list[bytes | bytearray | memoryview] = []
    size = 0

    def flush() -> None:
        block = b"".join(pending)
        pending.clear()
        digest.update(block)
        if write:
            write(block)

    with connection.cursor() as cursor:
        query = sql.SQL("copy ({}) to stdout (format binary)").format(rows)
        with cursor.copy(query, parameters) as copy:
            for message in copy:
                pending.append(message)
                size += len(message)
                if size >= BLOCK_BYTES:
                    flush()
                    size = 0
        flush()
        return RowStream(rows=cursor.rowcount, digest=digest.hexdigest())
