"""Backups: dumped from one snapshot, restored on a scratch server and compared before they count."""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Event
from weakref import WeakSet

from psycopg.conninfo import make_conninfo

from orchestrator import journal
from orchestrator.backup.contents import Pinned, pinned, refuse_many_tables
from orchestrator.backup.cores import Cores, core_backups
from orchestrator.backup.folders import new_backup, prepare
from orchestrator.backup.manifest import DUMP, ROLES, THIN, Contents, Manifest, Thin, write_manifest
from orchestrator.backup.outcome import BackedUp, attempt, backed_up
from orchestrator.backup.thin import NotThinError, write_thin
from orchestrator.backup.verify import Bench, refuse_when, scratch_for, verify
from orchestrator.errors import MediabaseError, RefusedError
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump import Command, Source, find_source, reading, reason
from orchestrator.postgres.dump_file import DumpFile, dump_to_file, examine_file
from orchestrator.postgres.engine import dump_options, table_bytes
from orchestrator.postgres.programs import find_matching
from orchestrator.postgres.statements import statement
from orchestrator.postgres.threads import in_threads


@dataclass(frozen=True)
class Wanted:
    """A database to back up; `patient_id` is None for the core."""

    database: str
    patient_id: str | None
    size_bytes: int
    """What it takes on disk when it is restored."""
    dsn: str = field(repr=False)


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


def back_up(
    wanted: Sequence[Wanted], place: Place, jobs: int, report: Callable[[BackedUp], None], *, thin: bool = False
) -> list[BackedUp]:
    """Back up databases, `jobs` at a time, and verify each; return what became of each, by name.

    `thin`: without what the latest backup of the core there has. Every session on their servers is read-only. Raises
    UsageError for a folder that cannot be written to, RefusedError without a pg_dump that fits, room on the disk, or,
    for thin ones, the backup of a core.
    """
    into = prepare(place.folder)
    digest, core_bytes = _latest_core(into) if thin else ("", 0)
    servers = {dsn: _server(dsn, place.pg_bin) for dsn in dict.fromkeys(each.dsn for each in wanted)}
    stopped = Event()
    with scratch_for(place.home, [each.size_bytes for each in wanted], jobs, core_bytes) as (folder, dsn):
        cores = Cores(into, folder, dsn, lambda: refuse_when(stopped))
        if thin:
            cores.get(digest)

        def one(each: Wanted, in_hand: WeakSet[Connection]) -> BackedUp:
            bench = Bench(folder, dsn, stopped, in_hand, cores)
            return attempt(
                lambda: _back_up(servers[each.dsn], each, into, bench, digest), BackedUp(each.database, each.patient_id)
            )

        done = in_threads(one, wanted, jobs, report, stopped)
    return sorted(done, key=lambda each: each.database)


def core(target_dsn: str) -> Wanted:
    """Return the core as a database to back up.

    Raises LockedError while somebody works on it, RefusedError when its server has no room for the locks that takes.
    """
    journal.refuse_beside_a_run(target_dsn)
    with connect(target_dsn) as target:
        excluded = journal.patient_schemas(target)
        refuse_many_tables(target, excluded)
        query = statement(__package__, "core_bytes").format(bytes=table_bytes(target))
        (size_bytes,) = target.execute(query, {"excluded": excluded}).fetchone() or (0,)
        return Wanted(target.info.dbname, None, int(str(size_bytes)), target_dsn)


def _latest_core(backups: Path) -> tuple[str, int]:
    """Return digest and size in bytes of the core whose backup is the latest."""
    known = list(core_backups(backups).items())
    if not known:
        raise RefusedError(
            f"A thin archive needs a backup of the core, and {backups} has none: mediabase backup --core."
        )
    digest, (_, manifest) = known[-1]
    return digest, manifest.database_bytes


def _back_up(server: _Server, wanted: Wanted, folder: Path, bench: Bench, core: str) -> BackedUp:
    excluded_schemas = _no_schemas if wanted.patient_id else journal.patient_schemas
    started = time.monotonic()
    with new_backup(folder, wanted.database) as new:
        (new.path / ROLES).write_bytes(server.roles)
        with pinned(wanted.dsn, wanted.database, bench.in_hand, excluded_schemas) as source:
            taken_at = datetime.now(UTC)
            properties, definitions = source.properties(), source.definitions()
            written = _write(server, wanted, new.path, source, bench, core)
        manifest = Manifest(
            database=wanted.database,
            patient_id=wanted.patient_id,
            taken_at=taken_at,
            server_version=server.version,
            system=server.system,
            pg_dump=".".join(map(str, server.source.pg_dump.version)),
            database_bytes=wanted.size_bytes,
            dump=written.file,
            roles=examine_file(new.path / ROLES),
            contents=written.contents,
            properties=properties,
            definitions=definitions,
            thin=written.thin,
            full_because=written.full_because,
            write_seconds=round(time.monotonic() - started, 2),
        )
        verify(new.path, manifest, bench)
        seconds = round(time.monotonic() - started - manifest.write_seconds, 2)
        manifest = replace(manifest, verify_seconds=seconds)
        write_manifest(new.path, manifest)
    return backed_up(new.final, manifest)


@dataclass(frozen=True)
class _Written:
    file: DumpFile
    contents: Contents
    thin: Thin | None = None
    full_because: str = ""


def _write(server: _Server, wanted: Wanted, folder: Path, source: Pinned, bench: Bench, core: str) -> _Written:
    """Write the database's file: thin if a core is named and has most of it, or else whole."""
    snapshot = source.export()
    options = dump_options(source.connection)

    def dump(path: Path, without_rows: Sequence[tuple[str, str]] = ()) -> DumpFile:
        return dump_to_file(
            server.source, wanted.database, snapshot, path, source.excluded_schemas, bench.go_on, without_rows, options
        )

    full_because = ""
    if core:
        try:
            path = folder / THIN
            return _Written(*write_thin(path, source, bench.cores.get(core), bench.cores, dump, bench.go_on))
        except NotThinError as reason:
            path.unlink()
            full_because = str(reason)
    return _Written(dump(folder / DUMP), source.contents(bench.go_on), full_because=full_because)


def _no_schemas(_: Connection) -> list[str]:
    return []


def _server(dsn: str, pg_bin: Path | None) -> _Server:
    source = find_source(dsn, pg_bin)
    with connect(dsn, autocommit=True) as connection:
        info = connection.info
        pg_dumpall = find_matching("pg_dumpall", info.server_version, pg_bin).path
        row = connection.execute(
            "select current_setting('server_version'), system_identifier::text from pg_control_system()"
        ).fetchone()
        assert row is not None  # noqa: S101  # a function has one row
        return _Server(source, _roles(dsn, info.dbname, pg_dumpall), str(row[0]), str(row[1]))


def _roles(dsn: str, database: str, pg_dumpall: Path) -> bytes:
    """Return the server's roles as SQL, without passwords: a stolen backup opens no server."""
    command: Command = [
        pg_dumpall, "--roles-only", "--no-role-passwords", f"--database={make_conninfo(dbname=database)}",
    ]  # fmt: skip
    done = subprocess.run(command, env=reading(dsn, database), stdin=subprocess.DEVNULL, capture_output=True, cwd="/")
    if done.returncode != 0:
        raise MediabaseError(f"The roles of the server could not be read: {reason(BytesIO(done.stderr))}.")
    return done.stdout
