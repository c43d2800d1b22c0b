"""Proof that a server was left alone: its transaction numbers before and after.

Whatever writes a row or changes an object takes a transaction number, and reading takes none. The WAL's end is only
reported: checkpoints, hint bits and the pruning of pages move it without any transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.postgres.connection import Servers, connect, describe
from orchestrator.postgres.statements import statement


@dataclass(frozen=True)
class Position:
    """How far a server was at one moment."""

    server: str
    started_at: str
    next_transaction: int
    open_writers: int
    """Transactions that have taken a number and are not at their end."""
    wal_bytes: int


@dataclass(frozen=True)
class Movement:
    """What happened on a server between two moments, by whomever."""

    server: str
    transactions: int
    """Transactions with a number that came to their end."""
    open_writers: int
    """Transactions with a number that were open at one of the moments."""
    wal_bytes: int
    was_restarted: bool

    @property
    def is_untouched(self) -> bool:
        """Tell whether it is proved that nobody wrote there."""
        return not (self.transactions or self.open_writers or self.was_restarted)

    def __str__(self) -> str:
        """Return it as a sentence."""
        if self.is_untouched:
            return (
                f"{self.server}: untouched, proved: no transaction that writes ended meanwhile or was open "
                f"(its WAL grew by {self.wal_bytes:,} bytes, by the server's own upkeep)."
                if self.wal_bytes
                else f"{self.server}: untouched, proved: no transaction that writes ended or was open."
            )
        restarted = "It was restarted. " if self.was_restarted else ""
        return (
            f"{self.server}: {restarted}{self.transactions:,} transactions ended that had written, {self.open_writers} "
            f"were open (and {self.wal_bytes:,} bytes of WAL written), of other sessions or the server's autovacuum; "
            "every session of this rehearsal was read-only."
        )


def positions(servers: Servers) -> list[Position]:
    """Return how far the servers are, each once."""
    found: dict[str, Position] = {}
    for dsn in (servers.target, servers.legacy):
        with connect(dsn, autocommit=True) as connection:
            row = connection.execute(statement(__package__, "position")).fetchone()
        assert row is not None  # noqa: S101  # a select without from has one row
        position = Position(describe(dsn).partition(" on ")[2], str(row[0]), *(int(str(each)) for each in row[1:]))
        found.setdefault(position.started_at, position)
    return list(found.values())


def movements(before: Sequence[Position], after: Sequence[Position]) -> list[Movement]:
    """Return what happened on each server."""
    return [
        Movement(
            server=first.server,
            transactions=second.next_transaction - first.next_transaction,
            open_writers=first.open_writers + second.open_writers,
            wal_bytes=second.wal_bytes - first.wal_bytes,
            was_restarted=first.started_at != second.started_at,
        )
        for first, second in zip(before, after, strict=True)
    ]
