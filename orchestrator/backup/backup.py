"""Backups: dumped from one snapshot, restored on a scratch server and compared before they count."""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Event
from weakref import WeakSet

import psycopg
from psycopg.conninfo import make_conninfo

from orchestrator.backup.contents import pinned
from orchestrator.backup.folders import new_backup
from orchestrator.backup.manifest import DUMP, ROLES, Manifest, write_manifest
from orchestrator.backup.outcome import BackedUp, outcome
from orchestrator.backup.verify import Scratch, scratch_for, verify
from orchestrator.errors import MediabaseError, RefusedError
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump import Command, Source, first_line, reading
from orchestrator.postgres.dump_file import dump_to_file, examine_file
from orchestrator.postgres.embedded import bundled_major
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.programs import find_matching
from orchestrator.postgres.threads import in_threads


@dataclass(frozen=True)
class Wanted:
    """A database to back up; `patient_id` is None for the core."""

    database: str
    patient_id: str | None
    size_bytes: int
    dsn: str = field(repr=False)
    excluded_schemas: Sequence[str] = ()


@dataclass(frozen=True)
class Place:
    """Where backups go, where the scratch server is, and which programs to prefer."""

    folder: Path
    home: Path
    pg_bin: Path | None


@dataclass(frozen=True)
class _Server:
    """A server to dump from: its pg_dump, and its roles as SQL, without passwords."""

    source: Source
    roles: bytes
    version: str
    system: str


def back_up(wanted: Sequence[Wanted], place: Place, jobs: int, report: Callable[[BackedUp], None]) -> list[BackedUp]:
    """Back up databases, `jobs` at a time, and verify each; return what became of each, by name.

    Every session on their servers is read-only. Raises RefusedError without a pg_dump that fits, or room on the disk.
    """
    servers = {dsn: _server(dsn, place.pg_bin) for dsn in dict.fromkeys(each.dsn for each in wanted)}
    stopped = Event()
    with scratch_for(place.home, [each.size_bytes for each in wanted], jobs, stopped) as scratch:

        def one(each: Wanted, _: WeakSet[Connection]) -> BackedUp:
            started = time.monotonic()
            try:
                folder, manifest = _back_up(servers[each.dsn], each, place.folder, scratch)
            except (MediabaseError, OSError, psycopg.Error) as error:
                return BackedUp(each.database, each.patient_id, seconds=_since(started), problem=_words(error))
            return outcome(folder, manifest, _since(started))

        done = in_threads(one, wanted, jobs, report, stopped)
    return sorted(done, key=lambda each: each.database)


def _back_up(server: _Server, wanted: Wanted, folder: Path, scratch: Scratch) -> tuple[Path, Manifest]:
    with new_backup(folder, wanted.database) as new:
        (new.path / ROLES).write_bytes(server.roles)
        with pinned(wanted.dsn, wanted.database, wanted.excluded_schemas) as source:
            taken_at = datetime.now(UTC)
            dump = dump_to_file(
                server.source, wanted.database, source.export(), new.path / DUMP, wanted.excluded_schemas, scratch.go_on
            )
            contents = source.contents()
        manifest = Manifest(
            database=wanted.database,
            patient_id=wanted.patient_id,
            taken_at=taken_at,
            server_version=server.version,
            system=server.system,
            pg_dump=".".join(map(str, server.source.pg_dump.version)),
            database_bytes=wanted.size_bytes,
            dump=dump,
            roles=examine_file(new.path / ROLES),
            contents=contents,
        )
        verify(new.path, manifest, scratch)
        write_manifest(new.path, manifest)
    return new.final, manifest


def _server(dsn: str, pg_bin: Path | None) -> _Server:
    with connect(dsn, autocommit=True) as connection:
        number = connection.info.server_version
        row = connection.execute(
            "select current_setting('server_version'), system_identifier::text from pg_control_system()"
        ).fetchone()
        database = connection.info.dbname
    assert row is not None  # noqa: S101  # a function has one row
    if number // 10000 > bundled_major():
        raise RefusedError(
            f"That server runs PostgreSQL {number // 10000}, and the embedded {bundled_major()} cannot restore a dump "
            "of a newer one: back up with a release of MEDIABASE that brings a newer PostgreSQL along."
        )
    roles = _roles(dsn, database, find_matching("pg_dumpall", number, pg_bin).path)
    return _Server(Source(dsn, find_matching("pg_dump", number, pg_bin)), roles, str(row[0]), str(row[1]))


def _roles(dsn: str, database: str, pg_dumpall: Path) -> bytes:
    """Return the server's roles as SQL, without passwords: a stolen backup opens no server."""
    command: Command = [
        pg_dumpall,
        "--roles-only",
        "--no-role-passwords",
        f"--database={make_conninfo(dbname=database)}",
    ]
    done = subprocess.run(command, env=reading(dsn, database), stdin=subprocess.DEVNULL, capture_output=True, cwd="/")
    if done.returncode != 0:
        reason = first_line(BytesIO(done.stderr))
        raise MediabaseError(f"The roles of the server could not be read: {reason}.")
    return done.stdout


def _words(error: MediabaseError | OSError | psycopg.Error) -> str:
    if isinstance(error, OSError):
        return f"Nothing was written: {error.strerror}."
    return describe_failure(error)[1]


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)
