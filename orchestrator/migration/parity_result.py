"""What parity says of a patient."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from orchestrator.errors import ExitCode
from orchestrator.journal import Patient
from orchestrator.legacy.profile import KEPT, STORED
from orchestrator.migration.bisection import Cell, Look
from orchestrator.wording import some

Verdict = Literal[
    "same", "legacy changed", "v0.6.0 changed", "both changed", "differs", "core changed", "not migrated",
    "no legacy database", "dropped", "failed",
]  # fmt: skip
"""same: as they are now; dropped: by mediabase drop-legacy, and v0.6.0 is as it was migrated; then which side is not as
the journal has it since the migration; differs: both are."""

ABSENT = "absent"
SHOWN_CELLS = 3
NAN = struct.pack(">Q", 0x7FF8000000000000)
NUMBER = struct.Struct(">d")


@dataclass(frozen=True)
class Shown:
    """A transcript that differs, with its values as exact text: null, NaN, Infinity, absent for no row."""

    transcript_id: str
    legacy: str
    legacy_disposition: str
    """What must become of the legacy row."""
    current: str
    current_disposition: str
    """Where v0.6.0 has it; baseline where the core's 1.0 is read."""


@dataclass(frozen=True)
class Parity:
    """How a patient in v0.6.0 compares with its legacy database; counts are rows."""

    patient_id: str
    result: Verdict
    message: str = ""
    legacy_rows: int = 0
    """In the legacy database now, and so is baseline."""
    stored: int = 0
    """In v0.6.0 now, and so is quarantined."""
    baseline: int = 0
    quarantined: int = 0
    differing: int = 0
    """Transcripts whose rows differ."""
    fetched: int = 0
    """Rows of both sides that were fetched to find those."""
    dispositions: dict[str, dict[str, int]] = field(default_factory=dict)
    """In the legacy database and in v0.6.0 now, and in the journal; v0.6.0 has no rows at baseline."""
    differences: tuple[Shown, ...] = ()
    """The first of those that differ, by id."""

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that this result asks for."""
        if self.result not in ("same", "dropped"):
            return ExitCode.FAILED
        return ExitCode.QUARANTINED if self.quarantined else ExitCode.DONE


def number_text(value: bytes | None) -> str:
    """Return the shortest text that reads back as the same eight bytes."""
    if value is None:
        return "null"
    number: float = NUMBER.unpack(value)[0]
    if math.isnan(number):
        return "NaN" if value == NAN else f"NaN (0x{value.hex()})"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number)


def cells_text(cells: Sequence[Cell]) -> tuple[str, str]:
    """Return values and dispositions of a transcript's rows; several rows show as several."""
    values = some([number_text(cell.value) for cell in cells], SHOWN_CELLS)
    dispositions = some([cell.disposition for cell in cells], SHOWN_CELLS)
    return values or ABSENT, dispositions


def journal_dispositions(patient: Patient) -> dict[str, int]:
    """Return the journal's rows by disposition, without those of which there are none."""
    counts = {STORED: patient.stored_rows, "baseline": patient.baseline_rows, **(patient.quarantine_reasons or {})}
    return {name: count for name, count in counts.items() if count}


def count_differences(dispositions: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return which counts are not the same on both sides and in the journal; v0.6.0 has none at baseline."""
    legacy, current, journal = (dispositions[side] for side in ("legacy", "current", "journal"))
    found = []
    for name in sorted(legacy.keys() | current.keys() | journal.keys()):
        counts = {"v0.5.0": legacy.get(name, 0), "v0.6.0": current.get(name, 0), "the journal": journal.get(name, 0)}
        if name == "baseline" and not current.get(name):
            del counts["v0.6.0"]
        if len(set(counts.values())) > 1:
            found.append(f"{name}: " + ", ".join(f"{count:,} in {where}" for where, count in counts.items()))
    return found


def quarantined(look: Look) -> int:
    """Return how many rows are in quarantine."""
    return sum(count for name, count in look.counts.items() if name not in KEPT)
