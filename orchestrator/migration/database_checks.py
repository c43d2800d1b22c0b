"""Checks of one legacy database: what was seen of it becomes findings, without another look."""

from collections.abc import Sequence

import psycopg

from orchestrator.errors import MediabaseError, PatientError
from orchestrator.legacy.databases import SURFACES, WIDE, DatabaseFacts, LegacyDatabase
from orchestrator.legacy.profile import Catalog, Prediction
from orchestrator.migration.core import CORE_TABLES
from orchestrator.migration.findings import Finding
from orchestrator.migration.reference import Reference
from orchestrator.patient_id import PATTERN_IN_WORDS, collisions, is_supported
from orchestrator.postgres.failures import describe_failure
from orchestrator.wording import counts, some

WIDE_COLUMNS = (
    "transcript_id", "gene_symbol", "gene_id", "gene_type", "chromosome", "coordinates", "product_type", "go_terms",
    "pathways", "drugs", "expression_fold_change", "features", "molecular_functions", "cellular_location",
    "drug_scores", "alt_transcript_ids", "alt_gene_ids", "uniprot_ids", "ncbi_ids", "refseq_ids",
    "source_references", "pdb_ids", "evidence_quality_metrics",
    # Older databases have these four besides.
    "expression_freq", "cancer_types", "pharmgkb_pathways", "pharmgkb_variants",
)  # fmt: skip

STANDARD = frozenset((f"table public.{WIDE}", *(f"column public.{WIDE}.{name}" for name in WIDE_COLUMNS)))
"""Objects that are no custom ones, although a core whose legacy table was retired lacks them."""

RENAME = "Call one of them otherwise: mediabase inventory --rename OLD=NEW."

BY_CODE = {
    "MB010": ("legacy-tables", "Restore it from a backup, or leave this patient out."),
    "MB011": ("legacy-tables", "Change the column's type to double precision in the legacy database."),
    "MB012": ("repeated-ids", "Find out which row of each id is right, and delete the others in the legacy database."),
    "MB013": ("surfaces-disagree", "Pass the right one to mediabase migrate."),
    "MB014": ("legacy-tables", "Its load failed: restore it from a backup, or leave this patient out."),
}


def check_ids(databases: Sequence[LegacyDatabase]) -> dict[str, list[Finding]]:
    """Return what is wrong with the patients' ids, by the databases' names."""
    found: dict[str, list[Finding]] = {}
    supported = [each for each in databases if is_supported(each.patient_id)]
    for each in databases:
        if not is_supported(each.patient_id):
            message = f"{each.patient_id!r} is no patient id: {PATTERN_IN_WORDS}"
            remedy = "Give it another: mediabase inventory --rename OLD=NEW."
            found[each.name] = [Finding("patient-id", "stop", each.name, message, remedy)]
    for clash in collisions(each.patient_id for each in supported):
        for each in supported:
            if each.patient_id in clash:
                message = f"{' and '.join(clash)} lead to one schema name."
                found.setdefault(each.name, []).append(Finding("id-collision", "stop", each.name, message, RENAME))
    return found


def check_facts(facts: DatabaseFacts, reference: Reference) -> list[Finding]:
    """Return what the server's catalog tells of a legacy database."""
    found = []
    if not facts.allows_connections:
        remedy = f'alter database "{facts.name}" allow_connections true'
        found.append(Finding("connect", "stop", facts.name, "It accepts no connections.", remedy))
    elif not facts.may_connect:
        remedy = f'grant connect on database "{facts.name}" to the role of MEDIABASE_LEGACY_DSN'
        found.append(Finding("connect", "stop", facts.name, "This role may not connect to it.", remedy))
    if facts.encoding != reference.encoding:
        message = f"Its encoding is {facts.encoding}, the core's {reference.encoding}."
        remedy = "Values are moved exactly; look at ids and symbols beyond ASCII, if there are any."
        found.append(Finding("encoding", "warn", facts.name, message, remedy))
    if _spelled(facts.collation) != _spelled(reference.collation):
        message = f"Its collation is {facts.collation}, the core's {reference.collation}."
        remedy = "Queries that sort by text can give another order: name a collation in them."
        found.append(Finding("collation", "warn", facts.name, message, remedy))
    if facts.sessions:
        message = f"Open sessions, which may go on writing: {', '.join(facts.sessions)}."
        remedy = "End them before the last migration of this patient; one that changed since is moved again."
        found.append(Finding("sessions", "warn", facts.name, message, remedy))
    return found


