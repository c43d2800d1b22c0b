"""Tokens of the API: what each opens, until when; the text is given out once and kept nowhere."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg.rows import class_row

from orchestrator import journal
from orchestrator.errors import RefusedError, UsageError
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

PREFIX = "mb_"
"""So that scanners for secrets can find one that was left somewhere."""
RANDOM_BYTES = 32


@dataclass(frozen=True)
class Scope:
    """What a token opens: these patients or all, also later ones; and whether the facts of the whole cohort."""

    patient_ids: tuple[str, ...] = ()
    all_patients: bool = False
    cohort: bool = False


@dataclass(frozen=True)
class Token:
    """A token as it is known: never its text."""

    token_id: int
    name: str
    patient_ids: list[str]
    all_patients: bool
    cohort: bool
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    """When data of a patient was last read with it."""
    accesses: int
    """How often."""


def hash_of(text: str) -> bytes:
    """Return what is kept of a token: 256 random bits need no slower hash."""
    return hashlib.sha256(text.encode()).digest()


def create_token(target: Connection, name: str, scope: Scope, expires_at: datetime) -> str:
    """Make a token and return its text.

    Raises UsageError for a scope that opens nothing or names patients that are not there, for a time that is past, and
    for a name that another valid token has; RefusedError without a journal.
    """
    require_access(target)
    _check(target, name, scope, expires_at)
    text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    values = {
        "name": name, "token_hash": hash_of(text), "patient_ids": list(scope.patient_ids),
        "all_patients": scope.all_patients, "cohort": scope.cohort, "expires_at": expires_at,
    }  # fmt: skip
    try:
        target.execute(statement(__package__, "create_token"), values)
    except psycopg.errors.UniqueViolation as error:
        raise UsageError(
            f"There is a token {name} already: name this one otherwise, or revoke that (mediabase token revoke {name})."
        ) from error
    return text


def revoke_token(target: Connection, name: str) -> None:
    """Revoke a token from now on. Raises UsageError when no valid token has that name."""
    require_access(target)
    if target.execute(statement(__package__, "revoke_token"), {"name": name}).fetchone() is None:
        raise UsageError(f"There is no token {name} that was not revoked (mediabase token list).")


def list_tokens(target: Connection, *, with_ended: bool) -> list[Token]:
    """Return the tokens that are valid, with `with_ended` also those that expired or were revoked."""
    require_access(target)
    with target.cursor(row_factory=class_row(Token)) as cursor:
        return cursor.execute(statement(__package__, "tokens"), {"with_ended": with_ended}).fetchall()


def refuse_unknown_patients(target: Connection, patient_ids: Sequence[str]) -> None:
    """Raise UsageError for ids that the journal does not know as published patients."""
    known = journal.patients(target, patient_ids) if patient_ids else {}
    if unknown := [each for each in patient_ids if each not in known or known[each].published_at is None]:
        raise UsageError(f"No patient that readers can read is called {', '.join(unknown)} (mediabase status).")


def require_access(target: Connection) -> None:
    """Raise RefusedError when the target has no journal, or one of a release without tokens."""
    journal.require(target)
    if target.execute("select to_regclass('access.token')").fetchone() == (None,):
        raise RefusedError("This target knows no tokens yet: mediabase core upgrade.")


def _check(target: Connection, name: str, scope: Scope, expires_at: datetime) -> None:
    if not name.strip() or not name.isprintable():
        raise UsageError("A token needs a name of printable characters: whose it is, or what for.")
    if not (scope.patient_ids or scope.all_patients or scope.cohort):
        raise UsageError("This token would open nothing: pass --patients ID,ID, --all-patients or --cohort.")
    if scope.patient_ids and scope.all_patients:
        raise UsageError("Either --patients or --all-patients: the second are all of them.")
    if expires_at <= datetime.now(UTC):
        raise UsageError("It would have expired already: --expires takes a time to come, such as 90d.")
    refuse_unknown_patients(target, scope.patient_ids)
