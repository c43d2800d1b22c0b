"""How long a refresh of the cohort takes a patient, and a gene across all patients, as the cohort grows.

On an embedded server of its own, with a generated core or, with --core and --patients, one of files. Its patients are
migrated; the others are made up by benchmarks/cohort.sql, in the tables of the cohort and the journal only. At each
size the real patients are made stale and refreshed again: seconds a patient, and apart from that the seconds of
variability and VACUUM, which are of the whole cohort. A gene: the median of genes drawn with a fixed seed, as a reader
of the cohort asks, JSON of all patients and the way to this process included; variable: the first 20. Medians of the
runs, and a plot beside them.

Usage: python -m benchmarks.cohort [--runs N] [--cohorts 10,100,1000] [--transcripts N] [--core DIR --patients DIR]
"""

import argparse
import json
import random
import statistics
import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks.command import home_folder, mediabase
from benchmarks.machine import describe_machine
from orchestrator import journal
from orchestrator.access.roles import COHORT_READER
from orchestrator.cohort.read import Query, gene_query, variable_query
from orchestrator.cohort.refresh import refresh_stale
from orchestrator.postgres.connection import Connection, connect, servers
from orchestrator.settings import Settings

RESULTS = Path(__file__).parent / "results"
MADE_UP = Path(__file__).with_suffix(".sql").read_text().encode()
SEED = 9
GENES = 20
AT_ONCE = 50
BOUND_MS = 5.0
"""Of a gene across 1,000 patients."""
MAKE_STALE = "update cohort.cohort_member set digest = 'another' where not starts_with(patient_id, 'SYNTHETIC-')"
SOME_GENES = "select distinct gene_symbol from public.genes where gene_symbol <> '' order by 1"
SIZES = """
select
    (select count(*) from cohort.cohort_rows),
    pg_relation_size('cohort.cohort_rows'),
    pg_indexes_size('cohort.cohort_rows')
"""


def grow(target: Connection, before: int, patients: int, nth: int) -> None:
    """Make up patients until there are so many, then let index-only scans be that."""
    for first in range(before + 1, patients + 1, AT_ONCE):
        last = min(first + AT_ONCE - 1, patients)
        target.execute(MADE_UP, {"first": first, "last": last, "nth": nth})
    target.execute("vacuum analyze")


def refresh(dsn: str) -> dict[str, float]:
    """Refresh the real patients; return the seconds of what that is made of."""
    with journal.locked(dsn) as target:
        target.execute(MAKE_STALE)
        done = refresh_stale(target, lambda _: None, lambda _: None)
    if any(each.problem for each in done.patients) or not done.patients:
        raise SystemExit(f"The refresh failed: {done.patients}")
    return {
        "seconds_a_patient": sum(each.seconds for each in done.patients) / len(done.patients),
        "variability_seconds": done.variability_seconds,
        "vacuum_seconds": done.vacuum_seconds,
    }


def milliseconds(dsn: str, queries: list[Query]) -> float:
    """Return the median of these queries, as a reader of the cohort asks them in a session that is warm."""
    found = []
    with connect(dsn, autocommit=True) as target:
        target.execute(f"set role {COHORT_READER}; set jit = off".encode())
        for query in [queries[0], *queries]:
            started = time.perf_counter()
            target.execute(*query).fetchall()
            found.append(1000 * (time.perf_counter() - started))
    return statistics.median(found[1:])


def draw(figures: dict[str, dict[str, float]], path: Path) -> None:
    """Draw how both grow with the cohort."""
    import altair as alt

    def plot(name: str, title: str) -> alt.Chart:
        values = [{"patients": int(patients), "value": each[name]} for patients, each in figures.items()]
        return (
            alt.Chart(alt.Data(values=values), width=300, height=200)
            .mark_line(point=True)
            .encode(
                x=alt.X("patients:Q", title="patients in the cohort", scale=alt.Scale(type="log")),
                y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=True)),
            )
        )

    bound = alt.Chart(alt.Data(values=[{"value": BOUND_MS}])).mark_rule(strokeDash=[4, 4]).encode(y="value:Q")
    gene = plot("gene_milliseconds", "a gene across all patients, ms") + bound
    (plot("seconds_a_patient", "refresh of a patient, s") | gene).save(str(path))


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cohorts", default="10,100,1000")
    parser.add_argument("--transcripts", type=int, default=20_000)
    parser.add_argument("--nth", type=int, default=4, help="Of a made up patient every so many transcripts changed.")
    parser.add_argument("--core", type=Path)
    parser.add_argument("--patients", type=Path)
    parser.add_argument("--output", type=Path, default=RESULTS / "cohort.json")
    arguments = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    raw: dict[str, list[dict[str, float]]] = {}
    real: list[int] = []
    with home_folder() as home, servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
        if arguments.core:
            files = ["--core", arguments.core.absolute(), "--patients", arguments.patients.absolute()]
        else:
            files = ["--transcripts", arguments.transcripts]
        mediabase(home, "sandbox", "up", *files)
        mediabase(home, "migrate", "--all", "--jobs", 2, codes=(0, 3))
        done = json.loads(mediabase(home, "cohort", "refresh", "--json"))
        real = [each["rows"] for each in done["patients"]]
        before = 0
        for patients in map(int, arguments.cohorts.split(",")):
            with connect(where.target, autocommit=True) as target:
                grow(target, before, patients - len(real), arguments.nth)
                before = max(before, patients - len(real))
                symbols = [str(symbol) for (symbol,) in target.execute(SOME_GENES).fetchall()]
            drawn = random.Random(SEED).sample(symbols, min(GENES, len(symbols)))  # noqa: S311
            runs = [
                {
                    **refresh(where.target),
                    "gene_milliseconds": milliseconds(where.target, [gene_query(each) for each in drawn]),
                    "variable_milliseconds": milliseconds(where.target, [variable_query(20)] * GENES),
                }
                for _ in range(arguments.runs)
            ]
            with connect(where.target, autocommit=True) as target:
                rows, table_bytes, index_bytes = map(int, map(str, target.execute(SIZES).fetchone() or ()))
            raw[str(patients)] = runs
            medians = {name: round(statistics.median(run[name] for run in runs), 4) for name in runs[0]}
            figures[str(patients)] = {
                **medians, "rows": rows, "table_bytes": table_bytes, "index_bytes": index_bytes,
            }  # fmt: skip
            print(
                f"{patients:>6,} patients, {rows:>12,} rows: "
                f"refresh {medians['seconds_a_patient']:.3f} s a patient, "
                f"variability {medians['variability_seconds']:.1f} s, "
                f"vacuum {medians['vacuum_seconds']:.1f} s; a gene {medians['gene_milliseconds']:.2f} ms, "
                f"most variable {medians['variable_milliseconds']:.2f} ms"
            )
    result = {
        "machine": describe_machine(),
        "transcripts": None if arguments.core else arguments.transcripts,
        "rows_of_real_patients": real,
        "cohorts": figures,
        "runs": raw,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")
    if find_spec("vl_convert"):
        draw(figures, arguments.output.with_suffix(".svg"))


if __name__ == "__main__":
    main()
