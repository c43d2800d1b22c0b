"""Binary COPY streams: read, hashed and passed on without looking inside."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg import sql

from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Signature, no flags, no extension."""
TRAILER = b"\xff\xff"


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
    """Read `rows`, a query for (transcript_id, expression_fold_change), as their binary COPY stream ordered by id.

    The stream is hashed, and handed to `write` in blocks of some thousand rows.
    """
    digest = hashlib.sha256()
    count = 0

    def take(block: bytes) -> None:
        digest.update(block)
        if write:
            write(block)

    take(HEADER)
    with connection.cursor() as cursor:
        for number, block in cursor.stream(statement(__package__, "stream").format(rows=rows), parameters, binary=True):
            count += int(str(number))
            take(bytes(block))  # type: ignore[call-overload]  # bytea
    take(TRAILER)
    return RowStream(rows=count, digest=digest.hexdigest())
