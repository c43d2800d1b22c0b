"""What a check found: one sentence about one thing, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "warn", "stop"]


@dataclass(frozen=True)
class Finding:
    """The result of a check."""

    check: str
    """Name of the check."""
    severity: Severity
    """stop: a migration would fail or lose its meaning; warn: it works, and somebody should know."""
    subject: str
    """What it is about: a patient, a database, a server, a table."""
    message: str
    remedy: str = ""
    """What to do."""
