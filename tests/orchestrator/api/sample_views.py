"""Views of pages as routes fill them: plain ones, empty ones, and ones full of text that is data."""

from datetime import UTC, datetime
from typing import Any

from page_checks import HOSTILE

from orchestrator.api.views import (
    ApiView,
    Biomarker,
    ComparedGene,
    CompareView,
    DrugTarget,
    ErrorView,
    LoginView,
    Metadata,
    MissingView,
    OverviewView,
    PatientRow,
    PatientView,
    Value,
    Visitor,
)
from orchestrator.pages.fold_changes import Distribution, FoldChangeClass, Gene

VISITOR = Visitor("ward 7", sees_cohort=True, is_development=False)
ALONE = Visitor("one patient", sees_cohort=False, is_development=False)
DEVELOPER = Visitor("development", sees_cohort=True, is_development=True)
CLASSES = (
    FoldChangeClass(1, "severe underexpression", 0),
    FoldChangeClass(2, "moderate underexpression", 0.33),
    FoldChangeClass(3, "slight underexpression", 0.5),
    FoldChangeClass(4, "near baseline", 0.67),
    FoldChangeClass(5, "slight overexpression", 1.5),
    FoldChangeClass(6, "mild overexpression", 2.0),
    FoldChangeClass(7, "moderate overexpression", 3.0),
    FoldChangeClass(8, "strong overexpression", 5.0),
)
UP = (("ERBB2", 20.376), ("GRB7", 16.2), ("MIEN1", 9.96), ("PGAP3", 9.62), ("PNMT", 7.9), ("STARD3", 6.44),
      ("CCND1", 4.98), ("ENST90000000077", 4.93), ("TOP2A", 4.84), ("MKI67", 4.82))  # fmt: skip
DOWN = (("SFRP1", 0.0123), ("ESR1", 0.137), ("PGR", 0.138), ("GATA3", 0.184), ("FOXA1", 0.21), ("XBP1", 0.233),
        ("AGR2", 0.277), ("TFF1", 0.3), ("TFF3", 0.326), ("BCL2", 0.347))  # fmt: skip
SPREAD = Distribution(
    18_342, 9_120, 0.0123, 0.505, 0.839, 4.09, 20.376,
    {1: 2_410, 2: 1_980, 3: 2_311, 4: 2_104, 5: 3_007, 6: 2_640, 7: 2_871, 8: 1_019},
    tuple(Gene(symbol, f"ENST0000026{position:04}", value) for position, (symbol, value) in enumerate(UP)),
    tuple(Gene(symbol, f"ENST0000041{position:04}", value) for position, (symbol, value) in enumerate(DOWN)),
)  # fmt: skip
NOTHING = Distribution(0, 0, None, None, None, None, None, {}, (), ())
METADATA = Metadata(
    cancer_type="Breast Cancer", cancer_subtype="HER2+", tissue_type="Breast", sample_type="Primary tumour",
    sequencing_platform="Illumina NovaSeq 6000", read_depth_millions=52.5, normalization_method="DESeq2",
    source_file="mediabase_patient_DEMO_HER2", file_format="legacy_v0.5.0",
    upload_date=datetime(2026, 3, 14, 9, 26, tzinfo=UTC), matching_success_rate=0.9987,
    clinical_notes="ERBB2 amplified by FISH; hormone receptors negative.",
)  # fmt: skip
SUPPRESSORS = (
    Biomarker("BRCA1", "ENST00000357654", 0.315, None, "significant loss", True,
              "DNA repair; its loss makes the genome unstable"),
    Biomarker("BRCA2", None, 1.0, None, "intact", False, "DNA repair; its loss makes the genome unstable"),
    Biomarker("PTEN", "ENST00000371953", 0.1, None, "severe loss", True,
              "Holds back PI3K; its loss activates growth signals"),
    Biomarker("RB1", "ENST00000267163", None, "nan", None, False,
              "Cell-cycle checkpoint; its loss lets cells divide unchecked"),
    Biomarker("TP53", "ENST00000269305", 1.4, None, "intact", False, "Guards the genome; lost in many cancers"),
)  # fmt: skip
CHECKPOINTS = (
    Biomarker("CD274", "ENST00000381577", 3.2, None, "high", True, "PD-L1: first biomarker for immunotherapy"),
    Biomarker("CTLA4", None, 1.0, None, "not elevated", False, "CTLA-4: another checkpoint target"),
    Biomarker("PDCD1", None, None, None, None, False, "PD-1: checkpoint receptor of T cells"),
)
DRUGS = (
    DrugTarget("ERBB2", "ENST00000269571", 20.376, "TRASTUZUMAB", "Receptor protein-tyrosine kinase erbB-2 inhibitor",
               "Approved"),
    DrugTarget("ERBB2", "ENST00000269571", 20.376, "PERTUZUMAB", "Receptor protein-tyrosine kinase erbB-2 inhibitor",
               "Approved"),
    DrugTarget("ERBB2", "ENST00000269571", 20.376, "LAPATINIB", None, None),
    DrugTarget("TOP2A", "ENST00000423485", 4.84, "DOXORUBICIN", "DNA topoisomerase II alpha inhibitor", "Approved"),
)  # fmt: skip


