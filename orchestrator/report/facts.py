"""What a report tells, as plain data. Sizes are bytes, fold changes linear, counts rows; None: not known."""

from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.journal import Patient
from orchestrator.pages.fold_changes import Distribution, FoldChangeClass


@dataclass(frozen=True)
class Version:
    """A schema version that the core records."""

    version: str
    applied_at: datetime | None


@dataclass(frozen=True)
class Server:
    """Where the facts were read, and when."""

    where: str
    """Database and server, without any secret."""
    version: str
    read_at: datetime
    """By the server's clock, when the snapshot of all facts was taken."""
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Legacy:
    """What the legacy server says of its databases."""

    sizes: dict[str, int | None]
    """Bytes by database; None where they may not be known."""
    version: str | None
    problem: str
    """Why nothing is known; empty when it answered."""


@dataclass(frozen=True)
class Rows:
    """The rows of a patient, counted and digested again after its migration."""

    stored_rows: int
    quarantined_rows: int
    quarantine_reasons: dict[str, int]
    digest: str | None
    proven_digest: str | None
    count_faults: list[str]
    checked_at: datetime


@dataclass(frozen=True)
class Structure:
    """What is otherwise than specified in a patient's schema."""

    has_schema: bool
    structure_faults: list[str]
    index_faults: list[str]


@dataclass(frozen=True)
class Metadata:
    """What the metadata say of a patient, and what is wrong with them."""

    cancer_type: str | None
    cancer_subtype: str | None
    is_as_built: bool
    metadata_faults: list[str]


@dataclass(frozen=True)
class Queries:
    """Whether the compatibility view shows what is stored, and rows that the guide's queries find."""

    is_true: bool
    overexpressed_rows: int
    drug_target_rows: int
    suppressor_rows: int


@dataclass(frozen=True)
class Finding:
    """What a check of a validation found."""

    check: str
    text: str
    """What the check is called, or what it says."""
    count: int | None
    named: tuple[str, ...]
    """Transcript ids, the first 20, or faults."""
    show: str
    """Command that shows the rest."""


@dataclass(frozen=True)
class Validation:
    """The last validation of a patient."""

    is_passed: bool
    failures: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    checked_at: datetime


@dataclass(frozen=True)
class Phenotype:
    """What the marker genes of a patient say of a phenotype; judged only where it is claimed."""

    label: str
    is_claimed: bool
    verdict: str
    supporting_concordant: int
    supporting_genes: int
    core_genes: str | None


@dataclass(frozen=True)
class Biomarker:
    """A biomarker that somebody should look at."""

    panel: str
    gene_symbol: str
    fold_change: float | None
    level: str


@dataclass(frozen=True)
class PatientFacts:
    """All that is known of one patient; None: not worked out yet."""

    journal: Patient
    bytes_before: int | None
    bytes_after: int | None
    rows: Rows | None = None
    structure: Structure | None = None
    metadata: Metadata | None = None
    distribution: Distribution | None = None
    queries: Queries | None = None
    validation: Validation | None = None
    phenotypes: tuple[Phenotype, ...] = ()
    biomarkers: tuple[Biomarker, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    """SQLSTATE by the model that could not be worked out."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Of the latest work of each kind."""

    @property
    def patient_id(self) -> str:
        """Return the id as written."""
        return self.journal.patient_id

    @property
    def is_stale(self) -> bool:
        """Tell whether the facts are of rows before the last build."""
        built_at = self.journal.built_at
        return bool(self.rows and built_at and self.rows.checked_at < built_at)

    @property
    def parity(self) -> str:
        """Return how the rows compare with those of v0.5.0 that they were made from; empty before a build."""
        if self.journal.built_at is None:
            return ""
        if self.journal.current_digest is None:
            return "not proven"
        if self.rows and not self.is_stale and self.rows.digest != self.rows.proven_digest:
            return "changed since"
        return "equal"

    @property
    def adds_up(self) -> bool:
        """Tell whether stored + baseline + quarantined is legacy rows."""
        parts = (self.journal.stored_rows, self.journal.baseline_rows, self.journal.quarantined_rows)
        return None not in parts and sum(part or 0 for part in parts) == self.journal.legacy_rows

    @property
    def faults(self) -> list[str]:
        """Return what is wrong by the facts, in words."""
        found = [*(self.rows.count_faults if self.rows and not self.is_stale else [])]
        if self.structure and self.journal.built_at:
            found += ["its schema is missing"] if not self.structure.has_schema else []
            found += [*self.structure.structure_faults, *self.structure.index_faults]
        return [*found, *(self.metadata.metadata_faults if self.metadata else [])]


@dataclass(frozen=True)
class Concordance:
    """How alike the patients of one cancer type and subtype are in one biomarker."""

    cancer_type: str | None
    cancer_subtype: str | None
    gene_symbol: str
    patients: int
    lowest: float
    median: float
    highest: float
    verdict: str


@dataclass(frozen=True)
class Meaning:
    """What a gene of a biomarker panel stands for."""

    panel: str
    gene_symbol: str
    meaning: str


@dataclass(frozen=True)
class Run:
    """A command that changed something."""

    run_id: int
    command: str
    started_at: datetime
    seconds: float | None
    exit_code: int | None
    """None: it runs, or it died."""
    patients: int | None


@dataclass(frozen=True)
class Event:
    """What happened to the core, or to many patients at once."""

    event: str
    times: int
    last_at: datetime
    seconds: float | None


@dataclass(frozen=True)
class Report:
    """Everything that the report shows."""

    server: Server
    legacy: Legacy
    patients: tuple[PatientFacts, ...]
    classes: tuple[FoldChangeClass, ...]
    concordance: tuple[Concordance, ...]
    meanings: tuple[Meaning, ...]
    runs: tuple[Run, ...]
    """The latest, the last first."""
    events: dict[str, Event]
    core_bytes: int
    """Tables of the core, which every patient shares."""
    other_bytes: int
    """Journal, staging, and data across patients."""
