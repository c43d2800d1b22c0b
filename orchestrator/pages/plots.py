"""Plots, drawn by Altair and rendered by Vega when a page is made.

Every plot is the inside of an SVG element; the page gives it size, colours and a name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, log10
from typing import TYPE_CHECKING, Any

from orchestrator.pages.fold_changes import Distribution, FoldChangeClass, Gene
from orchestrator.pages.svg import COLOURS, cut, plain

if TYPE_CHECKING:
    import altair as alt

BATCH = 100
"""Patients in one call of the renderer: enough to spread what a call costs."""
WIDTH = 300
HEIGHT = 90
ROW_HEIGHT = 14
DISTRIBUTION_BOX = f"0 -16 {WIDTH} {HEIGHT + 52}"
"""What an SVG element shows of a histogram: its counts above, its axis below."""
BAR_WIDTH = 400
LABEL_LENGTH = 18
COLOUR = {name: colour for colour, name in COLOURS.items()}
BASELINE = 1.0


@dataclass(frozen=True)
class Bar:
    """A stacked bar of the storage plot: name, and bytes by part in the order of the parts."""

    name: str
    parts: tuple[int, ...]


def class_side(number: int, classes: Sequence[FoldChangeClass]) -> str:
    """Return whether a class is under baseline (d), around it (n), or over it (u)."""
    lowest = [each.lowest for each in classes]
    above = [*lowest[1:], float("inf")]
    position = [each.number for each in classes].index(number)
    if above[position] <= BASELINE:
        return "d"
    return "u" if lowest[position] >= BASELINE else "n"


@cache
def distribution_axis(classes: tuple[FoldChangeClass, ...]) -> str:
    """Return the axis below every histogram: the fold changes between the classes, which are not of equal width."""
    import altair as alt

    bounds = [f"{each.lowest:g}" for each in classes[1:]]
    axis = alt.Axis(
        values=list(range(1, len(classes))),
        labelExpr=f"{bounds}[datum.value - 1]",
        title="fold change (linear; classes are not of equal width)",
        grid=False, labelOverlap=False,
    )  # fmt: skip
    return _axis(alt.X("at:Q", axis=axis, scale=_range(0, len(classes))), HEIGHT)


def distributions(
    found: Mapping[str, Distribution], classes: Sequence[FoldChangeClass], step: Callable[[], None]
) -> dict[str, str]:
    """Return a histogram per patient: rows by class, each scaled to its own highest bar, with the counts on them.

    `step` is called when some are drawn.
    """
    order = [each.number for each in classes]
    sides = {number: class_side(number, classes) for number in order}

    def rows(_whose: str, distribution: Distribution) -> list[dict[str, Any]]:
        counts = [distribution.rows_by_class.get(number, 0) for number in order]
        highest = max(counts)
        return [
            {
                "from": position + 0.08, "to": position + 0.92, "middle": position + 0.5,
                "share": count / highest if highest else 0, "zero": 0,
                "text": f"{count:,}", "side": sides[number],
            }
            for position, (number, count) in enumerate(zip(order, counts, strict=True))
        ]  # fmt: skip

    def chart() -> "alt.LayerChart | alt.FacetChart":
        import altair as alt

        scale, height = _range(0, len(classes)), _range(0, 1)
        base = alt.Chart().encode(description="whose:N", y=alt.Y("share:Q", axis=None, scale=height))
        bars = base.mark_bar().encode(x=alt.X("from:Q", axis=None, scale=scale), x2="to:Q", y2="zero:Q", color=_sides())
        text = base.mark_text(dy=-3, baseline="bottom").encode(x=alt.X("middle:Q", scale=scale), text="text:N")
        return alt.layer(bars, text).properties(width=WIDTH, height=HEIGHT)

    return _rendered(found, rows, chart, {}, step)


def decades(genes: Sequence[Gene]) -> int:
    """Return how many powers of ten, up and down, an axis needs for these genes' fold changes."""
    farthest = max((abs(log10(gene.fold_change)) for gene in genes), default=0.0)
    return max(1, ceil(farthest - 1e-9))


@cache
def genes_axis(count: int, rows: int) -> str:
    """Return the axis above plots of so many rows, whose genes need so many powers of ten."""
    import altair as alt

    stride = ceil(count / 3)
    values = [10.0**power for power in range(-count, count + 1) if power % stride == 0]
    axis = alt.Axis(
        values=values, format="~g" if count > 3 else "~f", orient="top", grid=True,
        title="fold change (log scale)", labelOverlap=False,
    )  # fmt: skip
    return _axis(alt.X("at:Q", axis=axis, scale=_log(count)), rows * ROW_HEIGHT)


