"""From a sample of patients to all: which to take, how many bytes all will be, and how long it will take.

A patient schema's size is a line in the rows that it keeps, with a constant and a slope that follow from how
PostgreSQL stores them; what patients differ in is their number of rows, which is counted for each. The sample
confirms the line for this server's values and release.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import linear_regression

from orchestrator.migration.driver import batch_size
from orchestrator.migration.outcome import Outcome
from orchestrator.migration.size import ROW_BYTES, SCHEMA_BYTES, kept_rows, schema_bytes

WIDE_ENOUGH = 20_000
"""Rows between the smallest and the largest of a sample from which on it says more of the constant than its
rounding to pages of 8 kB (up to 0.1 MB in all) spoils."""

PATIENT_ROWS = 13_000
"""A patient without rows to keep costs the time of so many rows: with 5,000 stored rows one unit took 112 ms, with
200,000 it took 1,322 ms (a legacy table of 78,000 rows and more)."""
CALL_SECONDS = 0.5
"""What one dbt call costs whatever it builds; see driver.MAX_BATCH."""


@dataclass(frozen=True)
class Measured:
    """What one patient of the sample took."""

    stored: int
    quarantined: int
    schema_bytes: int


@dataclass(frozen=True)
class Work:
    """What migrating the sample took: `seconds` of work on patients in `calls` of dbt, and before the work."""

    start_seconds: float
    seconds: float
    calls: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Line:
    """Bytes of a patient schema = constant + slope by rows, where a quarantined row counts for a little more."""

    constant: float
    slope: float

    def of(self, outcome: Outcome) -> int:
        """Return the bytes of a patient's schema."""
        return schema_bytes(outcome.stored, outcome.quarantined, self.constant, self.slope)


def choose_sample(outcomes: Sequence[Outcome], count: int) -> list[str]:
    """Return `count` patients that cover the range of rows to keep: least, most, and evenly between by rank.

    Of equal ones the first by id. Those that would be migrated come before those that are done or would fail.
    """
    able = [each for each in outcomes if each.result == "migrated"] or list(outcomes)
    ranked = sorted(able, key=lambda each: (kept_rows(each.stored, each.quarantined), each.patient_id))
    if count >= len(ranked):
        return [each.patient_id for each in ranked]
    if count == 1:
        return [ranked[len(ranked) // 2].patient_id]
    return [ranked[round(place * (len(ranked) - 1) / (count - 1))].patient_id for place in range(count)]


def fit(sample: Sequence[Measured]) -> Line:
    """Return the line through the sample; where it says too little, with the constant that was measured before.

    A sample of one patient, or of patients with much the same number of rows, cannot tell constant from slope.
    """
    points = [(kept_rows(each.stored, each.quarantined), each.schema_bytes) for each in sample]
    points = [point for point in points if point[0]]
    rows = [point[0] for point in points]
    if points and max(rows) - min(rows) >= WIDE_ENOUGH:
        slope, constant = linear_regression(rows, [point[1] for point in points])
        if slope > 0 and constant > 0:
            return Line(constant, slope)
    # As if 5,000 more rows of the measured width had been seen: few rows say nothing but their pages' rounding.
    seen = 5_000 + sum(rows)
    above = 5_000 * ROW_BYTES + sum(max(0.0, size - SCHEMA_BYTES) for _, size in points)
    return Line(SCHEMA_BYTES, above / seen)


def predict_bytes(line: Line, outcomes: Sequence[Outcome]) -> int:
    """Return the bytes of all these patients' schemas together."""
    return sum(line.of(outcome) for outcome in outcomes)


def predict_seconds(work: Work, outcomes: Sequence[Outcome], jobs: int) -> float | None:
    """Return how long a migration of these patients takes on this machine, if jobs do not wait for each other.

    None when there is nothing to migrate, or nothing that was measured.
    """
    if not outcomes or not work.outcomes:
        return None
    calls = ceil(len(outcomes) / batch_size(len(outcomes), jobs))
    scale = max(0.0, work.seconds - work.calls * CALL_SECONDS) / _weight(work.outcomes)
    seconds = work.start_seconds + (scale * _weight(outcomes) + calls * CALL_SECONDS) / min(jobs, calls)
    return round(seconds, 1)


def _weight(outcomes: Sequence[Outcome]) -> float:
    return sum(PATIENT_ROWS + each.stored + each.quarantined for each in outcomes)