def _spelled(collation: str) -> str:
    """Return a collation's name in one spelling: systems differ in those of the encoding, as in UTF-8 and utf8."""
    return collation.lower().replace("-", "")


def check_catalog(database: str, catalog: Catalog, reference: Reference) -> list[Finding]:
    """Return what a legacy database's catalog tells: tables without a key, and objects that will not be moved."""
    found = []
    without = [name for name in catalog.without_key if name.removeprefix("public.") in (*SURFACES, *CORE_TABLES)]
    if without:
        message = f"Without a primary key: {', '.join(without)}."
        remedy = "It can be moved as long as no id is repeated; find out how the key was lost."
        found.append(Finding("primary-key", "warn", database, message, remedy))
    custom = custom_objects(catalog, reference)
    if custom:
        message = f"{len(custom)} objects that the core does not have and no migration moves: {some(custom, 5)}."
        remedy = "Once it is moved: mediabase query custom-objects; what that cannot create is in an archive."
        found.append(Finding("custom-objects", "warn", database, message, remedy))
    return found


def custom_objects(catalog: Catalog, reference: Reference) -> list[str]:
    """Return what somebody made in a legacy database, beside what v0.5.0 and the core have."""
    return [name for name in catalog.objects if name not in reference.objects and name not in STANDARD]


def check_symbols(database: str, differing: int | None) -> list[Finding]:
    """Return a finding when so many genes have other symbols than in the core; None: they could not be compared."""
    if differing == 0:
        return []
    if differing is None:
        message = "Its gene symbols cannot be compared with the core's: its genes cannot be read."
        remedy = "A migration needs no symbols; to compare them, grant SELECT on public.genes, if it is there."
        return [Finding("symbols", "warn", database, message, remedy)]
    message = f"Genes that differ from the core's, in their symbol or in being there: {differing:,}."
    remedy = "Queries will see the core's symbols: see `mediabase core check`, and which release each was built from."
    return [Finding("symbols", "warn", database, message, remedy)]


def check_prediction(database: str, predicted: Prediction, on_bad_rows: str) -> list[Finding]:
    """Return what a migration would make of the rows, where that is not plainly all of them stored or at baseline."""
    found = []
    unknown = predicted.unknown
    if unknown or predicted.missing:
        message = (
            f"Its transcripts are not the core's: the core lacks {unknown:,} of them, it lacks {predicted.missing:,}."
        )
        remedy = "Rows that the core lacks go to quarantine; what it lacks will read 1.0."
        found.append(Finding("transcripts", "warn", database, message, remedy))
    if predicted.reasons:
        refuse = on_bad_rows == "fail"
        message = f"Rows that cannot be stored: {counts(predicted.reasons)}."
        remedy = "Without --on-bad-rows fail they are kept beside the patient, with the reason."
        if not refuse:
            remedy = "They will be kept beside the patient, with the reason; --on-bad-rows fail refuses the patient."
        found.append(Finding("bad-rows", "stop" if refuse else "warn", database, message, remedy))
    return found


def unreadable(database: str, error: MediabaseError | psycopg.Error) -> Finding:
    """Return the finding for a legacy database that could not be read to the end."""
    code, message = describe_failure(error)
    if isinstance(error, PatientError):
        check, remedy = BY_CODE[error.code]
        return Finding(check, "stop", database, message, remedy)
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        message = f"This role may not read all of it ({code})."
        remedy = "Grant it USAGE on schema public and SELECT on all its tables; with row security also BYPASSRLS."
        return Finding("legacy-rights", "stop", database, message, remedy)
    if isinstance(error, psycopg.errors.LockNotAvailable):
        message = "Another session keeps its tables locked, and a migration would wait for it."
        return Finding("sessions", "stop", database, message, "See who it is in pg_stat_activity, and end it.")
    if isinstance(error, psycopg.Error):
        return Finding("legacy-tables", "stop", database, message, "Look for that code in the server's log.")
    return Finding("connect", "stop", database, message, "Look into the server's log.")
