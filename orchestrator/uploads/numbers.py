"""Numbers as files write them."""

import re
from collections.abc import Sequence
from contextlib import suppress

from orchestrator.uploads.layout import Scale

MISSING = frozenset({"", "NA", "N/A", "null", "NULL", "#N/A", "None"})
NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)", re.ASCII | re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?\d{1,3}([,.' ]\d{3})+([.,]\d+)?", re.ASCII)


class NoNumberError(Exception):
    """The text at `index` is no number; the message says what it is, and never the text itself."""

    def __init__(self, index: int, message: str) -> None:
        """Keep where it is among the texts."""
        super().__init__(message)
        self.index = index


def parse(texts: Sequence[str]) -> list[float | None]:
    """Return numbers, and None for what is missing. Raises NoNumberError for anything else."""
    joined = "".join(texts)
    if joined.isascii() and "_" not in joined:  # float() takes 1_000, too, and digits of other scripts
        with suppress(ValueError):
            return [None if text in MISSING else float(text) for text in texts]
    return [_number(index, text.strip()) for index, text in enumerate(texts)]


def _number(index: int, text: str) -> float | None:
    if text in MISSING:
        return None
    if NUMBER.fullmatch(text) is None:
        raise NoNumberError(index, _problem(text))
    return float(text)


def _problem(text: str) -> str:
    if DECIMAL_COMMA.fullmatch(text):
        return "has decimal commas: write them as points"
    if THOUSANDS.fullmatch(text):
        return "has separators of thousands: write plain numbers"
    return "has a value that is no number: write a number, or NA where there is none"


def to_linear(values: list[float | None], scale: Scale) -> list[float | None]:
    """Return fold changes as linear ones; a log2 beyond the range of floats becomes inf."""
    if scale == "linear":
        return values
    try:
        return [None if value is None else 2.0**value for value in values]
    except OverflowError:
        return [None if value is None else _power(value) for value in values]


def _power(value: float) -> float:
    return 2.0**value if value < 1024 or value != value else float("inf")


def first_negative(values: Sequence[float | None]) -> int | None:
    """Return the index of the first number below zero."""
    return next((index for index, value in enumerate(values) if value is not None and value < 0), None)
