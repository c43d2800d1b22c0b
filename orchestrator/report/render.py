"""Makes the page of a report: one file, without scripts, that loads nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median

from markupsafe import Markup

from orchestrator.pages import plots
from orchestrator.pages.environment import environment, markup
from orchestrator.pages.fold_changes import Distribution, Gene
from orchestrator.report.checklist import DONE, OPEN, UNSEEN, checklist
from orchestrator.report.facts import Report

TEMPLATES = Path(__file__).parent / "templates"
SHOWN_GENES = 20
"""Of a patient: ten up, ten down."""


@dataclass(frozen=True)
class Plots:
    """The drawings of a page, by patient where there is one for each."""

    distribution_axis: Markup
    distributions: Mapping[str, Markup]
    gene_axes: Mapping[int, Markup]
    """By powers of ten that they show."""
    genes: Mapping[str, Markup]
    decades: Mapping[str, int]
    """Which of the axes a patient's plot is drawn on."""
    storage: Markup
    distribution_box: str = plots.DISTRIBUTION_BOX
    genes_box: str = plots.genes_box(SHOWN_GENES)


@dataclass(frozen=True)
class Totals:
    """Sums over all patients: rows, bytes, and patients in a state."""

    patients: int
    migrated: int
    failed: int
    waiting: int
    parity: Mapping[str, int]
    validated: int
    passed: int
    legacy_rows: int
    stored: int
    baseline: int
    quarantined: int
    reasons: Mapping[str, int]
    bytes_before: int
    """Of the legacy databases whose size and whose schema's size are known."""
    bytes_after: int
    """Of the schemas of the same patients."""
    compared: int
    """How many patients those are."""
    bytes_schemas: int
    """Of all patient schemas."""


@dataclass(frozen=True)
class Seconds:
    """How long one kind of work took: over all patients, and for one."""

    work: str
    patients: int
    total: float
    median: float
    longest: float
    of: str
    """The patient that took longest."""


def steps(report: Report) -> int:
    """Return how often `render` calls its `step`: once for some patients' plots of one kind."""
    kinds: list[Sized] = [_spread(report), *_genes_by_decades(report).values()]
    return sum(ceil(len(kind) / plots.BATCH) for kind in kinds)


def render(report: Report, step: Callable[[], None]) -> Iterator[str]:
    """Draw all plots, and return the parts of the page as HTML: that of many patients is large.

    The same facts make the same page. `step` is called when some plots are drawn.
    """
    return environment(TEMPLATES).get_template("report.html").generate(
        report=report,
        phases=checklist(report),
        marks={DONE: "Done", OPEN: "Open", UNSEEN: "Cannot be seen from here"},
        totals=total(report),
        seconds=work_seconds(report),
        plots=draw(report, step),
        side={each.number: plots.class_side(each.number, report.classes) for each in report.classes},
    )  # fmt: skip


def total(report: Report) -> Totals:
    """Return the sums over all patients."""
    entries = [patient.journal for patient in report.patients]
    validations = [patient.validation for patient in report.patients if patient.validation]
    compared = [
        (each.bytes_before, each.bytes_after)
        for each in report.patients
        if each.bytes_before is not None and each.bytes_after is not None
    ]
    migrated = sum(each.published_at is not None and each.state != "failed" for each in entries)
    failed = sum(each.state == "failed" for each in entries)
    return Totals(
        patients=len(entries),
        migrated=migrated,
        failed=failed,
        waiting=len(entries) - migrated - failed,
        parity=Counter(patient.parity for patient in report.patients),
        validated=len(validations),
        passed=sum(each.is_passed for each in validations),
        legacy_rows=sum(each.legacy_rows or 0 for each in entries),
        stored=sum(each.stored_rows or 0 for each in entries),
        baseline=sum(each.baseline_rows or 0 for each in entries),
        quarantined=sum(each.quarantined_rows or 0 for each in entries),
        reasons=_sum(each.quarantine_reasons or {} for each in entries),
        bytes_before=sum(before for before, _ in compared),
        bytes_after=sum(after for _, after in compared),
        compared=len(compared),
        bytes_schemas=sum(patient.bytes_after or 0 for patient in report.patients),
    )


def work_seconds(report: Report) -> list[Seconds]:
    """Return how long each kind of work on patients took, the longest kind first."""
    by_work: dict[str, dict[str, float]] = {}
    for patient in report.patients:
        for work, seconds in patient.seconds.items():
            by_work.setdefault(work, {})[patient.patient_id] = seconds
    found = [
        Seconds(work, len(each), sum(each.values()), median(each.values()), *_longest(each))
        for work, each in by_work.items()
    ]
    return sorted(found, key=lambda each: (-each.total, each.work))


def draw(report: Report, step: Callable[[], None]) -> Plots:
    """Return the drawings of the page; patients without rows have none. `step` is called when some are drawn."""
    spread, by_decades = _spread(report), _genes_by_decades(report)
    genes: dict[str, str] = {}
    for count, found in by_decades.items():
        genes |= plots.gene_bars(found, count, SHOWN_GENES, step)
    return Plots(
        distribution_axis=markup(plots.distribution_axis(report.classes) if spread else ""),
        distributions=_all_markup(plots.distributions(spread, report.classes, step)),
        gene_axes={count: markup(plots.genes_axis(count, SHOWN_GENES)) for count in by_decades},
        genes=_all_markup(genes),
        decades={name: count for count, found in by_decades.items() for name in found},
        storage=markup(_storage(report)),
    )


def _spread(report: Report) -> dict[str, Distribution]:
    """Return the distributions that can be drawn, by patient."""
    known = {patient.patient_id: patient.distribution for patient in report.patients}
    return {name: found for name, found in known.items() if found and found.finite_rows and report.classes}


def _genes_by_decades(report: Report) -> dict[int, dict[str, tuple[Gene, ...]]]:
    """Return the patients' farthest genes, up and down, by how many powers of ten their plots have to show."""
    by_decades: dict[int, dict[str, tuple[Gene, ...]]] = {}
    for name, found in _spread(report).items():
        genes = (*found.top_up, *found.top_down)
        by_decades.setdefault(plots.decades(genes), {})[name] = genes
    return dict(sorted(by_decades.items()))


def _all_markup(drawn: Mapping[str, str]) -> dict[str, Markup]:
    return {name: markup(each) for name, each in drawn.items()}


def _storage(report: Report) -> str:
    sums = total(report)
    if not sums.compared:
        return ""
    core = report.core_bytes
    return plots.storage([plots.Bar("before", (sums.bytes_before, core)), plots.Bar("after", (sums.bytes_after, core))])


def _longest(seconds: Mapping[str, float]) -> tuple[float, str]:
    of = max(seconds, key=lambda name: (seconds[name], name))
    return seconds[of], of


def _sum(counted: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for each in counted:
        found.update(each)
    return dict(found)
