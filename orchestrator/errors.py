"""What can go wrong in a way that the user can act on, and the exit code each kind leads to."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; where several apply, the one listed last wins."""

    DONE = 0
    QUARANTINED = 3
    """Done, and some legacy rows are in quarantine."""
    FAILED = 1
    """Some patients failed; the others are done."""
    REFUSED = 5
    """Refused before any write."""
    LOCKED = 4
    """Another operator works on this target."""
    USAGE = 2
    """Usage or configuration."""
    INTERRUPTED = 130


def worst(codes: list[ExitCode]) -> ExitCode:
    """Return the exit code that wins among `codes`; DONE when there are none."""
    order = list(ExitCode)
    return max(codes, key=order.index, default=ExitCode.DONE)


class MediabaseError(Exception):
    """One clear sentence for the user: what happened, where, and what to do."""

    exit_code = ExitCode.FAILED


class UsageError(MediabaseError):
    """The command line or the configuration cannot be followed."""

    exit_code = ExitCode.USAGE


class RefusedError(MediabaseError):
    """A precondition does not hold; nothing has been written."""

    exit_code = ExitCode.REFUSED


class LockedError(MediabaseError):
    """Somebody else is working on the same target database."""

    exit_code = ExitCode.LOCKED


class PatientError(MediabaseError):
    """One patient cannot be moved; the others go on."""

    def __init__(self, code: str, message: str) -> None:
        """Keep `code` (an SQLSTATE, or one of ours that starts with MB) for the journal."""
        super().__init__(message)
        self.code = code
