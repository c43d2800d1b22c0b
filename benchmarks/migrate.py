"""How long a migration takes beside the least that it could take.

Drain (L): read a patient's rows that are not at 1.0 as a binary COPY stream. Floor: the same stream piped
straight into a table with the patient table's key, checks and indexes. Whole: `mediabase migrate --all`,
everything in, with process start apart: the time until the first export begins.
All in one run, on the servers of MEDIABASE_DSN, or on the embedded one with what `sandbox up` built.
Patients that are migrated already are removed from the target first.

Usage: python -m benchmarks.migrate --yes [--runs N] [--jobs N]
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from benchmarks.machine import describe_machine
from orchestrator.legacy.databases import discover
from orchestrator.postgres.connection import Servers, connect, servers
from orchestrator.settings import load

RESULTS = Path(__file__).parent / "results"
ROWS = "select transcript_id, expression_fold_change from public.cancer_transcript_base"
DRAIN = f"copy ({ROWS} where expression_fold_change is distinct from 1.0) to stdout (format binary)"
FLOOR_TABLE = """
create table benchmark.floor (
    transcript_id varchar(50) primary key,
    expression_fold_change double precision not null
        check (expression_fold_change <> 1.0)
        check (expression_fold_change > 0 and expression_fold_change < 'Infinity'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on benchmark.floor (expression_fold_change);
create index on benchmark.floor (updated_at desc);
"""
SAMPLE_SECONDS = 0.05


def drain(legacy: psycopg.Connection) -> float:
    """Return the seconds that reading one patient's rows takes."""
    started = time.perf_counter()
    with legacy.cursor().copy(DRAIN) as copy:
        for _ in copy:
            pass
    return time.perf_counter() - started


def floor(legacy: psycopg.Connection, target: psycopg.Connection) -> float:
    """Return the seconds that piping one patient's rows into a finished table takes, commit included."""
    target.execute("drop schema if exists benchmark cascade; create schema benchmark")
    target.commit()
    started = time.perf_counter()
    target.execute(FLOOR_TABLE)
    into = "copy benchmark.floor (transcript_id, expression_fold_change) from stdin (format binary)"
    with legacy.cursor().copy(DRAIN) as read, target.cursor().copy(into) as write:
        for block in read:
            write.write(block)
    target.commit()
    return time.perf_counter() - started


def measure_floor(where: Servers, databases: list[str]) -> tuple[float, float]:
    """Return drain and floor of all patients, in seconds."""
    drained = floored = 0.0
    with connect(where.target) as target:
        for database in databases:
            with connect(where.legacy, dbname=database) as legacy:
                drain(legacy)  # the file cache is warm for all that is measured
                drained += drain(legacy)
                floored += floor(legacy, target)
        target.execute("drop schema if exists benchmark cascade")
    return drained, floored


def forget_patients(where: Servers) -> None:
    """Remove every migrated patient and what the journal knows, so that the next run does all the work."""
    with connect(where.target, autocommit=True) as target:
        if target.execute("select to_regclass('migration.patient')").fetchone() == (None,):
            return
        for (schema,) in target.execute("select schema_name from migration.patient").fetchall():
            target.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(str(schema))))
        target.execute("truncate migration.patient, migration.event")
        target.execute("checkpoint")


def peak_memory(process: psutil.Process, peak: list[int], stop: threading.Event) -> None:
    """Keep in `peak` the largest resident size, in bytes, of the process and its children, servers apart."""
    while not stop.wait(SAMPLE_SECONDS):
        try:
            family = [process, *process.children(recursive=True)]
            ours = [each for each in family if "postgres" not in each.name()]
            peak[0] = max(peak[0], sum(each.memory_info().rss for each in ours))
        except psutil.NoSuchProcess:
            continue


def whole(where: Servers, jobs: int) -> dict[str, float]:
    """Run `mediabase migrate --all`; return its seconds, those of process start, and peak memory in MB."""
    forget_patients(where)
    peak, stop = [0], threading.Event()
    launched, started = time.time(), time.perf_counter()
    command = [
        str(Path(sys.executable).with_name("mediabase")),
        "migrate",
        "--all",
        "--json",
        "--jobs",
        str(jobs),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    sampler = threading.Thread(target=peak_memory, args=(psutil.Process(process.pid), peak, stop))
    sampler.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    stop.set()
    sampler.join()
    outcomes = json.loads(output)
    assert outcomes and all(outcome["result"] == "migrated" for outcome in outcomes), outcomes
    return {"whole": seconds, "start": process_start(where, launched), "memory_mb": peak[0] / 1e6}


def process_start(where: Servers, launched: float) -> float:
    """Return the seconds until the first export began; dbt is loaded beside the first exports, and not taken off."""
    with connect(where.target) as target:
        begun = target.execute(
            "select min(extract(epoch from at) - (detail ->> 'seconds')::float8)"
            " from migration.event where event = 'exported'"
        ).fetchone()
    return float(str(begun[0])) - launched  # type: ignore[index]


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--yes", action="store_true", help="do remove the migrated patients of this target")
    arguments = parser.parse_args()
    if not arguments.yes:
        parser.error("this removes every migrated patient from the target: say --yes")
    with servers(load({}).settings) as where:
        databases = [database.name for database in discover(where.legacy)]
        runs = []
        for number in range(arguments.runs):
            drained, floored = measure_floor(where, databases)
            run = {"drain": drained, "floor": floored, **whole(where, arguments.jobs)}
            run["ratio"] = (run["whole"] - run["start"]) / floored
            runs.append(run)
            print(
                f"run {number + 1}: " + ", ".join(f"{name} {value:.2f}" for name, value in run.items()),
                flush=True,
            )
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    print(f"{len(databases)} patients, {arguments.jobs} worker(s), medians of {len(runs)} runs:")
    print(f"  drain {medians['drain']:.2f} s, floor {medians['floor']:.2f} s")
    print(f"  whole {medians['whole']:.2f} s, of it process start {medians['start']:.2f} s")
    print(f"  (whole - start) / floor = {medians['ratio']:.2f}, peak memory {medians['memory_mb']:.0f} MB")
    result = {
        "machine": describe_machine(), "patients": len(databases), "jobs": arguments.jobs,
        "runs": runs, "medians": medians,
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "migrate.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
