"""Rows of a v0.5.0 core, as every source of a sandbox delivers them.

The fields of each row are columns of its table, under the columns' names; columns that a row does not name
get their default. Limits are those of the columns that hold names, in characters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_ID = 50
MAX_SYMBOL = 100
MAX_NAME = 200
MAX_CHROMOSOME = 50
MAX_DRUG_NAME = 500


class Gene(NamedTuple):
    """One row of `genes`."""

    gene_id: str
    gene_symbol: str
    gene_name: str | None
    gene_type: str | None
    chromosome: str | None
    start_position: int
    end_position: int
    strand: int
    description: str | None


class Transcript(NamedTuple):
    """One row of `transcripts`; its fold change is the baseline."""

    transcript_id: str
    gene_id: str
    transcript_name: str | None
    transcript_type: str | None


class CrossReference(NamedTuple):
    """One row of `gene_cross_references`."""

    gene_id: str
    external_db: str
    external_id: str


class Annotation(NamedTuple):
    """One row of `gene_annotations`."""

    gene_id: str
    annotation_type: str
    annotation_value: str
    source: str


class Pathway(NamedTuple):
    """One row of `gene_pathways`."""

    gene_id: str
    pathway_id: str
    pathway_name: str
    pathway_source: str


class GoTerm(NamedTuple):
    """One row of `transcript_go_terms`."""

    transcript_id: str
    go_id: str
    go_term: str
    go_category: str
    evidence_code: str


class DrugInteraction(NamedTuple):
    """One row of `gene_drug_interactions`."""

    gene_id: str
    drug_name: str
    drug_id: str | None
    drug_chembl_id: str | None
    interaction_type: str | None
    clinical_phase: str | None
    approval_status: str | None
    source: str


class Publication(NamedTuple):
    """One row of `gene_publications`."""

    gene_id: str
    pmid: str
    mention_count: int
    first_seen_year: int


class KnownDrug(NamedTuple):
    """One row of `opentargets_known_drugs`."""

    molecule_chembl_id: str | None
    molecule_name: str
    target_gene_id: str | None
    clinical_phase: str | None
    clinical_phase_label: str | None
    mechanism_of_action: str | None
    action_type: str | None
    is_approved: bool
    ot_version: str


@dataclass(frozen=True)
class CoreRows:
    """Rows of the core's normalized tables; each field has the name of its table."""

    genes: Sequence[Gene]
    transcripts: Sequence[Transcript]
    gene_cross_references: Sequence[CrossReference]
    gene_annotations: Sequence[Annotation]
    gene_pathways: Sequence[Pathway]
    transcript_go_terms: Sequence[GoTerm]
    gene_drug_interactions: Sequence[DrugInteraction]
    gene_publications: Sequence[Publication]
    opentargets_known_drugs: Sequence[KnownDrug]


FoldChanges = Sequence[tuple[str, float | None]]
"""Pairs of a transcript id and a linear fold change, each id once. Ids left out stay at the baseline."""

Bounds = tuple[float, float]
"""Lowest and highest linear fold change."""


@dataclass(frozen=True)
class Patient:
    """A patient of the sandbox; the fold changes are read when they are needed."""

    patient_id: str
    fold_changes: Callable[[], FoldChanges]


@dataclass(frozen=True)
class Content:
    """All that a sandbox holds."""

    core: CoreRows
    patients: Sequence[Patient]