def overview(**changed: Any) -> OverviewView:
    """Return a page of patients in the middle of more."""
    patients = tuple(
        PatientRow(f"TCGA-A1-{number:04}-01A", "validated", 18_000 + number, number % 3 * 17, cancer, subtype, passed)
        for number, (cancer, subtype, passed) in enumerate(
            [("Breast Cancer", "HER2+", True), ("Lung Adenocarcinoma", "EGFR mutant", True),
             ("Colorectal Cancer", None, False), (None, None, None)] * 3, 101,
        )
    )  # fmt: skip
    return OverviewView(**{
        "visitor": VISITOR, "query": "breast & lung", "state": "", "states": ("built", "validated", "archived"),
        "patients": patients, "matches": 1_234, "page": 2, "page_size": 12,
    } | changed)  # fmt: skip


def patient(**changed: Any) -> PatientView:
    """Return a patient with something of everything."""
    return PatientView(**{
        "visitor": VISITOR, "patient_id": "DEMO_HER2", "schema_name": "patient_demo_her2", "metadata": METADATA,
        "stored_rows": 18_342, "baseline_rows": 229_881, "quarantine_reasons": {"nan": 13, "null": 4},
        "at_least_double": 6_530, "at_most_half": 4_390, "classes": CLASSES, "distribution": SPREAD,
        "suppressors": SUPPRESSORS, "checkpoints": CHECKPOINTS, "drug_targets": DRUGS, "drug_targets_found": 57,
        "drug_threshold": 3.0, "download": "/api/v1/patients/DEMO_HER2/transcripts.ndjson",
    } | changed)  # fmt: skip


def empty_patient() -> PatientView:
    """Return a patient of which nothing is stored or known."""
    return patient(
        patient_id="W" * 45, metadata=None, stored_rows=0, baseline_rows=None, quarantine_reasons={},
        at_least_double=0, at_most_half=0, distribution=NOTHING, suppressors=(), checkpoints=(), drug_targets=(),
        drug_targets_found=0,
    )  # fmt: skip


def hostile_patient() -> PatientView:
    """Return a patient whose every text is hostile."""
    gene = Gene(HOSTILE, HOSTILE * 9, 2.5)
    marker = Biomarker(HOSTILE, HOSTILE, None, HOSTILE, HOSTILE, True, HOSTILE)
    return patient(
        visitor=Visitor(HOSTILE, sees_cohort=True, is_development=False),
        patient_id=HOSTILE, schema_name=HOSTILE, quarantine_reasons={"nan": 1},
        metadata=Metadata(*[HOSTILE] * 5, 1.5, *[HOSTILE] * 3, None, 0.5, HOSTILE * 9),
        distribution=Distribution(1, 1, 2.5, 2.5, 2.5, 2.5, 2.5, {6: 1}, (gene,), ()),
        suppressors=(marker,), checkpoints=(marker,),
        drug_targets=(DrugTarget(HOSTILE, HOSTILE, 2.5, *[HOSTILE] * 3),),
        drug_targets_found=1,
    )  # fmt: skip


