"""Plots: what is drawn is as long as the numbers say."""

import re
from math import log10

import pytest

from orchestrator.pages import plots
from orchestrator.pages.fold_changes import Distribution, FoldChangeClass, Gene

CLASSES = tuple(
    FoldChangeClass(number, f"class {number}", lowest)
    for number, lowest in enumerate([0, 0.33, 0.5, 0.67, 1.5, 2, 3, 5], 1)
)


def test_bars_are_as_long_as_the_numbers() -> None:
    """Read back from the drawing: heights by share of the highest, lengths by the logarithm, labels in their rows."""
    counts = {1: 10, 2: 0, 3: 25, 4: 100, 5: 50, 6: 1, 7: 75, 8: 5}
    spread = Distribution(266, 131, 0.1, 0.5, 1.2, 2.0, 9.0, counts, (), ())
    other = Distribution(1, 1, 2.5, 2.5, 2.5, 2.5, 2.5, {6: 1}, (), ())
    drawn = plots.distributions({"A<": spread, "B": other}, CLASSES, lambda: None)
    bars = _bars(drawn["A<"])
    assert [round(float(each["x"]) / plots.WIDTH * 8 - 0.08, 1) for each in bars] == list(range(8))
    for each, count in zip(bars, counts.values(), strict=True):
        assert each["height"] == pytest.approx(plots.HEIGHT * count / 100, abs=0.2)
        assert each["y"] + each["height"] == pytest.approx(plots.HEIGHT, abs=0.2)
    assert re.findall(r">([\d,]+)</text>", drawn["A<"]) == [str(count) for count in counts.values()]
    assert [each["height"] for each in _bars(drawn["B"])] == [0, 0, 0, 0, 0, plots.HEIGHT, 0, 0]

    genes = (Gene("UP<&>", "T1", 100.0), Gene("MORE", "T2", 1.5), Gene("D" * 99, "T3", 0.02))
    assert plots.decades(genes) == 2
    text = plots.gene_bars({"A": genes}, 2, 3, lambda: None)["A"]
    lengths = {round(each["y"] // plots.ROW_HEIGHT): each for each in _bars(text)}
    middle = plots.WIDTH / 2
    for rank, gene in enumerate(genes):
        length = middle * log10(gene.fold_change) / 2
        assert lengths[rank]["width"] == pytest.approx(abs(length), abs=0.2)
        assert lengths[rank]["x"] == pytest.approx(middle + min(0, length), abs=0.2)
    assert ">UP&lt;&amp;&gt;</text>" in text and f">{'D' * 17}…</text>" in text


def _bars(drawing: str) -> list[dict[str, float]]:
    """Return the bars of a drawing from left to right."""
    number = r"(-?(?:\d+\.?\d*|\.\d+))"
    found = [
        dict(zip(("x", "y", "width", "height"), map(float, each), strict=True))
        for each in re.findall(rf"M{number} ?{number}h{number}v{number}h-", drawing)
    ]
    return sorted(found, key=lambda bar: bar["x"])
