"""What a look at a database finds, and what to do about it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `ok`, `warn` (spoils something) or `stop` (nothing should go on)."""

    check: str
    severity: Literal["ok", "warn", "stop"]
    subject: str
    """The table, database, role or setting that it is about."""
    message: str
    remedy: str
    """What to do; empty when nothing needs to be done."""
