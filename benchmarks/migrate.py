"""How long a migration takes a patient, beside the least that it could take.

On an embedded server of its own: a generated core, and copies of its first demo patient as legacy databases. Drain (L):
read a patient's rows that are not at 1.0 as a binary COPY stream. Floor: the same stream piped straight into a table
with the patient table's key, checks and indexes. Floors at once: what a patient takes when as many floors go on side by
side as there are jobs, which tells what a second processor is worth on this machine. Whole: `mediabase migrate` of all
patients, everything in, by the clock of whoever waits for it. Start: the same of as few patients as give every worker a
batch, which is what Python, dbt and Great Expectations take to start in each; the mean of one before and one after.
Ratio: whole without start, divided by the other patients, in times the floor of one. All in one run.

Usage: python -m benchmarks.migrate [--patients N] [--transcripts N] [--jobs N] [--runs N] [--output FILE]
Example: python -m benchmarks.migrate --patients 100 --transcripts 20000 --jobs 2
"""

import argparse
import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
from psycopg import sql

from benchmarks.command import home_folder, mediabase
from benchmarks.machine import describe_machine
from orchestrator.migration.driver import MIN_BATCH
from orchestrator.patient_id import LEGACY_PREFIX
from orchestrator.postgres.connection import Servers, connect, servers
from orchestrator.settings import Settings

RESULTS = Path(__file__).parent / "results"
BOUND = 1.3
"""Of the ratio."""
MODEL = "mediabase_patient_DEMO_HER2"
ROWS = "select transcript_id, expression_fold_change from public.cancer_transcript_base"
DRAIN = f"copy ({ROWS} where expression_fold_change is distinct from 1.0) to stdout (format binary)"
FLOOR_TABLE = """
create table floor (
    transcript_id varchar(50) primary key,
    expression_fold_change double precision not null
        check (expression_fold_change <> 1.0)
        check (expression_fold_change > 0 and expression_fold_change < 'Infinity'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on floor (expression_fold_change);
create index on floor (updated_at desc);
"""
SAMPLE_SECONDS = 0.05


def copies(where: Servers, count: int) -> list[str]:
    """Make copies of the model patient in place of the sandbox's patients; return their ids.

    Those are renamed, see `put_aside`.
    """
    patient_ids = [f"B{number:04}" for number in range(count)]
    with connect(where.legacy, autocommit=True) as legacy:
        for patient_id in patient_ids:
            made = sql.Identifier(LEGACY_PREFIX + patient_id)
            legacy.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(made, sql.Identifier(MODEL))
            )
        named = "select datname from pg_database where starts_with(datname, %s)"
        for (name,) in legacy.execute(named, [LEGACY_PREFIX + "DEMO"]).fetchall():
            aside = sql.Identifier(f"aside_{name}")
            legacy.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(str(name)), aside))
    return patient_ids


def drain(legacy: psycopg.Connection) -> float:
    """Return the seconds that reading one patient's rows takes."""
    started = time.perf_counter()
    with legacy.cursor().copy(DRAIN) as copy:
        for _ in copy:
            pass
    return time.perf_counter() - started


def floor(legacy: psycopg.Connection, target: psycopg.Connection) -> float:
    """Return the seconds that piping one patient's rows into a finished table takes, commit included."""
    aside = sql.Identifier(f"aside_{uuid4().hex}")
    target.execute(sql.SQL("create schema {0}; set search_path = {0}").format(aside))
    target.commit()
    started = time.perf_counter()
    target.execute(FLOOR_TABLE)
    into = "copy floor (transcript_id, expression_fold_change) from stdin (format binary)"
    with legacy.cursor().copy(DRAIN) as read, target.cursor().copy(into) as write:
        for block in read:
            write.write(block)
    target.commit()
    return time.perf_counter() - started


def floors(where: Servers, patient_ids: list[str]) -> list[float]:
    """Return the milliseconds of each patient's floor, one after the other."""
    found = []
    with connect(where.target) as target:
        for patient_id in patient_ids:
            with connect(where.legacy, dbname=LEGACY_PREFIX + patient_id) as legacy:
                found.append(1000 * floor(legacy, target))
    return found


def floors_at_once(where: Servers, patient_ids: list[str], jobs: int) -> float:
    """Return the milliseconds a patient of so many rows of floors side by side; the longest row counts."""
    rows = [patient_ids[start::jobs] for start in range(jobs)]
    with ThreadPoolExecutor(jobs) as pool:
        return max(map(sum, pool.map(partial(floors, where), rows))) / len(patient_ids)


def measure_floor(where: Servers, patient_ids: list[str]) -> dict[str, float]:
    """Return drain and floor of a patient, in milliseconds, as medians over all.

    One after the other, as a migration comes to them: in the file cache at best, and not in the server's own.
    """
    drained = []
    for patient_id in patient_ids:
        with connect(where.legacy, dbname=LEGACY_PREFIX + patient_id) as legacy:
            drained.append(1000 * drain(legacy))
    return {"drain_ms": statistics.median(drained), "floor_ms": statistics.median(floors(where, patient_ids))}


