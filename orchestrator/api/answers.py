"""What answers look like, for the document of the API: PostgreSQL writes the JSON itself, and tests compare the two."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

FoldChange = Annotated[
    float | None, Field(description="Linear fold change, 1.0 is the baseline; null for a quarantined row.")
]
QuarantineReason = Annotated[
    str | None,
    Field(description="Why it could not be stored: null, nan, infinite, not_positive, orphan, duplicate, unmatched."),
]


class GoTerm(BaseModel):
    """A term of the Gene Ontology."""

    go_id: str
    name: str
    category: str | None


class Drug(BaseModel):
    """What a drug does to the product of a gene."""

    drug_id: str | None
    interaction_type: str | None
    source: str | None


class Transcript(BaseModel):
    """A transcript with what the core knows of it; an orphan has its id and the reason only."""

    transcript_id: str
    gene_symbol: str | None
    gene_id: str | None
    gene_type: str | None
    chromosome: str | None
    expression_fold_change: FoldChange
    quarantine_reason: QuarantineReason
    product_type: list[str]
    go_terms: list[GoTerm]
    pathways: list[str] = Field(description="Name, source and id of each.")
    drugs: dict[str, Drug] = Field(description="By name.")
    molecular_functions: list[str]
    cellular_location: list[str]
    source_references: dict[str, Any] = Field(description="Empty lists; v0.6.0 has no such facts.")


class ListedPatient(BaseModel):
    """A patient that the token opens."""

    patient_id: str
    schema_name: str
    expression_data_count: int = Field(description="Rows stored: transcripts that are not at 1.0.")
    created_at: datetime = Field(description="When readers were let in.")


class PatientList(BaseModel):
    """The patients that the token opens."""

    count: int = Field(description="Of all of them, not only of this part.")
    patients: list[ListedPatient]


class Statistics(BaseModel):
    """Rows and fold changes of a patient."""

    stored: int
    baseline: int = Field(description="Core transcripts without a value of their own.")
    quarantined: dict[str, int] = Field(description="Rows by reason.")
    overexpressed: int = Field(description="Stored rows at 2.0 or more.")
    underexpressed: int = Field(description="Stored rows at 0.5 or less.")
    lowest: float | None
    median: float | None = Field(description="Of the stored rows.")
    highest: float | None


class Patient(BaseModel):
    """What there is to know of a patient besides its rows."""

    patient_id: str
    schema_name: str
    metadata: dict[str, Any] | None = Field(description="The row of the patient's table metadata.")
    statistics: Statistics


class DrugTarget(BaseModel):
    """A drug for a gene that is overexpressed."""

    gene_symbol: str
    transcript_id: str
    expression_fold_change: float
    molecule_name: str
    mechanism_of_action: str | None
    clinical_phase_label: str | None
    is_approved: bool


class SuppressorLoss(BaseModel):
    """A transcript of a tumour suppressor that is underexpressed."""

    gene_symbol: str
    transcript_id: str
    expression_fold_change: float
    percent_loss: float = Field(description="Of the baseline, 0 to 100.")
    meaning: str


class Pathway(BaseModel):
    """A pathway with overexpressed genes."""

    pathway_id: str
    pathway_name: str
    pathway_source: str | None
    genes: int = Field(description="Of the pathway in the core.")
    overexpressed_genes: int
    mean_fold_change: float = Field(description="Of those, each by its highest transcript.")
    highest_fold_change: float


class ComparedGene(BaseModel):
    """A gene in one patient, by the isoform that is farthest from baseline."""

    transcript_id: str | None = Field(description="Null when all isoforms are at baseline or in quarantine.")
    expression_fold_change: FoldChange
    quarantine_reason: QuarantineReason


class ComparedPatient(BaseModel):
    """The genes of one patient."""

    patient_id: str
    genes: dict[str, ComparedGene] = Field(description="By symbol.")


class Comparison(BaseModel):
    """Genes beside each other in several patients."""

    patients: list[ComparedPatient] = Field(description="In the order in which they were asked for.")
    unknown_gene_symbols: list[str] = Field(description="Asked for, and not in the core.")


class StalePatient(BaseModel):
    """A patient of which the cohort has no current values."""

    patient_id: str
    reason: str = Field(description="not validated as it is, never refreshed, or changed since its refresh.")


class CohortValue(BaseModel):
    """A gene in one patient, by the isoform that is farthest from baseline."""

    patient_id: str
    transcript_id: str | None = Field(description="Null when all isoforms are at baseline or in quarantine.")
    expression_fold_change: FoldChange


class CohortGene(BaseModel):
    """A gene across all patients."""

    gene_symbol: str
    patients: list[CohortValue] = Field(description="Those that are current, by id.")
    stale_patients: list[StalePatient] = Field(description="Those that are not, which have no value here.")


class VariableTranscript(BaseModel):
    """A transcript with how much it varies over the patients."""

    transcript_id: str
    gene_symbol: str | None
    patients: int = Field(description="Those whose fold change is known.")
    changed: int = Field(description="Those of them that are not at baseline.")
    mean_log2: float = Field(description="Mean of log2 of the fold changes; baseline counts as 0.")
    variance_log2: float = Field(description="Sample variance of log2 of the fold changes.")


class CohortVariable(BaseModel):
    """The transcripts that vary most."""

    is_current: bool = Field(description="Whether this is of the patients as they are now; otherwise it is empty.")
    patients: int | None = Field(description="Of how many patients it was worked out; null when it never was.")
    worked_out_at: datetime | None
    transcripts: list[VariableTranscript]
    stale_patients: list[StalePatient] = Field(description="Those that are not in it.")


class Stats(BaseModel):
    """What the database holds."""

    transcripts: int
    genes: int
    pathways: int
    drugs: int
    patients: int | None = Field(description="Patients that the token opens; null without one.")


class State(BaseModel):
    """Whether the server can answer."""

    status: str
