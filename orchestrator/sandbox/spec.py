"""What to build a sandbox from."""

from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import UsageError

DEFAULT_SEED = 20_250
DEFAULT_TRANSCRIPTS = 5_000
MIN_TRANSCRIPTS = 200
"""The panel takes 124; the rest is needed for the background of each patient."""

MAX_TRANSCRIPTS = 1_000_000


@dataclass(frozen=True)
class Generated:
    """A synthetic core and demo patients; equal values give equal databases on every machine."""

    seed: int = DEFAULT_SEED
    transcripts: int = DEFAULT_TRANSCRIPTS

    def __post_init__(self) -> None:
        """Raise UsageError when the number of transcripts is out of range."""
        if not MIN_TRANSCRIPTS <= self.transcripts <= MAX_TRANSCRIPTS:
            raise UsageError(
                f"The number of transcripts must be {MIN_TRANSCRIPTS} to {MAX_TRANSCRIPTS}, not {self.transcripts}."
            )


@dataclass(frozen=True)
class FromFiles:
    """CSV files: `core` has the core's tables, `patients` one file per patient.

    `limit_transcripts` keeps that many transcripts, representative ones first, and `limit_patients` the
    first files in the order of their names.
    """

    core: Path
    patients: Path
    limit_transcripts: int | None = None
    limit_patients: int | None = None

    def __post_init__(self) -> None:
        """Raise UsageError when a limit is below 1."""
        for limit in (self.limit_transcripts, self.limit_patients):
            if limit is not None and limit < 1:
                raise UsageError(f"A limit must be 1 or more, not {limit}.")


@dataclass(frozen=True)
class SandboxSpec:
    """What `up` builds; `replace` removes the sandbox that exists first."""

    source: Generated | FromFiles = field(default_factory=Generated)
    replace: bool = False