def gene_bars(found: Mapping[str, Sequence[Gene]], count: int, rows: int, step: Callable[[], None]) -> dict[str, str]:
    """Return bars per patient from 1.0 to the fold change of each gene, on an axis of so many powers of ten.

    There is room for so many rows, and a patient has no more genes. `step` is called when some are drawn.
    """

    def values(_whose: str, genes: Sequence[Gene]) -> list[dict[str, Any]]:
        return [
            {
                "rank": rank, "value": gene.fold_change, "base": BASELINE,
                "text": str(rank), "side": "u" if gene.fold_change > BASELINE else "d",
            }
            for rank, gene in enumerate(genes)
        ]  # fmt: skip

    def chart() -> "alt.LayerChart | alt.FacetChart":
        import altair as alt

        rank = alt.Y(
            "rank:O", axis=None, scale=alt.Scale(domain=list(range(rows)), paddingInner=0.3, paddingOuter=0.15)
        )
        base = alt.Chart().encode(description="whose:N", y=rank)
        bars = base.mark_bar().encode(x=alt.X("base:Q", axis=None, scale=_log(count)), x2="value:Q", color=_sides())
        place = alt.X("base:Q", scale=_log(count))
        labels = base.encode(x=place, text="text:N")
        left = labels.mark_text(align="right", dx=-5, baseline="middle").transform_filter(alt.datum.side == "u")
        right = labels.mark_text(align="left", dx=5, baseline="middle").transform_filter(alt.datum.side == "d")
        return alt.layer(bars, left, right).properties(width=WIDTH, height=rows * ROW_HEIGHT)

    labels = {
        str(position): [plain(gene.symbol, LABEL_LENGTH) for gene in genes]
        for position, genes in enumerate(found.values())
    }
    return _rendered(found, values, chart, labels, step)


def genes_box(rows: int) -> str:
    """Return what an SVG element shows of a plot of so many genes, with the axis above."""
    return f"0 -34 {WIDTH} {36 + rows * ROW_HEIGHT}"


def storage(bars: Sequence[Bar]) -> str:
    """Return stacked bars of bytes, before and after, on one linear axis that begins at 0."""
    import altair as alt

    most = max(sum(bar.parts) for bar in bars) or 1
    unit, name = next(
        ((unit, name) for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")) if most >= unit), (1e3, "kB")
    )
    rows, names = [], ("b", "c")
    for bar in bars:
        start = 0.0
        for part, side in zip(bar.parts, names, strict=True):
            rows.append({"bar": bar.name, "from": start, "to": start + part / unit, "side": side})
            start += part / unit
    axis = alt.Axis(title=f"size on disk ({name})", tickCount=5, format="~f", grid=True)
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y("bar:N", sort=[bar.name for bar in bars], axis=None,
                    scale=alt.Scale(paddingInner=0.35, paddingOuter=0.15)),
            x=alt.X("from:Q", axis=axis, scale=_range(0, most / unit)),
            x2="to:Q", color=_sides(), description=alt.value(""),
        )
        .properties(width=BAR_WIDTH, height=HEIGHT)
    )  # fmt: skip
    return "".join(drawing.markup() for drawing in cut(_svg(chart)).values())


def _rendered(
    found: Mapping[str, Any],
    rows: Callable[[str, Any], list[dict[str, Any]]],
    chart: Callable[[], "alt.LayerChart | alt.FacetChart"],
    labels: Mapping[str, Sequence[str]],
    step: Callable[[], None],
) -> dict[str, str]:
    """Return the drawing of each patient, rendered as rows of one chart, many at a time.

    The renderer knows patients by their position: their ids are data.
    """
    import altair as alt

    names = list(found)
    drawn: dict[str, str] = {}
    for start in range(0, len(names), BATCH):
        batch = range(start, min(start + BATCH, len(names)))
        values = [
            {"whose": str(position), **row}
            for position in batch for row in rows(names[position], found[names[position]])
        ]  # fmt: skip
        facets = chart().properties(data=alt.NamedData(name="rows")).facet(row=alt.Row("whose:N", header=None))
        marks = cut(_svg(facets, values), labels)
        drawn |= {names[position]: marks[str(position)].markup() for position in batch}
        step()
    return drawn


def _axis(x: "alt.X", height: int) -> str:
    """Return an axis alone, in the place that it has beside a chart of that height."""
    import altair as alt

    values = alt.InlineData(values=[{"at": 1}])
    chart = alt.Chart(values).mark_point(opacity=0, size=0).encode(x=x).properties(width=WIDTH, height=height)
    return "".join(drawing.markup() for drawing in cut(_svg(chart)).values())


def _svg(chart: "alt.TopLevelMixin", rows: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return a chart as Vega renders it; `rows` go past Altair, which would look at every value."""
    import altair as alt
    import vl_convert

    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    specification = {**chart.to_dict(), **({"datasets": {"rows": list(rows)}} if rows else {})}
    return str(vl_convert.vegalite_to_svg(specification, vl_version=version))


def _sides() -> "alt.Color":
    import altair as alt

    names = sorted(COLOUR)
    return alt.Color("side:N", legend=None, scale=alt.Scale(domain=names, range=[COLOUR[name] for name in names]))


def _range(lowest: float, highest: float) -> "alt.Scale":
    import altair as alt

    return alt.Scale(domain=[lowest, highest], nice=False, zero=False)


def _log(count: int) -> "alt.Scale":
    import altair as alt

    return alt.Scale(type="log", domain=[10.0**-count, 10.0**count], nice=False)
