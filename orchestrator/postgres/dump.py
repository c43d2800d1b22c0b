"""One database copied from a server to another, by pg_dump and pg_restore with a pipe between them.

The source sees a read-only session, and no password is on a command line. The schema is restored as far as it
goes, and what could not be made is named; rows are restored to the last, or the copy fails.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestrator.errors import MediabaseError, RefusedError
from orchestrator.postgres.connection import READ_ONLY, Connection, connect, environment
from orchestrator.postgres.embedded import bundled_major
from orchestrator.postgres.programs import Program, find_matching
from orchestrator.postgres.statements import statement

Command = Sequence[str | Path]
BLOCK_BYTES = 1 << 20
UTF8 = "UTF8"
PATIENCE_SECONDS = 30
"""How long to wait for a lock on a table that is to be dumped."""
FOREIGN_TO_A_COPY = ("--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications",
                     "--no-subscriptions", "--no-security-labels")  # fmt: skip
"""What depends on roles, disks and other servers that the copy's server does not have."""


@dataclass(frozen=True)
class Source:
    """A server to copy from, with the pg_dump that fits it."""

    dsn: str = field(repr=False)
    pg_dump: Program


@dataclass(frozen=True, order=True)
class Thing:
    """An object of a database, like a table or an index; `schema` is empty for what has none."""

    kind: str
    schema: str
    name: str

    def __str__(self) -> str:
        """Return it as in: table public.genes."""
        return f"{self.kind} {self.schema}.{self.name}" if self.schema else f"{self.kind} {self.name}"


def find_source(dsn: str, pg_bin: Path | None) -> Source:
    """Return a server with the pg_dump that fits it.

    Raises RefusedError without one, and for a server that is newer than the embedded one, which is to take its dump.
    """
    with connect(dsn) as connection:
        version = connection.info.server_version
    if version // 10000 > bundled_major():
        raise RefusedError(
            f"That server runs PostgreSQL {version // 10000}, and the embedded {bundled_major()} cannot take a dump of "
            "a newer one: a release of MEDIABASE is needed that brings a newer PostgreSQL along."
        )
    return Source(dsn, find_matching("pg_dump", version, pg_bin))


def copy_database(
    source: Source,
    name: str,
    target_dsn: str,
    pg_restore: Path,
    excluded_schemas: Sequence[str] = (),
    moved: Callable[[int], None] = lambda _: None,
) -> list[str]:
    """Create database `name` on the target's server as a copy; return what could not be made there, by name.

    `moved` is told how many bytes of the dump went by. Raises MediabaseError when the source cannot be read, or
    rows of a table that was made cannot be restored.
    """
    create_database(target_dsn, name)
    dump: Command = [source.pg_dump.path, "--format=custom", "--compress=0", *FOREIGN_TO_A_COPY,
            *(f"--exclude-schema={literal(schema)}" for schema in excluded_schemas)]  # fmt: skip
    restore: Command = [pg_restore, *FOREIGN_TO_A_COPY, f"--dbname={make_conninfo(dbname=name)}"]
    variables = reading(source.dsn, name), writing(target_dsn)
    wanted = _things(source.dsn, name, excluded_schemas)

    def section(part: str, *more: str, strict: bool = False) -> None:
        commands: tuple[Command, Command] = (
            [*dump, f"--section={part}", *more],
            [*restore, *(["--exit-on-error"] if strict else [])],
        )
        _pipe(commands, variables, name, moved, strict=strict)

    section("pre-data")
    absent = wanted - _things(target_dsn, name, excluded_schemas)
    tables = [thing for thing in absent if thing.kind in ("table", "foreign table")]
    section("data", *(f"--exclude-table={literal(each.schema, each.name)}" for each in tables), strict=True)
    section("post-data")
    with connect(target_dsn, dbname=name, autocommit=True) as connection:
        connection.execute("vacuum (analyze)")  # as a database is that has been in use
    return [str(thing) for thing in sorted(wanted - _things(target_dsn, name, excluded_schemas))]


