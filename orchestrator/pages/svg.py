"""Cuts what Vega renders into small drawings: its marks with their coordinates, and nothing else.

A page of a thousand patients has room for a kilobyte a plot. So many patients are rendered in one call, as rows of one
chart whose marks say whose they are; text and colours are left to the page's style sheet.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from xml.etree import ElementTree

COLOURS = {"#0000f1": "d", "#00f100": "n", "#f10000": "u", "#00f1f1": "b", "#f100f1": "c"}
"""Colours that a chart is drawn in, and the class of the style sheet that each becomes."""
MOVE = re.compile(r"translate\((-?[\d.]+)[, ]\s*(-?[\d.]+)\)")
TOKEN = re.compile(r"([A-Za-z])|(-?\d+(?:\.\d+)?(?:e-?\d+)?)")
TEXT = {"start": "s", "middle": "m", "end": "e"}


@dataclass
class Drawing:
    """Marks by class: paths, and texts with their places."""

    paths: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    texts: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def markup(self) -> str:
        """Return the marks as the inside of an SVG element."""
        paths = [f'<path class={name} d="{"".join(parts)}"/>' for name, parts in sorted(self.paths.items())]
        texts = [f"<g class={name}>{''.join(parts)}</g>" for name, parts in sorted(self.texts.items())]
        return "".join(paths + texts)


def cut(svg: str, labels: Mapping[str, Sequence[str]] | None = None) -> dict[str, Drawing]:
    """Return the marks of a rendered chart by what their accessible label says, which is whose they are.

    `labels` are the texts to put for numbers that the chart has in their place, by whose they are: what a patient's
    data hold is not for a renderer to read. Axes belong to the empty name.
    """
    found: defaultdict[str, Drawing] = defaultdict(Drawing)
    _walk(ElementTree.fromstring(svg), (0.0, 0.0), found, labels or {})  # noqa: S314  # our own renderer's
    return dict(found)


Place = tuple[float, float]


def _walk(
    element: ElementTree.Element, place: Place, found: defaultdict[str, Drawing], labels: Mapping[str, Sequence[str]]
) -> None:
    classes = element.get("class", "").split()
    if "background" in classes or "foreground" in classes or element.get("display") == "none":
        return
    if move := MOVE.fullmatch(element.get("transform", "")):
        place = (place[0] + float(move[1]), place[1] + float(move[2]))
    whose = element.get("aria-label", "") if element.get("role") == "graphics-symbol" else ""
    _take(element, place, found[whose], labels.get(whose))
    if (
        "cell" in classes or "root" in classes
    ):  # a row of the chart, or the chart: its place in the whole does not count
        for part in (part for child in element for part in child):
            _walk(part, (0.0, 0.0), found, labels)
    else:
        for child in element:
            _walk(child, place, found, labels)


def _take(element: ElementTree.Element, place: Place, drawing: Drawing, labels: Sequence[str] | None) -> None:
    """Add an element to a drawing when it is a mark."""
    kind = element.tag.rpartition("}")[2]
    if kind == "path":
        if name := COLOURS.get(element.get("fill", "")):
            drawing.paths[name].append(_path(element.get("d", ""), place))
    elif kind == "line":
        drawing.paths["a"].append(_line(element, place))
    elif kind == "text":
        text = element.text or ""
        shown = labels[int(text)] if labels is not None else text
        where = f"x={_number(place[0])} y={_number(place[1])}"
        drawing.texts[TEXT[element.get("text-anchor", "start")]].append(f"<text {where}>{escape(shown)}</text>")


def _path(d: str, place: tuple[float, float]) -> str:
    """Return a bar's outline (M, then h, v, Z) moved and rounded."""
    parts, absolute = [], 0
    for letter, number in TOKEN.findall(d):
        if letter:
            parts.append(letter.lower() if letter == "Z" else letter)
            absolute = 2 if letter == "M" else 0
        else:
            offset = place[2 - absolute] if absolute else 0.0
            text = _number(float(number) + offset)
            parts.append(f" {text}" if parts[-1][-1].isdigit() and not text.startswith("-") else text)
            absolute = max(0, absolute - 1)
    return "".join(parts)


def _line(element: ElementTree.Element, place: tuple[float, float]) -> str:
    across, down = (_number(float(element.get(name, 0))) for name in ("x2", "y2"))
    return f"M{_number(place[0])} {_number(place[1])}l{across} {down}"


def _number(value: float) -> str:
    """Return a coordinate to a tenth, as short as it can be."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def plain(text: str, most: int) -> str:
    """Return a text that fits a plot: no control characters, and cut when it is too long."""
    seen = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(each)[0] == "C" else each for each in text)
    return seen if len(seen) <= most else seen[: most - 1] + "…"
