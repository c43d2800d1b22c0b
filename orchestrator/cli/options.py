"""Options and arguments that several commands take."""

from enum import StrEnum
from typing import Annotated

import typer

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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
