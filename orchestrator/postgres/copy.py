"""Binary COPY streams, read, hashed and passed on; and the same rows as text."""

import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from psycopg import sql

from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Signature, no flags, no extension."""
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
BLOCK_BYTES = 1 << 17

Row = tuple[str, float | None]
Write = Callable[[bytes], object]
"""Takes the next block of a stream."""


@dataclass(frozen=True)
class RowStream:
    """Rows that were read, and the digest of their binary COPY stream (sha256, hexadecimal)."""

    rows: int
    digest: str
    hash_sum: str | None = None
    """Sum of the rows' hashes, of rows in a database; see legacy/hash_sum.sql."""


def read_stream(
    connection: Connection,
    rows: sql.Composable,
    parameters: Sequence[object] | None = None,
    write: Write | None = None,
) -> RowStream:
    """Read `rows`, a query for (transcript_id, expression_fold_change), as their binary COPY stream ordered by id.

    The stream is hashed, and handed to `write` in blocks of some thousand rows.
    """
    digest = hashlib.sha256()
    count = hash_sum = 0

    def take(block: bytes) -> None:
        digest.update(block)
        if write:
            write(block)

    take(HEADER)
    with connection.cursor() as cursor:
        blocks = cursor.stream(statement(__package__, "stream").format(rows=rows), parameters, binary=True)
        for number, block, hashes in blocks:
            count += int(str(number))
            hash_sum += int(str(hashes))
            take(bytes(block))  # type: ignore[call-overload]  # bytea
    take(TRAILER)
    return RowStream(rows=count, digest=digest.hexdigest(), hash_sum=str(hash_sum))


def pack(rows: Iterable[Row], write: Write) -> RowStream:
    """Make of `rows`, which are in order, the stream that `read_stream` makes of the same rows in a database."""
    digest = hashlib.sha256()
    count = 0
    block = bytearray(HEADER)
    for transcript_id, value in rows:
        name = transcript_id.encode()
        size = len(name)
        if value is None:
            block += struct.pack(">hi", 2, size) + name + NULL
        else:
            block += _packer(size)(2, size, name, 8, value)
        count += 1
        if len(block) >= BLOCK_BYTES:
            digest.update(block)
            write(bytes(block))
            block.clear()
    block += TRAILER
    digest.update(block)
    write(bytes(block))
    return RowStream(rows=count, digest=digest.hexdigest())


@lru_cache
def _packer(size: int) -> Callable[..., bytes]:
    """Return what packs a row: two fields, an id of `size` bytes, and the eight bytes of a number."""
    return struct.Struct(f">hi{size}sid").pack


def write_csv(
    connection: Connection,
    rows: sql.Composable,
    parameters: Sequence[object] | None,
    write: Write,
    value_column: str = "cancer_fold",
) -> None:
    """Write `rows`, a query as for `read_stream`, as CSV with the header transcript_id,`value_column`, ordered by id.

    Values are PostgreSQL's shortest text that reads back as the same number; NULL is an empty field.
    """
    query = statement(__package__, "csv").format(rows=rows, value_column=sql.Identifier(value_column))
    copy_out(connection, query, parameters, write)


def copy_out(connection: Connection, query: sql.Composed, parameters: Sequence[object] | None, write: Write) -> None:
    """Hand what COPY ... TO STDOUT gives to `write`, block by block, with numbers as `write_csv` has them."""
    connection.execute("set local extra_float_digits = 1")  # shortest and exact since PostgreSQL 12
    with connection.cursor().copy(query, parameters) as copy:
        for block in copy:
            write(bytes(block))