def compare(patients: int = 3, **changed: Any) -> CompareView:
    """Return genes in so many patients."""
    names = tuple(f"TCGA-A1-{number:04}-01A" for number in range(patients))
    genes = tuple(
        ComparedGene(symbol, tuple(_value(symbol, fold, position) for position in range(patients)))
        for symbol, fold in (*UP[:6], *DOWN[:6])
    )
    return CompareView(**{
        "visitor": VISITOR, "asked_patients": (*names, "NOBODY"), "asked_genes": ("HER2", *(each[0] for each in UP)),
        "patient_ids": names, "genes": genes, "unknown_patients": ("NOBODY",), "unknown_genes": ("HER2",),
    } | changed)  # fmt: skip


def _value(symbol: str, fold: float, position: int) -> Value:
    if (symbol, position) == ("GRB7", 1):
        return Value(None, "nan", "ENST00000309156")
    changed = fold ** (1 / (1 + position))
    return Value(changed, None, "ENST00000269571") if (len(symbol) + position) % 4 else Value(1.0, None, None)


def hostile_compare() -> CompareView:
    """Return a comparison whose every text is hostile."""
    values = (Value(None, HOSTILE, HOSTILE), Value(2.5, None, HOSTILE * 9))
    return compare(
        asked_patients=(HOSTILE,), asked_genes=(HOSTILE,), patient_ids=(HOSTILE, HOSTILE + "2"),
        genes=(ComparedGene(HOSTILE, values),), unknown_patients=(HOSTILE,), unknown_genes=(HOSTILE,),
    )  # fmt: skip


def document(text: str = "Transcripts of a patient, the farthest from baseline first.") -> dict[str, Any]:
    """Return a description of an API with what OpenAPI allows."""
    whose = {"name": "patient_id", "in": "query", "description": text,
             "schema": {"anyOf": [{"type": "string"}, {"type": "null"}], "examples": ["DEMO_HER2"]}}  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "MEDIABASE", "version": "1.0.0"},
        "paths": {
            "/api/v1/transcripts": {"get": {
                "summary": "Transcripts", "description": f"{text}\n\nIn pages.", "security": [{}, {"bearer": []}],
                "parameters": [
                    whose,
                    {"name": "gene_symbols", "in": "query", "example": "ERBB2,EGFR", "description": text,
                     "schema": {"type": "array", "items": {"type": "string"}, "default": []}},
                    {"name": "has_drugs", "in": "query", "schema": {"type": "boolean", "default": False}},
                    {"$ref": "#/components/parameters/limit"},
                ],
                "responses": {
                    "200": {"description": text, "content": {"application/json": {}, "application/x-ndjson": {}}},
                    "404": {"$ref": "#/components/responses/problem"},
                },
            }},
            "/api/v1/patients/{patient_id}": {"parameters": [{**whose, "in": "path", "required": True}], "get": {
                "description": text, "security": [{"bearer": []}], "responses": {"200": {"description": text}},
            }},
            "/health": {"get": {"summary": "Health", "responses": {"200": {"description": "It lives."}}}},
        },
        "components": {
            "parameters": {"limit": {
                "name": "limit", "in": "query", "description": "Most rows.",
                "schema": {"$ref": "#/components/schemas/Limit"},
            }},
            "schemas": {"Limit": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100}},
            "responses": {"problem": {"description": "No such patient.", "content": {"application/problem+json": {}}}},
        },
    }  # fmt: skip


ADDRESS = "http://127.0.0.1:8000"
API = ApiView(VISITOR, document(), ADDRESS)
LOGIN = LoginView("")
REFUSED = LoginView("No such token, or it has expired: ask the operator for another.")
ERROR = ErrorView(VISITOR, "No such patient", "There is no patient TCGA-1, or not for this token.")
MISSING = MissingView(VISITOR, "Migration report", "mediabase report -o report.html", "/report")