def create_database(target_dsn: str, name: str, encoding: str = UTF8) -> None:
    """Create an empty database for a copy."""
    create = sql.SQL("create database {} template template0 encoding {}").format(
        sql.Identifier(name), sql.Literal(encoding)
    )
    if encoding != UTF8:
        create += sql.SQL(" locale 'C'")  # which every encoding goes with
    with connect(target_dsn, autocommit=True) as connection:
        connection.execute(create)


def things_in(connection: Connection, excluded_schemas: Sequence[str] = ()) -> set[Thing]:
    """Return what a dump of a database should carry over, within a transaction; see objects.sql."""
    connection.execute("set local search_path = pg_catalog")
    rows = connection.execute(statement(__package__, "objects"), {"excluded": list(excluded_schemas)}).fetchall()
    return {Thing(str(kind), str(schema), str(object_name)) for kind, schema, object_name in rows}


def _things(dsn: str, name: str, excluded_schemas: Sequence[str]) -> set[Thing]:
    with connect(dsn, dbname=name) as connection:
        return things_in(connection, excluded_schemas)


def literal(*names: str) -> str:
    """Return names as a pattern of pg_dump that matches nothing else."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def reading(dsn: str, name: str) -> dict[str, str]:
    """Return the environment in which pg_dump reads database `name`."""
    options = f"{os.environ.get('PGOPTIONS', '')} {READ_ONLY}".strip()
    return _without("PGSERVICE", **{**environment(dsn), "PGDATABASE": name, "PGOPTIONS": options})


def writing(dsn: str) -> dict[str, str]:
    """Return the environment in which pg_restore writes to a server."""
    return _without("PG", **environment(dsn))


def _without(prefix: str, **more: str) -> dict[str, str]:
    """Return this process's environment for a child that must not be led to another server, and `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefix)}
    return {**kept, "LC_ALL": "C", **more}


def _pipe(
    commands: tuple[Command, Command],
    variables: tuple[Mapping[str, str], Mapping[str, str]],
    name: str,
    moved: Callable[[int], None],
    *,
    strict: bool,
) -> None:
    """Run the dump into the restore; bytes pass through here, so that neither outlives this process for long."""
    with TemporaryFile() as complaints:
        with running(commands[0], variables[0], stdout=subprocess.PIPE, stderr=complaints) as reader:
            with running(commands[1], variables[1], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
                is_complete = _pass_on(reader, writer, moved)
            if not is_complete:
                reader.terminate()
        if is_complete and reader.returncode != 0:
            raise MediabaseError(f"Database {name} could not be read: {reason(complaints)}.")
        if strict and (not is_complete or writer.returncode != 0):
            # pg_restore's own words, and what the server says, can repeat a row.
            raise MediabaseError(
                f"The rows of database {name} could not be restored into the scratch server "
                f"(pg_restore ended with code {writer.returncode}); --keep keeps its server.log, which says why."
            )


def _pass_on(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes], moved: Callable[[int], None]) -> bool:
    """Pass everything on; return whether the writer took all of it."""
    assert reader.stdout is not None and writer.stdin is not None  # noqa: S101  # they are pipes
    try:
        while block := os.read(reader.stdout.fileno(), BLOCK_BYTES):
            rest = memoryview(block)
            while rest:
                rest = rest[writer.stdin.write(rest) :]
            moved(len(block))
        writer.stdin.close()
    except BrokenPipeError:
        return False
    reader.wait()
    return True


@contextmanager
def running(
    command: Command, variables: Mapping[str, str], **streams: int | IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; it has ended when the block is left, and is ended when that is by an exception."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **streams}
    # A terminal interrupts all of a process group; whether this one ends is for the caller to decide.
    process = subprocess.Popen(  # type: ignore[call-overload]
        command, env=variables, cwd="/", bufsize=0, process_group=0, **streams
    )
    try:
        yield process
    except BaseException:
        process.terminate()
        raise
    finally:
        process.wait()


def reason(complaints: IO[bytes]) -> str:
    """Return the first error that pg_dump wrote, or else its first line.

    It reads rows without looking into them: no value is in it.
    """
    complaints.seek(0)
    lines = complaints.read().decode("utf-8", "replace").splitlines() or ["pg_dump gave no reason"]
    return next((line for line in lines if "error:" in line), lines[0]).strip().rstrip(".")