def put_aside(target: psycopg.Connection, schema: str) -> None:
    """Give a schema a name under which nobody looks for it.

    It is not dropped: an ext4 without a journal looks, for each new file, at all files deleted in the last minutes, and
    a migration does not begin after thousands were.
    """
    aside = sql.Identifier(f"aside_{uuid4().hex}")
    target.execute(sql.SQL("alter schema {} rename to {}").format(sql.Identifier(schema), aside))


def drop_aside(where: Servers) -> None:
    """Drop what was put aside."""
    with connect(where.target, autocommit=True) as target:
        for (name,) in target.execute("select nspname from pg_namespace where nspname ~ '^aside_'").fetchall():
            target.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(str(name))))


def forget_patients(where: Servers) -> None:
    """Put every migrated patient aside, and what the journal knows, so that the next run does all the work."""
    with connect(where.target, autocommit=True) as target:
        if target.execute("select to_regclass('migration.patient')").fetchone() == (None,):
            return
        for (schema,) in target.execute("select schema_name from migration.patient").fetchall():
            put_aside(target, str(schema))
        target.execute("truncate migration.patient, migration.event, migration.validation")
        target.execute("vacuum")
        target.execute("checkpoint")


def peak_memory(peak: list[int], stop: threading.Event) -> None:
    """Keep in `peak` the largest resident size, in bytes, of this process's children, servers and ourselves apart."""
    while not stop.wait(SAMPLE_SECONDS):
        size = 0
        for process in psutil.Process().children(recursive=True):
            try:
                size += 0 if "postgres" in process.name() else process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        peak[0] = max(peak[0], size)


def whole(home: Path, where: Servers, patient_ids: list[str], jobs: int, **variables: str) -> tuple[float, float]:
    """Migrate these patients; return the seconds that took, and the peak of memory in MB."""
    forget_patients(where)
    peak, stop = [0], threading.Event()
    sampler = threading.Thread(target=peak_memory, args=(peak, stop), daemon=True)
    sampler.start()
    started = time.perf_counter()
    outcomes = json.loads(mediabase(home, "migrate", *patient_ids, "--json", "--jobs", jobs, **variables))
    seconds = time.perf_counter() - started
    stop.set()
    sampler.join()
    assert len(outcomes) == len(patient_ids) and {each["result"] for each in outcomes} == {"migrated"}, outcomes
    return seconds, peak[0] / 1e6


def measure(home: Path, where: Servers, patient_ids: list[str], jobs: int) -> dict[str, float]:
    """Return all figures of one run."""
    first = jobs * MIN_BATCH
    before, _ = whole(home, where, patient_ids[:first], jobs)
    seconds, memory = whole(home, where, patient_ids, jobs)
    after, _ = whole(home, where, patient_ids[:first], jobs)
    start = (before + after) / 2
    run = measure_floor(where, patient_ids) | {"floors_at_once_ms": floors_at_once(where, patient_ids, jobs)}
    patient_ms = 1000 * (seconds - start) / (len(patient_ids) - first)
    run |= {"start_s": start, "whole_s": seconds, "patient_ms": patient_ms, "memory_mb": memory}
    return {**run, "ratio": patient_ms / run["floor_ms"]}


def shown(figures: dict[str, float]) -> str:
    """Return figures on one line."""
    return ", ".join(f"{name} {value:.2f}" for name, value in figures.items())


def main() -> None:
    """Measure, print and keep the figures; exit code 1 when the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=100, help="more than four a worker, e.g. 40")
    parser.add_argument("--transcripts", type=int, default=20_000, help="of the core, e.g. 78000")
    parser.add_argument("--jobs", type=int, default=2, help="e.g. 1")
    parser.add_argument("--runs", type=int, default=5, help="e.g. 3")
    parser.add_argument("--output", type=Path, default=RESULTS / "migrate.json", help="file for the figures")
    arguments = parser.parse_args()
    runs = []
    with home_folder() as home, servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
        mediabase(home, "sandbox", "up", "--transcripts", arguments.transcripts)
        patient_ids = copies(where, arguments.patients)
        whole(home, where, patient_ids, arguments.jobs)  # the first has files and catalogs to read that later ones find
        for number in range(arguments.runs):
            runs.append(measure(home, where, patient_ids, arguments.jobs))
            print(f"run {number + 1}:", shown(runs[-1]), flush=True)
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    print("medians:", shown(medians))
    sizes = {"patients": arguments.patients, "transcripts": arguments.transcripts, "jobs": arguments.jobs}
    result = {"machine": describe_machine(), **sizes, "runs": runs, "medians": medians}
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")
    if medians["ratio"] > BOUND:
        raise SystemExit(f"missed: more than {BOUND} times the floor")


if __name__ == "__main__":
    main()
