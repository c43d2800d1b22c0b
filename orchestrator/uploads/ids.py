"""What kind of ids a column holds, told from the ids themselves."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from orchestrator.uploads.layout import IdKind, is_spreadsheet_date
from orchestrator.uploads.numbers import MISSING, NUMBER

SHARE = 0.9
"""How many of the ids must be of one kind: files have a few of other kinds, as summary lines and spike-ins."""
MOST_ROWS = 1_000_000

Found = IdKind | Literal["mouse", "other species", "row numbers", "mixed"]

# Transcripts before genes, and Ensembl ids of man before those of other species. Other names can follow behind a bar,
# as in the headers of GENCODE's FASTA files, which quantification tools take over.
PATTERNS: dict[Found, re.Pattern[str]] = {
    "transcript": re.compile(r"ENST\d{11}(\.\d+)?(_PAR_Y)?(\|.*)?", re.ASCII),
    "gene": re.compile(r"ENSGR?\d{10,11}(\.\d+)?(_PAR_Y)?(\|.*)?", re.ASCII),
    "mouse": re.compile(r"ENSMUS[GT]\d{11}(\.\d+)?", re.ASCII),
    "other species": re.compile(r"ENS[A-Z]{3,4}[GT]\d{11}(\.\d+)?", re.ASCII),
    "entrez": re.compile(r"\d+", re.ASCII),
    "symbol|entrez": re.compile(r"[^|]+\|\d+", re.ASCII),
}


def kind_of(ids: Sequence[str]) -> Found | None:
    """Return what ids are, missing ones left out; None: no ids at all."""
    counts = Counter(_kind(each) for raw_id in ids if (each := raw_id.strip()) not in MISSING)
    if not counts:
        return None
    kind, count = counts.most_common(1)[0]
    return kind if count >= SHARE * counts.total() else "mixed"


def _kind(raw_id: str) -> Found | None:
    for kind, pattern in PATTERNS.items():
        if pattern.fullmatch(raw_id):
            return kind
    if is_spreadsheet_date(raw_id):
        return "symbol"  # it was one
    is_word = raw_id.lower() != raw_id.upper() and raw_id.split() == [raw_id]  # the names of genes have blanks
    return "symbol" if is_word and NUMBER.fullmatch(raw_id) is None else None


def may_be_row_numbers(ids: Sequence[str]) -> bool:
    """Whether whole numbers are all so small that they may number rows, sorted or not.

    Entrez has ids above a million for a quarter of human genes.
    """
    return all(int(raw_id) <= MOST_ROWS for raw_id in ids if raw_id.isdecimal() and len(raw_id) < 20)
