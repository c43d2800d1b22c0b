"""Templates of pages, and how numbers, moments and names stand in them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from shlex import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.pages.fold_changes import Distribution, FoldChangeClass
from orchestrator.pages.svg import plain
from orchestrator.wording import counts, size

TEMPLATES = Path(__file__).parent / "templates"
SHOWN_CHARACTERS = 60
"""Of names that are data: a gene's symbol has 15 at most, and a line has an end."""


@cache
def environment(folder: Path) -> Environment:
    """Return the templates of `folder`, before those that all pages share, with the filters of both."""
    made = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters.update(
        size=size, counts=counts, count=_grouped, fold=_fold, when=_when, seconds=_seconds, quote=quote, name=_name,
        percent=_percent, classes=_classes, text=_text,
    )  # fmt: skip
    return made


def markup(drawn: str) -> Markup:
    """Return the inside of an SVG element, as plots make it, for a template that escapes everything else."""
    return Markup(drawn)  # noqa: S704  # svg.cut has escaped what it holds


def _grouped(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _fold(value: float | None) -> str:
    """Return a fold change with three significant digits."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if 1000 <= value < 1e6 else f"{value:#.3g}".rstrip(".")


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    if value >= 120:
        return f"{value / 60:,.1f} min"
    if value < 0.01:
        return "under 0.01 s"
    return f"{value:,.0f} s" if value >= 10 else f"{value:.2f} s"


def _name(text: str) -> str:
    return plain(text, SHOWN_CHARACTERS)


def _text(text: str | None, most: int = 400) -> str:
    return plain(text or "", most)


def _percent(part: float, whole: float) -> str:
    """Return a share; never 100 % or 0 % of what is not all or nothing."""
    if not whole or part in (0, whole):
        return "100 %" if whole and part == whole else "0 %"
    share = 100 * part / whole
    return f"{min(99.99, share):.2f} %" if share > 99 else f"{max(0.1, share):.{0 if share >= 1 else 1}f} %"


def _classes(found: Distribution, classes: Sequence[FoldChangeClass]) -> str:
    """Return the rows of each class in the order of the plot."""
    return "; ".join(f"{found.rows_by_class.get(each.number, 0):,}" for each in classes)
