"""Databases of a sandbox: which exist, which of them are ours, made and dropped."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

import psycopg
from psycopg import sql

from orchestrator.errors import LockedError, MediabaseError, UsageError
from orchestrator.patient_id import LEGACY_PREFIX
from orchestrator.postgres.connection import CORE_DATABASE, Connection, connect, describe
from orchestrator.postgres.statements import statement

MARK = "MEDIABASE sandbox"
"""Comment on the schema public of every database that a sandbox may drop."""

MAINTENANCE_DATABASE = "postgres"

PATIENCE_SECONDS = 3.0
"""How long to wait for locks and open sessions: those of an interrupted command take a moment to end."""

CAN_NOTICE_A_LOST_CLIENT = 14_00_00
CAN_CHOOSE_HOW_TO_COPY = 15_00_00
"""Server versions."""


class Kind(Enum):
    """To whom a database belongs."""

    SANDBOX = auto()
    """Has the mark."""
    LEFTOVER = auto()
    """Empty, or half dropped: nothing can be lost."""
    FOREIGN = auto()
    """Not made by a sandbox; never touched."""


@dataclass(frozen=True)
class Found:
    """A database under a name that a sandbox uses."""

    name: str
    kind: Kind


class Server:
    """One server, and the session through which whole databases are made and dropped."""

    def __init__(self, dsn: str, admin: Connection) -> None:
        """Take the connection string, and a session in the maintenance database."""
        self.dsn = dsn
        self._admin = admin

    def identity(self) -> tuple[object, ...]:
        """Return what tells this server from any other."""
        return self._one_row("identity")

    def lock(self) -> None:
        """Keep other sandbox commands out until the session ends; raises LockedError when one is at work."""
        timeout = f"{PATIENCE_SECONDS}s"
        self._admin.execute("select set_config('lock_timeout', %s, false)", [timeout])
        try:
            self._admin.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [MARK])
        except psycopg.errors.LockNotAvailable as error:
            raise LockedError(
                f"Another sandbox command is at work on {describe(self.dsn)}: wait for it to end."
            ) from error
        self._admin.execute("reset lock_timeout")

    def survey(self) -> list[Found]:
        """Return the databases under names that a sandbox uses, the core last."""
        rows = self._admin.execute(_statement("survey"), {"core": CORE_DATABASE, "prefix": LEGACY_PREFIX}).fetchall()
        found = [Found(str(name), self._kind(str(name), bool(enter), bool(broken))) for name, enter, broken in rows]
        return sorted(found, key=lambda database: (database.name == CORE_DATABASE, database.name))

    def create(self, name: str) -> None:
        """Create an empty, marked database."""
        create = sql.SQL("create database {} template template0 encoding 'UTF8'")
        mark = sql.SQL("comment on schema public is {}")
        with explained(f"Database {name}"):
            self._admin.execute(create.format(sql.Identifier(name)))
            with self.session(name) as connection:
                connection.execute(mark.format(sql.Literal(MARK)))

    def copy(self, template: str, name: str) -> None:
        """Create database `name` as a copy of `template`, its mark included."""
        create = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        if self._admin.info.server_version >= CAN_CHOOSE_HOW_TO_COPY:
            create += sql.SQL(" strategy file_copy")  # the other way writes every page to the WAL first
        with explained(f"Database {template}"):
            self._admin.execute(_statement("copy_method"))
            self._admin.execute(create)

    def drop(self, name: str) -> None:
        """Drop a database; raises UsageError when it is in use."""
        with explained(f"Database {name}"):
            self._admin.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))

    def drop_role(self, name: str) -> bool:
        """Drop a role if it exists; False when something outside the sandbox still needs it."""
        try:
            self._admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))
        except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege):
            return False
        return True

    def check_unused(self, names: Sequence[str]) -> None:
        """Raise UsageError when one of the databases has open sessions, and still has them a moment later."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while in_use := self._admin.execute(_statement("sessions"), {"names": names}).fetchone():
            if time.monotonic() > deadline:
                raise UsageError(
                    f"Database {in_use[0]} is in use, open sessions: {in_use[1]}. Close them and try again."
                )
            time.sleep(0.1)

    @contextmanager
    def session(self, name: str) -> Iterator[Connection]:
        """Yield a session in database `name` that is fit for bulk work; each statement commits."""
        with connect(self.dsn, dbname=name, autocommit=True) as connection:
            end_with_client(connection)
            connection.execute(_statement("bulk_session"))
            yield connection

    def _kind(self, name: str, may_enter: bool, is_broken: bool) -> Kind:
        if is_broken:
            return Kind.LEFTOVER
        if not may_enter:
            return Kind.FOREIGN
        with connect(self.dsn, dbname=name, autocommit=True) as connection:
            row = connection.execute(_statement("inspect"), {"mark": MARK}).fetchone()
        is_marked, has_objects = row or (False, True)
        if is_marked:
            return Kind.SANDBOX
        return Kind.FOREIGN if has_objects else Kind.LEFTOVER

    def _one_row(self, name: str) -> tuple[object, ...]:
        return self._admin.execute(_statement(name)).fetchone() or ()


@contextmanager
def open_server(dsn: str) -> Iterator[Server]:
    """Yield the server that `dsn` leads to; raises UsageError when it cannot be reached."""
    with connect(dsn, dbname=MAINTENANCE_DATABASE, autocommit=True) as admin:
        end_with_client(admin)
        yield Server(dsn, admin)


def end_with_client(connection: Connection) -> None:
    """Have the server stop working soon after this process has been killed."""
    if connection.info.server_version >= CAN_NOTICE_A_LOST_CLIENT:
        connection.execute("set client_connection_check_interval = '500ms'")


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what a server reports into one sentence: UsageError when a database is in use."""
    try:
        yield
    except psycopg.errors.ObjectInUse as error:
        raise UsageError(
            f"{where} is in use: {error.diag.message_detail or error} Close its sessions and try again."
        ) from error
    except psycopg.Error as error:
        reason = error.diag.message_primary or str(error).strip()
        raise MediabaseError(f'{where}: the server reports "{reason}".') from error


def _statement(name: str) -> sql.SQL:
    return statement("orchestrator.sandbox", name)
