"""What moves between the driver, its workers and the command line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from orchestrator.errors import ExitCode
from orchestrator.postgres.connection import Connection

Result = Literal["staged", "exported", "migrated", "unchanged", "kept", "failed"]
"""staged for dbt; exported to a file; migrated now; unchanged since; kept because v0.6.0 was changed since; failed."""


Strategy = Literal["clean", "parallel", "in-place"]


@dataclass(frozen=True)
class Options:
    """How to migrate; what the command line says."""

    force: bool = False
    """Migrate again what is done already."""
    on_bad_rows: Literal["quarantine", "fail"] = "quarantine"
    believe: str | None = None
    """The surface to take where both disagree."""
    strategy: Strategy | None = None
    """clean: the core's legacy table is retired before any patient moves; parallel: legacy databases are set to read
    only before their export; in-place is made of migrations, archives and drops, so that nothing here depends on it."""


@dataclass(frozen=True)
class Place:
    """Where a worker works."""

    target_dsn: str = field(repr=False)
    legacy_dsn: str = field(repr=False)
    run_id: int
    artifacts: Path
    """Folder for what dbt writes."""


@dataclass(frozen=True)
class Progress:
    """A patient entered a phase."""

    patient_id: str
    phase: Literal["export", "build", "validate"]


@dataclass(frozen=True)
class Built:
    """dbt was asked to build these patients, and the facts about them were worked out."""

    patient_ids: list[str]


class Judgement(Protocol):
    """What validation says of a patient."""

    @property
    def digest(self) -> str | None:
        """Return the sha256 of its rows, read back; None when it could not be taken."""

    @property
    def problem(self) -> str:
        """Return what failed, as one sentence; empty when nothing did."""


@dataclass(frozen=True)
class Outcome:
    """What became of one patient; counts are legacy rows."""

    patient_id: str
    result: Result
    message: str = ""
    legacy_rows: int = 0
    stored: int = 0
    baseline: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    missing: int = 0
    """Core transcripts that the legacy database did not have."""

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that this outcome asks for."""
        if self.result == "failed":
            return ExitCode.FAILED
        return ExitCode.QUARANTINED if self.quarantined else ExitCode.DONE


Message = Progress | Built | Outcome
Report = Callable[[Message], None]
"""Told what happens to each patient."""


@dataclass(frozen=True)
class Validation:
    """How patients that were built are validated before they are published."""

    judge: Callable[[Connection, int, Sequence[str]], Mapping[str, Judgement]]
    """Judges patients by their facts in the target, and records the verdicts as those of a run."""
    warm_up: Callable[[], None]
    """Begins to load, in the background, what judging needs."""
