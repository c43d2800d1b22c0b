"""How long it takes to import a table of 275,000 rows, beside reading it with the csv module and storing its rows.

On an embedded server of its own, with the core in the files of --core. The table is one of DESeq2: a row for every
transcript of the core, with its gene's symbol beside, in random order, values drawn with a fixed seed. Read: the file
through csv.reader. Floor: the rows that come out of it, by COPY into a finished table (benchmarks/migrate.py). Whole:
`mediabase patient import` of the table, from the moment at which the worker opens it until the patient is published, by
the journal's clock. Start: the same of a table with one row, just before, which is what dbt and Great Expectations take
to start, and one call of each; ratio_with_calls counts these calls to the table, too. Ratio: whole without start, in
times that reading and storing take together. The first import makes the journal and what is worked out of patients, and
does not count.

Usage: python -m benchmarks.imports --core DIR [--runs N] [--output FILE]
Example: python -m benchmarks.imports --core ../shared/realdata --runs 5
"""

import argparse
import csv
import json
import random
import shutil
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.command import mediabase
from benchmarks.machine import describe_machine
from benchmarks.migrate import FLOOR_TABLE
from orchestrator.postgres.connection import connect, servers
from orchestrator.settings import Settings

RESULTS = Path(__file__).parent / "results"
SEED = 8
HEADER = ["", "symbol", "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"]
BOUND = 2.0
"""Of the ratio."""
CLOCK = """
    select extract(epoch from published.at - exported.at) + (exported.detail ->> 'seconds')::float8
    from migration.event as exported
    inner join migration.event as published on exported.run_id = published.run_id
    where exported.event = 'exported' and published.event = 'published'
    order by exported.event_id desc limit 1
"""
STEPS = """
    select event, (detail ->> 'seconds')::float8 from migration.event
    where run_id = (select max(run_id) from migration.run) and detail ? 'seconds' order by event_id
"""


def write_table(target: psycopg.Connection, path: Path) -> int:
    """Write the table to import; return its rows."""
    rows = target.execute(
        "select transcript_id, gene_symbol from public.transcripts inner join public.genes using (gene_id) order by 1"
    ).fetchall()
    draw = random.Random(SEED)  # noqa: S311
    draw.shuffle(rows)
    with path.open("w", newline="") as file:
        table = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        table.writerow(HEADER)
        for transcript_id, symbol in rows:
            table.writerow([transcript_id, symbol, *(draw.gauss(0, 2) for _ in HEADER[2:])])
    return len(rows)


def read(path: Path) -> float:
    """Return the seconds that the csv module takes to read the file."""
    started = time.perf_counter()
    with path.open(newline="") as file:
        for _ in csv.reader(file):
            pass
    return time.perf_counter() - started


def floor(target: psycopg.Connection, schema: str) -> float:
    """Return the seconds that the imported rows take into a finished table, commit included."""
    out = sql.SQL(
        "copy (select transcript_id, expression_fold_change from {}.expression_data order by transcript_id) "
        "to stdout (format binary)"
    ).format(sql.Identifier(schema))
    with target.cursor().copy(out) as copy:
        blocks = [bytes(block) for block in copy]
    target.execute("drop schema if exists benchmark cascade; create schema benchmark; set search_path = benchmark")
    target.commit()
    started = time.perf_counter()
    target.execute(FLOOR_TABLE)
    into = "copy floor (transcript_id, expression_fold_change) from stdin (format binary)"
    with target.cursor().copy(into) as copy:
        for block in blocks:
            copy.write(block)
    target.commit()
    took = time.perf_counter() - started
    target.execute("drop schema benchmark cascade; reset search_path")
    target.commit()
    return took


def take(home: Path, target: psycopg.Connection, patient_id: str, path: Path) -> dict[str, float]:
    """Import a table as a new patient, and return the seconds of the whole and of each step."""
    mediabase(home, "patient", "import", patient_id, path, codes=(0, 3))
    (whole,) = target.execute(CLOCK).fetchone() or (0,)
    steps = target.execute(STEPS).fetchall()
    target.commit()
    return {"whole_seconds": float(whole), **{f"{event}_seconds": float(seconds) for event, seconds in steps}}


def measure(home: Path, where: str, number: int) -> dict[str, float]:
    """Import both tables, and return the seconds of each part, and the ratio."""
    with connect(where) as target:
        start, *calls = take(home, target, f"S{number}", home / "start.csv").values()
        parts = {"start_seconds": start, "calls_seconds": sum(calls)}
        parts |= take(home, target, f"B{number}", home / "table.csv")
        both = {"read_seconds": read(home / "table.csv"), "floor_seconds": floor(target, f"patient_b{number}")}
    rest = parts["whole_seconds"] - start
    ratios = {"ratio": rest / sum(both.values()), "ratio_with_calls": (rest + sum(calls)) / sum(both.values())}
    return {**parts, **both, **ratios}


def main() -> None:
    """Measure, print, and keep the figures; exit code 1 when the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core", type=Path, required=True, help="as sandbox up --core, e.g. ../shared/realdata")
    parser.add_argument("--runs", type=int, default=5, help="e.g. 2")
    parser.add_argument("--output", type=Path, default=RESULTS / "imports.json", help="file for the figures")
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="mb-bench-", dir="/tmp"))
    home.chmod(0o711)
    try:
        first = sorted((arguments.core / "patients").glob("*.csv.gz"))[0]
        (home / "patients").mkdir()
        shutil.copy(first, home / "patients")
        with servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
            mediabase(home, "sandbox", "up", "--core", arguments.core.absolute(), "--patients", home / "patients")
            with connect(where.target) as target:
                rows = write_table(target, home / "table.csv")
            with (home / "table.csv").open() as table:
                (home / "start.csv").write_text("".join(islice(table, 2)))
            runs = [measure(home, where.target, number) for number in range(arguments.runs + 1)][1:]
    finally:
        shutil.rmtree(home)
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    for name, median in medians.items():
        print(f"{name:<16} {median:6.2f}   {min(r[name] for r in runs):.2f} to {max(r[name] for r in runs):.2f}")
    result = {"machine": describe_machine(), "rows": rows, "runs": runs, "medians": medians}
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")
    if medians["ratio"] > BOUND:
        raise SystemExit(f"missed: more than {BOUND} times reading and storing")


if __name__ == "__main__":
    main()
