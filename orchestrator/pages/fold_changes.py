"""Fold changes that pages show, as plain data: linear, counts are rows; None: not known."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FoldChangeClass:
    """A class of fold changes: from `lowest` on, to the lowest of the next."""

    number: int
    label: str
    lowest: float


@dataclass(frozen=True)
class Gene:
    """A transcript with an extreme fold change."""

    symbol: str
    """Of its gene; the transcript's id where it has none."""
    transcript_id: str
    fold_change: float


@dataclass(frozen=True)
class Distribution:
    """How the stored fold changes of a patient are spread."""

    finite_rows: int
    above_baseline: int
    lowest: float | None
    quartile_1: float | None
    median: float | None
    quartile_3: float | None
    highest: float | None
    rows_by_class: dict[int, int]
    top_up: tuple[Gene, ...]
    top_down: tuple[Gene, ...]
