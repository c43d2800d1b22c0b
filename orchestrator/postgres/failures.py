"""What to say of a failure without repeating what the database says, which can carry values of a patient."""

import psycopg

from orchestrator.errors import MediabaseError, PatientError

CONNECTION_LOST = "08006"
OURS = "MB000"
NO_RIGHT = "42501"
MEANINGS = {
    "53200": "the server has no memory left, or no room for more locks: raise its max_locks_per_transaction, or use "
    "fewer --jobs (mediabase doctor)",
    "53100": "the server's disk is full: make room there, and run the same command again",
    "54000": "a transcript id of it is longer than PostgreSQL can index, which is some 2,700 bytes",
    "57P01": "the server ended the session",
    "57P02": "the server was stopped",
}
"""What SQLSTATEs mean here that a user can do something about."""


def describe_failure(error: MediabaseError | psycopg.Error) -> tuple[str, str]:
    """Return a code for the journal, an SQLSTATE or one of ours, and a sentence."""
    if isinstance(error, PatientError):
        return error.code, str(error)
    if isinstance(error, MediabaseError):
        return OURS, str(error)
    code = error.sqlstate or CONNECTION_LOST
    constraint = f" ({error.diag.constraint_name})" if error.diag.constraint_name else ""
    meaning = MEANINGS.get(code, type(error).__name__)
    if code == NO_RIGHT:  # its message names an object, and no value
        meaning = f"{error.diag.message_primary}"
    return code, f"PostgreSQL error {code}{constraint}: {meaning}."
