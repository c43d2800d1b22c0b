"""What leads a reader out of its room: rights of everybody, and views; and how that is taken away."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql
from psycopg.rows import class_row

from orchestrator import journal
from orchestrator.access.roles import CORE_READER
from orchestrator.access.tokens import require_access
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement


@dataclass(frozen=True)
class Door:
    """Something that a reader, or everybody (PUBLIC), may do, and the statement that takes it away."""

    who: str
    """`everybody`, or a reader role."""
    may: str
    remedy: str
    is_ours: bool
    """Whether the operator has the rights of its owner."""
    is_other_database: bool
    """Whether it is about another database, which others may be using."""


def doors(target: Connection) -> list[Door]:
    """Return what leads out; databases beside this one are last."""
    with target.cursor(row_factory=class_row(Door)) as cursor:
        return cursor.execute(statement(__package__, "doors").format(core_reader=sql.Literal(CORE_READER))).fetchall()


def harden(target: Connection, *, other_databases: bool) -> tuple[list[Door], list[Door]]:
    """Take away what can be taken; return those that were shut and those that stay open.

    Other databases are only closed when asked for: logins that connect to them by the right of everybody would be
    shut out. What was done is in the journal. `target` is in autocommit mode. Raises RefusedError without a journal.
    """
    require_access(target)
    found = doors(target)
    shut = [each for each in found if each.is_ours and (other_databases or not each.is_other_database)]
    with target.transaction():
        for door in shut:
            target.execute(door.remedy.encode())
        if shut:
            _record(target, shut)
    return shut, [each for each in found if each not in shut]


def _record(target: Connection, shut: Sequence[Door]) -> None:
    run_id = journal.start_run(target, "access harden", {})
    journal.event(target, run_id, None, "hardened", statements=[each.remedy for each in shut])
    journal.finish_run(target, run_id, 0)
