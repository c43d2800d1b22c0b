"""Access to a legacy database: whether its sessions begin read-only, who may connect, and who is in it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from orchestrator.errors import PatientError
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.statements import statement

LOCKED = "on"
"""What `set_read_only` sets; a server keeps the spelling."""
PATIENCE_SECONDS = 10.0
"""How long sessions that were told to end, or are just beginning, are waited for."""
MOMENT_SECONDS = 1.0
"""What a session that ends by itself takes to be gone."""
PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Operator:
    """The role that we connect as, and the server: by the identifier that a cluster keeps for life."""

    oid: int
    name: str
    is_superuser: bool
    system: str


@dataclass(frozen=True)
class Grant:
    """A right to connect; roles by oid, which a new name does not change, and by name. Grantee 0 is PUBLIC."""

    grantor: int
    grantor_name: str
    grantee: int
    grantee_name: str | None
    is_grantable: bool


@dataclass(frozen=True)
class Access:
    """A database, and who may do what with it."""

    oid: int
    name: str
    owner: int
    owner_name: str
    may_change: bool
    """Whether we may change this: its owner may, and superusers."""
    read_only: str | None
    """default_transaction_read_only of the database, as it is spelled there; None: not set."""
    grants: list[Grant]

    def __post_init__(self) -> None:
        """Make grants of what JSON has."""
        grants = [each if isinstance(each, Grant) else Grant(**each) for each in self.grants]
        object.__setattr__(self, "grants", grants)


@dataclass(frozen=True)
class Session:
    """Somebody in a database."""

    pid: int
    description: str
    may_end: bool

    def __str__(self) -> str:
        """Return user, address, application, process and since when."""
        return self.description


@contextmanager
def administer(legacy_dsn: str) -> Iterator[Connection]:
    """Yield a session, in autocommit mode, that may change databases even where sessions begin read-only."""
    with connect(legacy_dsn, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.execute(sql.SQL("set lock_timeout = {}").format(sql.Literal(f"{PATIENCE_SECONDS:.0f}s")))
        yield connection


def operator(connection: Connection) -> Operator:
    """Return who we are there, and where that is."""
    row = connection.execute(statement(__package__, "access_operator")).fetchone()
    assert row is not None  # noqa: S101  # the role of a session exists
    return Operator(*row)  # type: ignore[arg-type]


def read(connection: Connection, database: str) -> Access | None:
    """Return who may do what with a database now; None when there is none of that name."""
    with connection.cursor(row_factory=class_row(Access)) as cursor:
        return cursor.execute(statement(__package__, "access"), {"name": database}).fetchone()


def require_rights(found: Access, role: str) -> None:
    """Raise PatientError unless this role may change the access to a database."""
    if not found.may_change:
        raise PatientError(
            "MB040",
            f"The role {role} may not change the access to database {found.name}: it must be a superuser, its owner "
            f"{found.owner_name}, or a member of that role.",
        )


def set_read_only(connection: Connection, database: str, value: str | None) -> None:
    """Set default_transaction_read_only of a database, for sessions that begin from now on; None: not set at all."""
    name = sql.Identifier(database)
    if value is None:
        connection.execute(sql.SQL("alter database {} reset default_transaction_read_only").format(name))
    else:
        change = sql.SQL("alter database {} set default_transaction_read_only = {}")
        connection.execute(change.format(name, sql.Literal(value)))


def described(found: Access, operator: Operator) -> dict[str, Any]:
    """Return what `restore_connect` needs later, as JSON: taken before `revoke_connect`."""
    has_own = any(grant.grantee == operator.oid and grant.grantor == found.owner for grant in found.grants)
    return {
        "owner": found.owner,
        "admitted": None if operator.is_superuser or has_own else operator.oid,
        "grants": [asdict(grant) for grant in found.grants],
    }


def require_restorable(connection: Connection, found: Access) -> None:
    """Raise psycopg.errors.InsufficientPrivilege unless we may give back what others passed on, in their name."""
    with connection.transaction():
        for grantor in {grant.grantor_name for grant in found.grants if grant.grantor != found.owner}:
            _act_as(connection, grantor)
        _act_as(connection, None)


def revoke_connect(connection: Connection, found: Access, operator: Operator) -> None:
    """Take the right to connect from everybody but us, in one transaction; superusers need none.

    The owner loses it too.
    """
    database = sql.Identifier(found.name)
    with connection.transaction():
        # A role that grants what it holds itself is reached by cascade; the owner's grants are where all begin.
        for grant in found.grants:
            if grant.grantor == found.owner:
                revoke = sql.SQL("revoke connect on database {} from {} cascade")
                connection.execute(revoke.format(database, _role(grant.grantee_name)))
        if not operator.is_superuser:
            give = sql.SQL("grant connect on database {} to {}")
            connection.execute(give.format(database, sql.Identifier(operator.name)))


def restore_connect(connection: Connection, found: Access, former: dict[str, Any]) -> list[str]:
    """Undo `revoke_connect`, given what `described` returned before it, in one transaction; safe to do twice.

    Rights that others gave since stay. Returns the roles that are gone and get nothing.
    """
    names = {int(str(oid)): str(name) for oid, name in connection.execute("select oid::bigint, rolname from pg_roles")}
    grants = [Grant(**each) for each in former["grants"]]
    lost = sorted({str(grant.grantee_name) for grant in grants if grant.grantee and grant.grantee not in names})
    with connection.transaction():
        for grant in _in_order(grants, int(former["owner"])):
            if (grant.grantee and grant.grantee not in names) or grant.grantor not in names:
                continue
            _act_as(connection, None if grant.grantor == former["owner"] else names[grant.grantor])
            option = " with grant option" if grant.is_grantable else ""
            give = sql.SQL("grant connect on database {} to {}" + option)
            connection.execute(give.format(sql.Identifier(found.name), _role(names.get(grant.grantee))))
        _act_as(connection, None)
        if former["admitted"] in names:
            take = sql.SQL("revoke connect on database {} from {}")
            admitted = sql.Identifier(names[former["admitted"]])
            connection.execute(take.format(sql.Identifier(found.name), admitted))
    return lost


def _in_order(grants: Sequence[Grant], owner: int) -> list[Grant]:
    """Return the grants so that whoever passes on a right has it by then."""
    ordered: list[Grant] = []
    able, waiting = {owner}, list(grants)
    while ready := [grant for grant in waiting if grant.grantor in able]:
        ordered += ready
        able |= {grant.grantee for grant in ready if grant.is_grantable}
        waiting = [grant for grant in waiting if grant not in ready]
    return ordered


def _act_as(connection: Connection, role: str | None) -> None:
    """Act as this role until the transaction ends; None: as ourselves."""
    name = sql.Identifier(role) if role else sql.SQL("none")
    connection.execute(sql.SQL("set local role {}").format(name))


def _role(name: str | None) -> sql.Composable:
    return sql.Identifier(name) if name is not None else sql.SQL("public")


def sessions(connection: Connection, database: Access) -> list[Session]:
    """Return who else is in a database, those included that are just coming in."""
    until = time.monotonic() + PATIENCE_SECONDS
    values = {"oid": database.oid}
    while connection.execute(statement(__package__, "access_connecting"), values).fetchone() == (True,):
        if time.monotonic() > until:
            raise PatientError(
                "MB042", "A session keeps its legacy database locked while it connects or alters it: run again."
            )
        time.sleep(PAUSE_SECONDS)
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        return cursor.execute(statement(__package__, "access_sessions"), values).fetchall()


def left_after(connection: Connection, database: Access, patience_seconds: float) -> list[Session]:
    """Return who is still in a database when everybody had so long to leave; at once when nobody is left."""
    until = time.monotonic() + patience_seconds
    while (left := sessions(connection, database)) and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
    return left


def prepared(connection: Connection, database: Access) -> list[str]:
    """Return the prepared transactions of a database, which may write when they are committed, as words."""
    rows = connection.execute(statement(__package__, "access_prepared"), {"name": database.name}).fetchall()
    return [str(text) for (text,) in rows]


def end(connection: Connection, database: Access, who: Sequence[Session]) -> None:
    """Tell these sessions of a database to end. Raises PatientError, and ends none, when we may not end one."""
    refused = [str(session) for session in who if not session.may_end]
    if refused:
        raise PatientError(
            "MB040",
            f"The role {connection.info.user} may not end these sessions: {'; '.join(refused)}. It must be a member of "
            "their role or of pg_signal_backend, and of superusers' only a superuser may.",
        )
    for session in who:
        connection.execute(statement(__package__, "access_end"), {"pid": session.pid, "oid": database.oid})


def let_in(connection: Connection, database: Access) -> list[str]:
    """Return the roles that can log in and connect to a database, superusers among them."""
    rows = connection.execute(statement(__package__, "access_let_in"), {"oid": database.oid}).fetchall()
    return [str(name) for (name,) in rows]


def explained(error: psycopg.Error, database: str, role: str) -> PatientError | psycopg.Error:
    """Return what the operator can act on in place of an error of the server; other errors as they are."""
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return PatientError(
            "MB040", f"The role {role} may not change the access to database {database}: {error.diag.message_primary}."
        )
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return PatientError("MB043", f"The server of {database} takes no writes: it is a standby.")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return PatientError("MB042", f"Another session alters {database} and does not end: run again.")
    return error
