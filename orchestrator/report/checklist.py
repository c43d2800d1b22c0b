"""The migration guide's checklist, ticked from facts where facts can tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.report.facts import PatientFacts, Report
from orchestrator.wording import size, some

DONE, OPEN, UNSEEN = "done", "open", "unseen"
VERSION = "v0.6.0"
OLDEST_TARGET = 15
OLDEST_LEGACY = 12
MOST_NAMES = 3
ARCHIVED = ("archived", "dropped")


@dataclass(frozen=True)
class Item:
    """An item of the guide: done, open, or unseen where nothing here can tell; and the fact or where to look."""

    text: str
    mark: str
    fact: str


@dataclass(frozen=True)
class Phase:
    """A phase of the guide with its items."""

    name: str
    items: tuple[Item, ...]


def checklist(report: Report) -> tuple[Phase, ...]:
    """Return the guide's checklist, phase by phase, each item with the fact that ticks it or does not."""
    return tuple(
        Phase(name, tuple(Item(text, *judge(report)) for text, judge in items)) for name, items in PHASES.items()
    )


Verdict = tuple[str, str]


def _unseen(where_to_look: str) -> Callable[[Report], Verdict]:
    return lambda _: (UNSEEN, where_to_look)


def _all(report: Report, holds: Callable[[PatientFacts], bool], what: str) -> Verdict:
    """Tick when something holds for every patient, and say for how many; who is left is named."""
    left = [patient.patient_id for patient in report.patients if not holds(patient)]
    count = len(report.patients)
    fact = f"{count - len(left):,} of {count:,} patients {what}"
    if not report.patients:
        return OPEN, "The journal has no patient yet."
    return (OPEN, f"{fact}; not {some(left, MOST_NAMES)}.") if left else (DONE, f"{fact}.")


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def _requirements(report: Report) -> Verdict:
    target = _major(report.server.version)
    fact = f"Target: PostgreSQL {report.server.version} ({OLDEST_TARGET} or newer is needed)"
    if target < OLDEST_TARGET:
        return OPEN, f"{fact}."
    if report.legacy.version is None:
        return DONE, f"{fact}. The legacy server was not reached. Everything else: mediabase doctor."
    legacy = f"legacy server: {report.legacy.version} ({OLDEST_LEGACY} or newer)"
    return (
        DONE if _major(report.legacy.version) >= OLDEST_LEGACY else OPEN,
        f"{fact}; {legacy}. Everything else: mediabase doctor.",
    )


def _inventory(report: Report) -> Verdict:
    known = {patient.journal.source_database for patient in report.patients}
    fact = f"The journal lists {len(known):,} patients"
    if report.legacy.problem:
        return UNSEEN, f"{fact}; whether that is all, only the legacy server can tell: mediabase inventory."
    missing = sorted(report.legacy.sizes.keys() - known)
    if missing:
        return OPEN, f"{fact}; the legacy server also has {some(missing, MOST_NAMES)}."
    return DONE, f"{fact}, and the legacy server has no other."


def _core_version(report: Report) -> Verdict:
    found = next((each for each in report.server.versions if each.version.startswith(VERSION)), None)
    if found is None:
        return OPEN, f"schema_versions has no {VERSION}: mediabase core upgrade."
    since = f" since {found.applied_at:%Y-%m-%d %H:%M} UTC" if found.applied_at else ""
    return DONE, f"schema_versions has {found.version}{since}."


def _latest_version(report: Report) -> Verdict:
    recorded = [each.version for each in report.server.versions]
    if not recorded:
        return OPEN, "No version is recorded."
    latest = recorded[-1]
    return (DONE if latest.startswith(VERSION) else OPEN), f"The latest of {len(recorded)} recorded is {latest}."


def _core_integrity(report: Report) -> Verdict:
    upgraded = report.events.get("core_upgraded")
    if upgraded is None:
        return UNSEEN, "Every table is read and its keys are followed by: mediabase core check."
    return DONE, f"The upgrade of {upgraded.last_at:%Y-%m-%d} read every table before and after: none was changed."


def _exported(report: Report) -> Verdict:
    verdict, fact = _all(
        report,
        lambda patient: patient.journal.taken_at is not None or "exported" in patient.seconds,
        "were read in one snapshot each",
    )
    return verdict, f"{fact} Into staging; whether CSV files were written too, only their folder can tell."


def _adds_up(report: Report) -> Verdict:
    return _all(report, lambda patient: patient.adds_up, "have stored + baseline + quarantined = legacy rows")


def _one_migrated(report: Report) -> Verdict:
    first = min((each for each in report.patients if each.journal.published_at), key=_published, default=None)
    if first is None:
        return OPEN, "No patient is open to readers yet."
    return DONE, f"{first.patient_id} was the first, on {first.journal.published_at:%Y-%m-%d %H:%M} UTC."


