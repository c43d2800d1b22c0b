"""What the pages show, as plain data. Fold changes are linear, counts are rows; None: not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from orchestrator.pages.fold_changes import Distribution, FoldChangeClass


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page."""

    name: str
    """Of the token."""
    sees_cohort: bool
    is_development: bool
    """Without a token of their own, because the server was started for development."""


@dataclass(frozen=True)
class PatientRow:
    """A patient in the list of all."""

    patient_id: str
    state: str
    stored_rows: int
    quarantined_rows: int
    cancer_type: str | None
    """None also for a visitor who may not read the cohort; so are the others below."""
    cancer_subtype: str | None
    is_passed: bool | None
    """None: not validated."""


@dataclass(frozen=True)
class OverviewView:
    """A page of the patients that match a search, with the search."""

    visitor: Visitor
    query: str
    """Part of an id, cancer type or subtype; empty for all."""
    state: str
    """The state that was chosen; empty for all."""
    states: tuple[str, ...]
    """To choose from."""
    patients: tuple[PatientRow, ...]
    matches: int
    page: int
    """From 1."""
    page_size: int

    @property
    def pages(self) -> int:
        """Return how many pages there are; one when nothing matches."""
        return max(1, ceil(self.matches / self.page_size))


@dataclass(frozen=True)
class Metadata:
    """A patient's row of metadata."""

    cancer_type: str | None
    cancer_subtype: str | None
    tissue_type: str | None
    sample_type: str | None
    sequencing_platform: str | None
    read_depth_millions: float | None
    normalization_method: str | None
    source_file: str | None
    file_format: str | None
    upload_date: datetime | None
    matching_success_rate: float | None
    """0 to 1."""
    clinical_notes: str | None


@dataclass(frozen=True)
class Biomarker:
    """A gene of a panel in a patient, by the isoform that is farthest from baseline."""

    gene_symbol: str
    transcript_id: str | None
    """None: all isoforms are at baseline."""
    fold_change: float | None
    """None: in quarantine, or the core has no such gene."""
    quarantine_reason: str | None
    level: str | None
    """For example "severe loss"; None without a fold change."""
    is_noteworthy: bool
    meaning: str

    @property
    def percent_loss(self) -> float | None:
        """Return how much of the baseline is lost, 0 to 100; 0 for a gene that is not below it."""
        return None if self.fold_change is None else max(0.0, (1 - self.fold_change) * 100)


@dataclass(frozen=True)
class DrugTarget:
    """An approved drug for a gene that the patient expresses too much."""

    gene_symbol: str
    transcript_id: str
    fold_change: float
    drug: str
    mechanism: str | None
    phase: str | None


@dataclass(frozen=True)
class PatientView:
    """What there is to see of one patient."""

    visitor: Visitor
    patient_id: str
    schema_name: str
    metadata: Metadata | None
    stored_rows: int
    baseline_rows: int | None
    quarantine_reasons: Mapping[str, int]
    """Quarantined rows by reason; empty without any."""
    at_least_double: int
    """Stored rows at 2.0 or more."""
    at_most_half: int
    """Stored rows at 0.5 or less."""
    classes: tuple[FoldChangeClass, ...]
    """In the order of their lowest fold change."""
    distribution: Distribution
    """Of the stored rows; `top_up` and `top_down` are the ten farthest."""
    suppressors: tuple[Biomarker, ...]
    checkpoints: tuple[Biomarker, ...]
    drug_targets: tuple[DrugTarget, ...]
    """The first, by fold change, the highest first; rows of one transcript are together."""
    drug_targets_found: int
    """How many there are in all."""
    drug_threshold: float
    """Fold change above which a gene is looked up among the drugs."""
    download: str
    """Path of all its rows as NDJSON."""


@dataclass(frozen=True)
class Value:
    """A gene's fold change in one patient, by the isoform that is farthest from baseline."""

    fold_change: float | None
    quarantine_reason: str | None
    transcript_id: str | None
    """None: all isoforms are at baseline."""


@dataclass(frozen=True)
class ComparedGene:
    """A gene in all patients that are compared, in their order."""

    gene_symbol: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class CompareView:
    """Genes beside each other in some patients, with the form that asks for them."""

    visitor: Visitor
    asked_patients: tuple[str, ...]
    asked_genes: tuple[str, ...]
    patient_ids: tuple[str, ...]
    """Those of the asked that the visitor may see."""
    genes: tuple[ComparedGene, ...]
    unknown_patients: tuple[str, ...]
    """Asked for, but not there or not for this visitor."""
    unknown_genes: tuple[str, ...]
    """Asked for, but not in the core."""


@dataclass(frozen=True)
class ApiView:
    """The description of the API."""

    visitor: Visitor | None
    document: Mapping[str, Any]
    """OpenAPI 3.1."""
    address: str
    """Of this server, without a slash at the end."""


@dataclass(frozen=True)
class LoginView:
    """The form that asks for a token."""

    problem: str
    """Why the last one was not taken; empty at first."""


@dataclass(frozen=True)
class ErrorView:
    """Why there is no page."""

    visitor: Visitor | None
    title: str
    sentence: str
    """What, where, and what to do."""


@dataclass(frozen=True)
class MissingView:
    """A page that a command makes, and that nobody has made yet."""

    visitor: Visitor | None
    title: str
    command: str
    place: str
    """Path of the page: /dbt-docs or /report."""
