"""Options and arguments that several commands take."""

from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ByteSize, TypeAdapter, ValidationError

from orchestrator.errors import UsageError
from orchestrator.settings import OnBadRows


class Surface(StrEnum):
    """The two legacy tables that hold fold changes."""

    WIDE = "cancer_transcript_base"
    NARROW = "transcripts"


Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Patient ids, as in mediabase_patient_<ID>.")]
All = Annotated[bool, typer.Option("--all", help="All patients that there are.")]
Believe = Annotated[
    Surface | None, typer.Option("--surface", help="Which legacy table to believe where both disagree.")
]
Jobs = Annotated[int | None, typer.Option(min=1, max=32, help="Patients worked on at a time.", show_default="1")]
BadRows = Annotated[
    OnBadRows | None,
    typer.Option(
        help="Keep rows that cannot be stored beside the patient, or fail the patient.", show_default="quarantine"
    ),
]
Patients = Annotated[
    list[str] | None, typer.Option("--patients", metavar="ID,ID", help="These patients; may be given several times.")
]
AllPatients = Annotated[bool, typer.Option("--all-patients", help="All patients that readers can read.")]
Cohort = Annotated[bool, typer.Option("--cohort", help="Facts and fold changes across all patients.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ABOUT = "About the patient"
Fact = Annotated[str | None, typer.Option(rich_help_panel=ABOUT)]
ReadDepth = Annotated[float | None, typer.Option(rich_help_panel=ABOUT)]
MaxDisk = Annotated[
    str | None,
    typer.Option("--max-disk", metavar="SIZE", help="What may be taken, such as 200GB.", show_default="what is free"),
]


def as_ids(given: list[str] | None) -> list[str]:
    """Return the ids of `--patients`, separated by commas or given one by one, each once."""
    parts = [part.strip() for text in given or [] for part in text.split(",")]
    return list(dict.fromkeys(filter(None, parts)))


def as_bytes(text: str | None) -> int | None:
    """Return a size as people write it in bytes. Raises UsageError."""
    if text is None:
        return None
    try:
        return TypeAdapter(ByteSize).validate_python(text)
    except ValidationError as error:
        raise UsageError(f"--max-disk takes a size such as 200GB or 1.5TiB, not {text!r}.") from error
