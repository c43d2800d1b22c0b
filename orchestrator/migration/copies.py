"""The databases that a rehearsal copies: where from, how large, with which pg_dump."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.legacy.databases import DatabaseFacts, LegacyDatabase
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import Servers, connect, database_bytes
from orchestrator.postgres.dump import Source, copy_database, find_source
from orchestrator.postgres.embedded import bundled_programs
from orchestrator.postgres.statements import statement
from orchestrator.wording import size

SAY_SECONDS = 1.0
"""How often to tell how much was copied."""


class Say(Protocol):
    """Told what happens now, and whether that step is done; with facts for logs."""

    def __call__(self, text: str, done: bool, **facts: object) -> None:
        """Say it."""


@dataclass(frozen=True)
class Original:
    """A database to copy."""

    name: str
    source: Source
    size_bytes: int


@dataclass(frozen=True)
class Copied:
    """A database that was copied."""

    name: str
    source_bytes: int
    seconds: float
    left_out: list[str]
    """Objects that could not be made on the scratch server."""


def originals(
    source: Servers, chosen: Sequence[LegacyDatabase], facts: Mapping[str, DatabaseFacts], pg_bin: Path | None
) -> list[Original]:
    """Return what to copy, the core first. Raises RefusedError for a server that is too new, or without its pg_dump."""
    with connect(source.target) as connection:
        core = Original(connection.info.dbname, find_source(source.target, pg_bin), database_bytes(connection))
    legacy = find_source(source.legacy, pg_bin)
    return [core, *(Original(each.name, legacy, facts[each.name].size_bytes or 0) for each in chosen)]


def copy_all(
    source: Servers, chosen: Sequence[LegacyDatabase], wanted: Sequence[Original], target_dsn: str, say: Say
) -> list[Copied]:
    """Copy databases one after the other; schemas of patients that are not `chosen` stay behind."""
    names = [schema_name(database.patient_id) for database in chosen]
    with connect(source.target) as connection:
        rows = connection.execute(statement(__package__, "other_schemas"), {"schema_names": names}).fetchall()
    others = [str(name) for (name,) in rows]
    return [_copy(original, target_dsn, others if original is wanted[0] else [], say) for original in wanted]


def _copy(original: Original, target_dsn: str, excluded_schemas: Sequence[str], say: Say) -> Copied:
    name = original.name
    started = time.monotonic()
    moved = 0
    said = started

    def count(number: int) -> None:
        nonlocal moved, said
        moved += number
        if time.monotonic() - said > SAY_SECONDS:
            said = time.monotonic()
            say(f"{name}: copied {size(moved)}", False)

    say(f"{name}: copying", False)
    pg_restore = bundled_programs() / "pg_restore"
    left_out = copy_database(original.source, name, target_dsn, pg_restore, excluded_schemas, count)
    seconds = round(time.monotonic() - started, 1)
    say(f"{name}: copied in {seconds:,.1f} s", True)
    return Copied(name, original.size_bytes, seconds, left_out)