def _published(patient: PatientFacts) -> float:
    return patient.journal.published_at.timestamp() if patient.journal.published_at else 0.0


def _all_migrated(report: Report) -> Verdict:
    return _all(
        report,
        lambda patient: bool(patient.journal.published_at) and patient.journal.state != "failed",
        "are built, proven and open to readers",
    )


def _logs(report: Report) -> Verdict:
    failed = sum(run.exit_code not in (0, None) for run in report.runs)
    return (
        UNSEEN,
        f"Of the last {len(report.runs)} runs {failed} ended with another code than 0 (below, and by status).",
    )


def _validated(report: Report) -> Verdict:
    return _all(report, lambda patient: patient.validation is not None, "were validated")


def _compared(report: Report) -> Verdict:
    return _all(
        report,
        lambda patient: (
            bool(patient.rows) and not patient.is_stale and not (patient.rows and patient.rows.count_faults)
        ),
        "were counted again in v0.6.0 and have the counts of the journal",
    )


def _queries(report: Report) -> Verdict:
    return _all(
        report,
        lambda patient: bool(patient.queries and patient.queries.is_true),
        "answer the guide's queries, through a view that shows what is stored",
    )


def _no_failures(report: Report) -> Verdict:
    return _all(report, lambda patient: bool(patient.validation and patient.validation.is_passed), "passed")


def _backed_up(report: Report) -> Verdict:
    if not any(patient.journal.state in ARCHIVED for patient in report.patients):
        return UNSEEN, "No archive is in the journal; other backups are where you keep them."
    return _all(report, lambda patient: patient.journal.state in ARCHIVED, "have an archive that was restored")


def _dropped(report: Report) -> Verdict:
    if report.legacy.problem:
        return UNSEEN, "The legacy server was not reached."
    known = {patient.journal.source_database for patient in report.patients}
    kept = known & report.legacy.sizes.keys()
    held = size(sum(report.legacy.sizes[name] or 0 for name in kept))
    if kept:
        return OPEN, f"{len(kept):,} of {len(known):,} are still there, {held}."
    return DONE, f"None of the {len(known):,} is on the legacy server."


def _deployed(report: Report) -> Verdict:
    readable = sum(patient.journal.published_at is not None for patient in report.patients)
    return (
        UNSEEN,
        f"Readers are let in to {readable:,} of {len(report.patients):,} patients; who uses them is not known here.",
    )


def _clients(report: Report) -> Verdict:
    moved = [report.events[name] for name in ("retired", "restored") if name in report.events]
    latest = max(moved, key=lambda event: event.last_at, default=None)
    if latest and latest.event == "retired":
        return UNSEEN, f"v0.5.0's table was retired on {latest.last_at:%Y-%m-%d}: a query not yet updated fails since."
    return UNSEEN, "mediabase core retire-legacy-table makes queries that were not updated fail instead of reading 1.0."


PHASES: dict[str, Sequence[tuple[str, Callable[[Report], Verdict]]]] = {
    "Pre-migration": (
        ("System requirements verified", _requirements),
        ("Full backups created", _unseen("Look where your backups are, and restore one.")),
        ("Test environment prepared", _unseen("mediabase rehearse uses a scratch server, and leaves no trace here.")),
        ("Patient inventory documented", _inventory),
    ),
    "Phase 1: Core database": (
        ("Core database upgraded to v0.6.0", _core_version),
        ("Schema version verified", _latest_version),
        ("Core data integrity validated", _core_integrity),
    ),
    "Phase 2: Data export": (
        ("Patient list extracted", _inventory),
        ("Fold-change data exported to CSV", _exported),
        ("Export counts verified", _adds_up),
    ),
    "Phase 3: Schema creation": (
        ("Test patient migrated successfully", _one_migrated),
        ("All remaining patients migrated", _all_migrated),
        ("Migration logs reviewed", _logs),
    ),
    "Phase 4: Validation": (
        ("Validation queries executed", _validated),
        ("Data counts compared (v0.5.0 vs v0.6.0)", _compared),
        ("Test queries successful", _queries),
        ("No validation failures", _no_failures),
    ),
    "Phase 5: API and clients": (
        ("API endpoints tested", _unseen("Look at your API's own tests.")),
        ("Client code updated", _clients),
        ("Integration tests passed", _unseen("Look at the test runs of your applications.")),
    ),
    "Phase 6: Cleanup": (
        ("Old databases backed up", _backed_up),
        ("Old databases dropped (optional)", _dropped),
        ("Migration files archived", _unseen("Look where exports, logs and this report are kept.")),
    ),
    "Post-migration": (
        ("Production deployment successful", _deployed),
        ("Monitoring dashboards updated", _unseen("Look at your monitoring.")),
        ("Documentation updated", _unseen("Look at your documentation.")),
        ("Team trained on v0.6.0 patterns", _unseen("Ask them.")),
    ),
}
