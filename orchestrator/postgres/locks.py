"""Room for locks: whether a transaction finds as much of it on the server as it takes."""

from dataclasses import dataclass

from orchestrator.errors import RefusedError
from orchestrator.postgres.connection import Connection

SIZE = """
select
    current_setting('max_locks_per_transaction')::integer,
    current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer
"""


@dataclass(frozen=True)
class LockTable:
    """The server's table of locks, which all transactions share."""

    per_transaction: int
    """max_locks_per_transaction, an average."""
    holders: int
    """Transactions that can be at a time."""

    def lack(self, needed: int) -> tuple[str, str] | None:
        """Return what is wrong and what to do when it has no room for so many at a time; None when it has."""
        room = self.per_transaction * self.holders
        if needed <= room:
            return None
        enough = -(-needed // self.holders)
        return (
            f"about {needed:,} locks at a time, more than the {room:,} that the server has room for",
            f"Set max_locks_per_transaction to {enough} or more, and restart it",
        )


def refuse_few_locks(connection: Connection, what: str, needed: int) -> None:
    """Raise RefusedError when there is no room for the locks that `what` takes at a time."""
    row = connection.execute(SIZE).fetchone()
    assert row is not None  # noqa: S101  # a select without from has one row
    if lack := LockTable(*(int(str(each)) for each in row)).lack(needed):
        problem, remedy = lack
        raise RefusedError(f"{what} takes {problem}. {remedy}.")
