"""Makes the pages: their plots, and the HTML around them, which has no scripts and loads nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from markupsafe import Markup

from orchestrator.api.endpoints import endpoints
from orchestrator.api.views import (
    ApiView,
    CompareView,
    ErrorView,
    LoginView,
    MissingView,
    OverviewView,
    PatientView,
    Visitor,
)
from orchestrator.pages import plots
from orchestrator.pages.environment import environment, markup
from orchestrator.pages.fold_changes import Gene

TEMPLATES = Path(__file__).parent / "templates"
NO_VALUE = "?"
"""Stands behind a gene of a plot that has no bar, and not because it is at the baseline."""


@dataclass(frozen=True)
class Figure:
    """A drawing and the box that it is in."""

    drawn: Markup
    box: str


@dataclass(frozen=True)
class PatientPlots:
    """The drawings of a patient's page; None where there is nothing to draw."""

    spread: Figure | None
    sides: dict[int, str]
    """Whether a class is under (d), around (n) or over (u) the baseline, by its number."""
    genes: Figure | None
    drugs: Figure | None


def render_overview(view: OverviewView) -> str:
    """Return the page of the cohort."""
    return _page("overview.html", view.visitor, view=view)


def render_patient(view: PatientView) -> str:
    """Return the page of a patient."""
    found = view.distribution
    drugs = [tuple(rows) for _, rows in groupby(view.drug_targets, key=lambda each: each.transcript_id)]
    drawn = PatientPlots(
        spread=_spread(view) if found.finite_rows and view.classes else None,
        sides={each.number: plots.class_side(each.number, view.classes) for each in view.classes},
        genes=_genes((*found.top_up, *found.top_down)),
        drugs=_genes([Gene(each.gene_symbol, each.transcript_id, each.fold_change) for each, *_ in drugs]),
    )
    return _page("patient.html", view.visitor, view=view, plots=drawn, drugs=drugs)


def render_compare(view: CompareView) -> str:
    """Return the page that has patients beside each other."""
    genes = {
        patient_id: [_comparable(each.gene_symbol, each.values[position].fold_change) for each in view.genes]
        for position, patient_id in enumerate(view.patient_ids)
    }
    return _page("compare.html", view.visitor, view=view, plots=_figures(genes) if view.genes else {})


def render_api(view: ApiView) -> str:
    """Return the page that describes the API."""
    return _page("api.html", view.visitor, view=view, endpoints=endpoints(view.document, view.address))


def render_login(view: LoginView) -> str:
    """Return the page that asks for a token."""
    return _page("login.html", None, view=view)


def render_error(view: ErrorView) -> str:
    """Return the page that says why there is no other."""
    return _page("error.html", view.visitor, view=view)


def render_missing(view: MissingView) -> str:
    """Return the page that says which command makes what was asked for."""
    return _page("missing.html", view.visitor, view=view)


def _page(template: str, visitor: Visitor | None, **shown: object) -> str:
    return environment(TEMPLATES).get_template(template).render(visitor=visitor, **shown)


def _spread(view: PatientView) -> Figure:
    """Return the histogram of a patient's stored fold changes, with its axis."""
    (drawn,) = plots.distributions({"": view.distribution}, view.classes, lambda: None).values()
    return Figure(markup(plots.distribution_axis(view.classes) + drawn), plots.DISTRIBUTION_BOX)


def _genes(genes: Sequence[Gene]) -> Figure | None:
    return _figures({"": genes})[""] if genes else None


def _figures(found: Mapping[str, Sequence[Gene]]) -> dict[str, Figure]:
    """Return bars of genes by patient, all on the same axis; every patient has the same number of genes."""
    rows = max(map(len, found.values()))
    count = plots.decades([gene for genes in found.values() for gene in genes])
    axis = plots.genes_axis(count, rows)
    drawn = plots.gene_bars(found, count, rows, lambda: None)
    return {name: Figure(markup(axis + bars), plots.genes_box(rows)) for name, bars in drawn.items()}


def _comparable(symbol: str, fold_change: float | None) -> Gene:
    """Return a gene for a plot; without a value it has its name and no bar."""
    return Gene(f"{symbol} {NO_VALUE}", "", plots.BASELINE) if fold_change is None else Gene(symbol, "", fold_change)
