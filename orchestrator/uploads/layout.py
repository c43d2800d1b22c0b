"""What an uploaded file is, what the user says it is, and the error that every other file ends in."""

import re
from dataclasses import dataclass
from typing import Literal

from orchestrator.errors import PatientError

IdKind = Literal["transcript", "gene", "symbol", "entrez", "symbol|entrez"]
Scale = Literal["log2", "linear"]
FileFormat = Literal["deseq2", "standard", "custom"]
AskedFormat = Literal["deseq2", "standard"]

KINDS: dict[IdKind, str] = {
    "transcript": "Ensembl transcripts", "gene": "Ensembl genes", "symbol": "gene symbols", "entrez": "Entrez ids",
    "symbol|entrez": "gene symbols with Entrez ids",
}  # fmt: skip
SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas"}

_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)"
_DATE = re.compile(
    rf"\d{{1,2}}-{_MONTH}(-\d{{2,4}})?|{_MONTH}-\d{{2,4}}|\d{{4}}-\d\d-\d\d( 00:00:00)?|\d{{1,2}}/\d{{1,2}}/\d{{2,4}}",
    re.IGNORECASE | re.ASCII,
)


class UploadError(PatientError):
    """A file cannot be used. MB050: it is no text table, MB051: its columns are not clear, MB052: a row is wrong."""

    def __init__(self, code: str, message: str) -> None:
        """Keep names of files and columns from breaking the line, or the terminal."""
        super().__init__(code, _printable(message))


@dataclass(frozen=True)
class Asked:
    """What the user says of a file; None: find out."""

    file_format: AskedFormat | None = None
    """deseq2: the column of values is log2; standard: it is linear."""
    id_column: str | None = None
    value_column: str | None = None


@dataclass(frozen=True)
class Layout:
    """What a file is."""

    file_format: FileFormat
    """deseq2: any table of log2 fold changes; standard: linear ones; custom: the user named the column."""
    id_column: str
    """As the header says; empty for the row names that R writes."""
    id_kind: IdKind
    value_column: str
    scale: Scale
    separator: str

    def sentence(self) -> str:
        """Return all of it in words."""
        ids = f"column {shown(self.id_column)}" if self.id_column else "the row names"
        return (
            f"{self.scale} fold changes in column {shown(self.value_column)}, {KINDS[self.id_kind]} in {ids}, "
            f"separated by {SEPARATORS[self.separator]}"
        )


def shown(column: str) -> str:
    """Return the name of a column as it stands in a sentence: on one line, not endless, and seen where it is empty."""
    return _printable(column[:60]) + "…" * (len(column) > 60) or '""'


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def strip_version(raw_id: str) -> str:
    """Return an Ensembl id without its version and other names behind a bar, and any other id as it is.

    The copy of a gene on chromosome Y keeps its mark: it is another gene than the one on chromosome X.
    """
    if not raw_id.startswith("ENS"):
        return raw_id
    first = raw_id.partition("|")[0]
    stem, _, version = first.partition(".")
    number, mark, copy = version.partition("_")
    return stem + mark + copy if number.isdigit() else first


def is_spreadsheet_date(raw_id: str) -> bool:
    """Whether an id is a date that a spreadsheet made of a gene symbol: 6-Mar or Mar-06 of MARCH6, 2-Sep of SEPT2."""
    return _DATE.fullmatch(raw_id) is not None
