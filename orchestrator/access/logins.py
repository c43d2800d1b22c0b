"""Logins of people and programs that connect to PostgreSQL itself: which reader roles they have."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from orchestrator.access.roles import API_LOGIN, COHORT_READER, CORE_READER
from orchestrator.access.tokens import refuse_unknown_patients, require_access
from orchestrator.errors import RefusedError, UsageError
from orchestrator.patient_id import reader_role
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.locks import refuse_few_locks
from orchestrator.postgres.statements import statement

LOCKS_ROLES = 160000
"""The first PostgreSQL that locks each role whose members change."""


@dataclass(frozen=True)
class Membership:
    """A role that has a reader role: what that opens is a patient id, `cohort` or `core`."""

    member: str
    is_login: bool
    opens: str
    role: str


def grant(target: Connection, login: str, patient_ids: Sequence[str], *, cohort: bool) -> list[str]:
    """Let a role read these patients, and the cohort; return the reader roles that it was given.

    All or none. Raises UsageError for a role or a patient that is not there, RefusedError when the operator may not, or
    the server has no room for the locks of so many.
    """
    return _change(target, login, patient_ids, "grant {} to {}", cohort=cohort)


def revoke(target: Connection, login: str, patient_ids: Sequence[str], *, cohort: bool) -> list[str]:
    """Take the reader roles of these patients, and of the cohort, from a role; as `grant` otherwise."""
    return _change(target, login, patient_ids, "revoke {} from {}", cohort=cohort)


def memberships(target: Connection) -> list[Membership]:
    """Return who has which reader roles; the API's own login is left out."""
    require_access(target)
    query = statement(__package__, "members").format(
        core_reader=sql.Literal(CORE_READER), cohort_reader=sql.Literal(COHORT_READER), api_login=sql.Literal(API_LOGIN)
    )
    with target.cursor(row_factory=class_row(Membership)) as cursor:
        return cursor.execute(query).fetchall()


def _change(target: Connection, login: str, patient_ids: Sequence[str], change: str, *, cohort: bool) -> list[str]:
    require_access(target)
    if not (patient_ids or cohort):
        raise UsageError("Say what: --patients ID,ID, --all-patients or --cohort.")
    refuse_unknown_patients(target, patient_ids)
    _refuse_role(target, login)
    roles = [*map(reader_role, patient_ids), *([COHORT_READER] if cohort else [])]
    if target.info.server_version >= LOCKS_ROLES:
        refuse_few_locks(target, f"To change the members of {len(roles):,} roles", len(roles))
    names = sql.SQL(", ").join(map(sql.Identifier, roles))
    try:
        target.execute(sql.SQL(change).format(names, sql.Identifier(login)))
    except psycopg.errors.UndefinedObject as error:
        raise RefusedError(
            f"A reader role is missing ({error.diag.message_primary}): making one takes CREATEROLE (mediabase doctor)."
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError(
            f"The role {target.info.user} may not do that ({error.diag.message_primary}): it needs CREATEROLE, and "
            "ADMIN on reader roles that it did not make."
        ) from error
    return roles


def _refuse_role(target: Connection, login: str) -> None:
    if login == API_LOGIN:
        raise UsageError(f"{API_LOGIN} is the login of the API: what it opens is decided by tokens.")
    if login.startswith("reader_"):
        raise UsageError(f"{login} is a reader role itself: name the login or group that it is for.")
    if target.execute("select from pg_roles where rolname = %s", [login]).fetchone() is None:
        raise UsageError(f'There is no role {login}: make it first (create role "{login}" login).')
