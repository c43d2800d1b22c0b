"""What else moves a patient's database, on the same databases: seconds a patient, beside ours.

On Debian's PostgreSQL 15, because pgcopydb knows no newer release: a generated core, and copies of its first demo
patient. dump: `pg_dump -Fc` into `pg_restore`, of the whole database. pgcopydb: `pgcopydb clone` of it. rows: the
guide's way, psql to CSV and a row-wise insert. dbt process: `dbt run` of one patient that is staged. dbt loop: the same
by dbt's runner, parsed once. ours: `mediabase migrate`, everything in, without its start (benchmarks/migrate.py), with
one worker. The first three do none of the checks that ours does, the next two none of the export.

Usage: python -m benchmarks.peers [--patients N] [--transcripts N] [--runs N] [--output FILE]
Example: python -m benchmarks.peers --patients 5 --transcripts 78000
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.command import home_folder, mediabase
from benchmarks.debian import PROGRAMS, debian_server
from benchmarks.machine import describe_machine
from benchmarks.migrate import FLOOR_TABLE, copies, forget_patients, measure_floor, whole
from orchestrator.patient_id import LEGACY_PREFIX
from orchestrator.postgres.connection import Servers

RESULTS = Path(__file__).parent / "results"
GUIDE_QUERY = (
    "copy (select transcript_id, expression_fold_change as cancer_fold from cancer_transcript_base "
    "where expression_fold_change != 1.0) to stdout with csv header"
)


def run(*command: object, **options: object) -> None:
    """Run a program in a process group of its own, because pgcopydb ends all of its group when it fails."""
    subprocess.run(list(map(str, command)), check=True, capture_output=True, start_new_session=True, **options)  # type: ignore[call-overload]


def addresses(where: Servers) -> dict[str, str]:
    """Return the variables that lead the command to these servers."""
    return {"MEDIABASE_DSN": where.target, "MEDIABASE_LEGACY_DSN": where.legacy}


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def begin(dsn: str, name: str) -> None:
    """Have an empty database."""
    with psycopg.connect(f"{dsn} dbname=postgres", autocommit=True) as server:
        for statement in ("drop database if exists {}", "create database {} template template0"):
            server.execute(sql.SQL(statement).format(sql.Identifier(name)))


def dump(home: Path, dsn: str, database: str) -> None:
    """Copy a database by pg_dump and pg_restore, at once."""
    begin(dsn, "copied")
    with subprocess.Popen(
        [PROGRAMS / "pg_dump", "-Fc", "-d", f"{dsn} dbname={database}"], stdout=subprocess.PIPE
    ) as out:
        run(PROGRAMS / "pg_restore", "-d", f"{dsn} dbname=copied", stdin=out.stdout)


def pgcopydb(home: Path, dsn: str, database: str) -> None:
    """Copy a database by pgcopydb."""
    begin(dsn, "copied")
    source, target = (f"{dsn} dbname={name}" for name in (database, "copied"))
    folder = home / "pgcopydb"
    environment = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    run("pgcopydb", "clone", "--source", source, "--target", target, "--dir", folder, env=environment)
    shutil.rmtree(folder)


def rows(home: Path, dsn: str, database: str) -> None:
    """Write the CSV of the guide's script, and insert its rows one by one into a finished table."""
    path = home / "guide.csv"
    with path.open("w") as file:
        subprocess.run(
            [PROGRAMS / "psql", "-d", f"{dsn} dbname={database}", "-c", GUIDE_QUERY], check=True, stdout=file
        )
    with psycopg.connect(f"{dsn} dbname=mbase") as target, path.open() as file:
        target.execute("drop schema if exists benchmark cascade; create schema benchmark; set search_path = benchmark")
        target.execute(FLOOR_TABLE)
        into = "insert into floor (transcript_id, expression_fold_change) values (%s, %s)"
        for row in csv.DictReader(file):
            target.execute(into, [row["transcript_id"], float(row["cancer_fold"])])


def dbt_ways(home: Path, where: Servers, patient_ids: list[str], variables: dict[str, str]) -> dict[str, float]:
    """Return the seconds a patient of dbt processes, and of dbt's runner in a loop, on patients that are staged."""

    def stage() -> None:
        forget_patients(where)
        mediabase(home, "export", *patient_ids, **variables)

    stage()
    script = [sys.executable, "-m", "benchmarks.dbt_loop", where.target, home / "loop", *patient_ids]
    done = subprocess.run(list(map(str, script)), check=True, capture_output=True, text=True)
    stage()
    command = ("dbt", "--quiet", "run", "--select", "+path:models/patient", "--vars")
    processes = [
        timed(lambda each=each: mediabase(home, *command, f"patient_id={each}", **variables))  # type: ignore[misc]
        for each in patient_ids
    ]
    return {"dbt loop": statistics.median(json.loads(done.stdout)), "dbt process": statistics.median(processes)}


def measure(home: Path, dsn: str, where: Servers, patient_ids: list[str]) -> dict[str, float]:
    """Return the seconds a patient of each way."""
    ways: dict[str, Callable[[Path, str, str], None]] = {"dump": dump, "rows": rows}
    if shutil.which("pgcopydb"):
        ways["pgcopydb"] = pgcopydb
    database = LEGACY_PREFIX + patient_ids[0]
    variables = addresses(where)
    start, _ = whole(home, where, patient_ids[:1], 1, **variables)
    seconds, _ = whole(home, where, patient_ids, 1, **variables)
    found = {"ours": (seconds - start) / (len(patient_ids) - 1)}
    found |= {f"{name[:-3]}": value / 1000 for name, value in measure_floor(where, patient_ids).items()}
    found |= {name: timed(lambda way=way: way(home, dsn, database)) for name, way in ways.items()}  # type: ignore[misc]
    return found | dbt_ways(home, where, patient_ids, variables)


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=10, help="two or more, e.g. 5")
    parser.add_argument("--transcripts", type=int, default=78_000, help="of the core, e.g. 20000")
    parser.add_argument("--runs", type=int, default=5, help="e.g. 3")
    parser.add_argument("--output", type=Path, default=RESULTS / "peers.json", help="file for the figures")
    arguments = parser.parse_args()
    if not shutil.which("pgcopydb"):
        print("pgcopydb is left out: it is not installed (package pgcopydb).")
    with home_folder() as home, home_folder() as folder, debian_server(folder) as dsn:
        where = Servers(target=f"{dsn} dbname=mbase", legacy=f"{dsn} dbname=postgres")
        mediabase(home, "sandbox", "up", "--transcripts", arguments.transcripts, **addresses(where))
        patient_ids = copies(where, arguments.patients)
        runs = [measure(home, dsn, where, patient_ids) for _ in range(arguments.runs)]
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    for name, median in sorted(medians.items(), key=lambda each: each[1]):
        print(f"{name:<12} {median:7.3f} s   {median / medians['floor']:6.1f} times the floor")
    sizes = {"patients": arguments.patients, "transcripts": arguments.transcripts}
    result = {"machine": describe_machine(), **sizes, "postgresql": 15, "runs": runs, "medians": medians}
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
