"""What may stand in a request: types that the document describes and that are checked before anything is read."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from orchestrator import patient_id as ids

TEXT = r"^[^\u0000-\u001f\u007f]*$"
"""Anything but control characters, which PostgreSQL's text cannot all hold."""
SOME_TEXT = r"^[^\u0000-\u001f\u007f]*[^\u0000-\u001f\u007f, ][^\u0000-\u001f\u007f]*$"
"""The same, and something besides commas and spaces."""
MOST_NAMES = 1000
MOST_COMPARED = 100
MOST_ROWS = 10_000
FARTHEST = 10_000_000
FOLD_CHANGE = "Linear, not log2: 1.0 is the baseline."

PatientId = Annotated[str, Field(pattern=f"^{ids.PATTERN.pattern}$", examples=["DEMO_HER2"])]
PatientPath = Annotated[PatientId, Path(description="Patient id, as `/api/v1/patients` has it.")]
GeneSymbol = Annotated[str, Field(min_length=1, max_length=50, pattern=TEXT, examples=["ERBB2"])]
TranscriptId = Annotated[str, Field(min_length=1, max_length=50, pattern=TEXT, examples=["ENST00000269571"])]


def _split(given: object) -> object:
    """Return names that were given one by one, or separated by commas, each once."""
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        return given
    return list(dict.fromkeys(name for text in texts for part in text.split(",") if (name := part.strip())))


def _few(names: list[str]) -> list[str]:
    if len(names) > MOST_NAMES:
        raise ValueError(f"at most {MOST_NAMES} at a time")
    return names


Name = Annotated[str, Field(max_length=20_000, pattern=TEXT)]
Names = Annotated[list[Name], BeforeValidator(_split), AfterValidator(_few)]
Few = Annotated[
    list[Annotated[str, Field(max_length=5_000, pattern=SOME_TEXT)]],
    BeforeValidator(_split),
    Field(min_length=1, max_length=MOST_COMPARED),
]
FoldChange = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Parameters(BaseModel):
    """Parameters of a request; one that is not known is an error rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class Page(Parameters):
    """Which part of the rows."""

    limit: int = Field(default=100, ge=1, le=MOST_ROWS, description="Rows at most.")
    offset: int = Field(default=0, ge=0, le=FARTHEST, description="Rows to pass over.")


class OneTranscript(Parameters):
    """Parameters of one transcript."""

    patient_id: PatientId | None = Field(
        default=None, description="Patient whose fold change is wanted; none: the baseline."
    )


class Transcripts(Page):
    """Parameters of transcripts."""

    patient_id: PatientId | None = Field(
        default=None,
        description="Patient whose fold changes are wanted; none: all are at baseline, and no token is needed.",
    )
    gene_symbols: Names = Field(
        default=[], description="HGNC symbols, separated by commas or repeated.", examples=["ERBB2,EGFR"]
    )
    transcript_ids: Names = Field(
        default=[], description="Ensembl ids without version, separated by commas or repeated."
    )
    fold_change_min: FoldChange | None = Field(default=None, description=f"At least this fold change. {FOLD_CHANGE}")
    fold_change_max: FoldChange | None = Field(default=None, description=f"At most this fold change. {FOLD_CHANGE}")
    has_drugs: bool | None = Field(default=None, description="Whether drugs are known that act on the gene.")
    has_pathways: bool | None = Field(default=None, description="Whether pathways of the gene are known.")
    order: Literal["desc", "asc"] = Field(
        default="desc", description="By fold change, then by id; quarantined rows are last."
    )
    cursor: str | None = Field(default=None, max_length=400, pattern="^[A-Za-z0-9_-]*$",
        description="Where the page before ended: of the `Link` header with rel=next. Instead of offset.",
    )  # fmt: skip


class Patients(Parameters):
    """Parameters of the list of patients."""

    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="Patients at most.")
    offset: int = Field(default=0, ge=0, le=FARTHEST, description="Patients to pass over.")


class DrugTargets(Page):
    """Parameters of drug targets."""

    fold_change_min: Annotated[float, Field(ge=1, allow_inf_nan=False)] = Field(
        default=3.0, description=f"Above this fold change. {FOLD_CHANGE}"
    )
    approved: bool = Field(default=True, description="Only approved drugs.")


class TumorSuppressors(Parameters):
    """Parameters of the loss of tumour suppressors."""

    fold_change_max: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        default=0.8, description=f"Below this fold change. {FOLD_CHANGE}"
    )


class Pathways(Page):
    """Parameters of pathways."""

    fold_change_min: Annotated[float, Field(ge=1, allow_inf_nan=False)] = Field(
        default=2.0, description=f"Genes above this fold change count as overexpressed. {FOLD_CHANGE}"
    )
    genes_min: int = Field(default=3, ge=1, le=100_000, description="Overexpressed genes that a pathway has at least.")


class Variable(Parameters):
    """Parameters of what varies most."""

    limit: int = Field(default=20, ge=1, le=1000, description="Transcripts at most.")


class Compare(Parameters):
    """Parameters of a comparison."""

    patient_ids: Few = Field(
        description=f"Patients, separated by commas or repeated; at most {MOST_COMPARED}.",
        examples=["DEMO_HER2,DEMO_TNBC"],
    )
    gene_symbols: Few = Field(
        description=f"HGNC symbols, separated by commas or repeated; at most {MOST_COMPARED}.", examples=["ERBB2,EGFR"]
    )
