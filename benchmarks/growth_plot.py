"""Growth curves of benchmarks/scale.py: small multiples, both axes logarithmic."""

from pathlib import Path
from typing import Any

COLUMNS = 4
PLOTS = {
    "migrate a patient, ms": {"whole": ("a patient", "migrate_ms"), "floor": ("a patient", "floor_ms")},
    "roll back a patient, ms": {"": ("a patient", "rollback_ms")},
    "nothing changed, a patient, ms": {"": ("a patient, rerun", "ms")},
    "validate a patient, ms": {"": ("a patient, validate", "ms")},
    "validate --all, s": {"": ("validate all", "seconds")},
    "status, s": {"": ("status", "seconds")},
    "report, s": {"": ("report", "seconds")},
    "backup --core, s": {"": ("backup core", "seconds")},
    "archive a patient, thin, s": {"": ("archive thin", "seconds")},
    "pg_dump of all, s": {"": ("dump", "seconds")},
    "locks at a time": {
        "pg_dump of all": ("dump", "locks"), "backup --core": ("backup core", "locks"),
        "migrate": ("migrate group", "locks"), "report": ("report", "locks"),
        "validate --all": ("validate all", "locks"),
    },
    "our memory, MB": {
        "migrate": ("migrate group", "memory_mb"), "validate --all": ("validate all", "memory_mb"),
        "report": ("report", "memory_mb"), "status": ("status", "memory_mb"), "API": ("API", "memory_mb"),
    },
    "API list, ms": {"p50": ("API list", "p50_ms"), "p95": ("API list", "p95_ms")},
    "search on the page, ms": {"p50": ("page, search", "p50_ms"), "p95": ("page, search", "p95_ms")},
    "API compare of two, ms": {"p50": ("API compare 2", "p50_ms"), "p95": ("API compare 2", "p95_ms")},
    "API compare of ten, ms": {"p50": ("API compare 10", "p50_ms"), "p95": ("API compare 10", "p95_ms")},
    "on disk, MB": {"patients": ("at rest", "patient_mb"), "catalog": ("at rest", "catalog_mb")},
    "vacuum (analyze), s": {"": ("at rest", "vacuum_seconds")},
}  # fmt: skip
"""By title: lines by their names, each a median of a step by what it is of and its name."""


def draw(steps: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw all of them over the number of patients."""
    import altair as alt

    def plot(title: str, lines: dict[str, tuple[str, str]]) -> alt.Chart:
        values = [
            {"patients": int(patients), "value": step["medians"][what][figure], "of": line}
            for patients, step in steps.items()
            for line, (what, figure) in lines.items()
            if step["medians"][what][figure] > 0  # as the axis needs it; less is noise at small sizes
        ]
        chart = alt.Chart(alt.Data(values=values), width=200, height=140, title=title)
        log = alt.Scale(type="log", nice=False)
        return chart.mark_line(point=True).encode(
            x=alt.X("patients:Q", title="patients", scale=log, axis=alt.Axis(values=[int(each) for each in steps])),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(type="log")),
            color=alt.Color("of:N", title=None, legend=alt.Legend() if len(lines) > 1 else None),
        )

    plots = [plot(title, lines) for title, lines in PLOTS.items()]
    alt.concat(*plots, columns=COLUMNS).resolve_scale(color="independent").save(str(path))
