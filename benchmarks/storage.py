"""What v0.5.0 and v0.6.0 take on disk, and how long backup and restore take: for 1, 10 and 100 patients.

On an embedded server of its own: a generated core, and copies of its first demo patient as legacy databases, which are
migrated step by step. v0.5.0 is the core and a database a patient; v0.6.0 is the core with all it has then, journal
and facts about patients included. Sizes are those of the databases as they are. At each step:

all, v0.5.0       pg_dump -Fc -Z1 and pg_restore of the core and every patient's database, one after the other
all, v0.6.0       the same of the one database
one, v0.5.0       the same of one patient's database
one, v0.6.0       pg_dump of one patient's schema; pg_restore in its place, once it was dropped
one, kept         `mediabase patient remove` and `--undo`, process start included
core              `mediabase backup --core`, restored and compared; the time to verify is that of the restore
all, thin         `mediabase archive --all --thin`, the same, by the sum of what each patient took

Nothing but the product's own is compared after it was restored. benchmarks/archive.py has real patients.

Usage: python -m benchmarks.storage [--steps N ...] [--transcripts N] [--runs N] [--output FILE]
Example of a try: python -m benchmarks.storage --steps 1 3 --transcripts 2000 --runs 2 --output /tmp/storage.json
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from psycopg import sql

from benchmarks.archive import PREFIX, dump, program
from benchmarks.command import home_folder, mediabase
from benchmarks.machine import describe_machine
from benchmarks.migrate import copies
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import CORE_DATABASE, Servers, connect, servers
from orchestrator.settings import Settings

RESULTS = Path(__file__).parent / "results"
LEVEL = 1
LONG_SECONDS = 300
LEAST_RUNS = 3
FORMER_CORE = "former_core"
"""A copy of the core as v0.5.0 has it."""
SIZE = "select sum(pg_database_size(datname))::bigint from pg_database where datname = any(%s)"

Figures = dict[str, float]


def sizes(where: Servers, patient_ids: list[str]) -> dict[str, int]:
    """Return the bytes of both versions with these patients, and of the core of v0.5.0."""
    names = {
        "v050_bytes": [FORMER_CORE, *(PREFIX + patient_id for patient_id in patient_ids)],
        "v060_bytes": [CORE_DATABASE],
        "core_bytes": [FORMER_CORE],
    }
    with connect(where.legacy, autocommit=True) as server:
        return {what: int(str((server.execute(SIZE, [those]).fetchone() or (0,))[0])) for what, those in names.items()}


def added(found: Iterable[Figures]) -> Figures:
    """Return the sum of each figure."""
    total: Figures = defaultdict(float)
    for figures in found:
        for figure, value in figures.items():
            total[figure] += value
    return dict(total)


def dump_schema(dsn: str, patient_id: str, folder: Path) -> Figures:
    """Dump a patient's schema, drop it, and restore it in its place; return seconds and bytes."""
    path, schema = folder / "schema", schema_name(patient_id)
    path.unlink(missing_ok=True)
    seconds = program("pg_dump", dsn, "-Fc", f"-Z{LEVEL}", "-n", schema, "-f", path, CORE_DATABASE)
    with connect(dsn, autocommit=True) as target:
        target.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
    restoring = program("pg_restore", dsn, "-d", CORE_DATABASE, path)
    return {"seconds": seconds, "bytes": path.stat().st_size, "restore_seconds": restoring}


def keep(home: Path, patient_id: str) -> Figures:
    """Remove a patient and bring it back; return seconds, and the bytes of what was kept. Nothing of it stays."""
    mediabase(home, "migrate", patient_id)
    started = time.perf_counter()
    (kept,) = json.loads(mediabase(home, "patient", "remove", patient_id, "--yes", "--json"))
    removed = time.perf_counter()
    mediabase(home, "patient", "remove", patient_id, "--undo")
    restored = time.perf_counter()
    mediabase(home, "patient", "remove", patient_id, "--yes")
    written = sum(path.stat().st_size for path in Path(kept["folder"]).iterdir())
    return {"seconds": removed - started, "bytes": written, "restore_seconds": restored - removed}


def backed_up(printed: str) -> Figures:
    """Return the sum of the backups that a command printed as JSON."""
    return added(
        {"seconds": each["write_seconds"], "bytes": each["dump_bytes"], "restore_seconds": each["verify_seconds"]}
        for each in json.loads(printed)
    )


def measure(home: Path, where: Servers, patient_ids: list[str], another: str) -> dict[str, Figures]:
    """Return what each way took once; `another` comes and goes."""
    one, *_ = patient_ids
    legacy = [FORMER_CORE, *(PREFIX + patient_id for patient_id in patient_ids)]
    return {
        "one, v0.5.0": dump(where.legacy, PREFIX + one, LEVEL, home),
        "one, v0.6.0": dump_schema(where.target, one, home),
        "one, kept": keep(home, another),
        "core": backed_up(mediabase(home, "backup", "--core", "--json")),
        "all, thin": backed_up(mediabase(home, "archive", *patient_ids, "--thin", "--json")),
        "all, v0.5.0": added(dump(where.legacy, database, LEVEL, home) for database in legacy),
        "all, v0.6.0": dump(where.target, CORE_DATABASE, LEVEL, home),
    }


def repeat(home: Path, where: Servers, patient_ids: list[str], another: str, runs: int) -> list[dict[str, Figures]]:
    """Measure as often as is wanted, or often enough when it takes long."""
    found: list[dict[str, Figures]] = []
    longest = 0.0
    while len(found) < runs and not (len(found) >= LEAST_RUNS and longest > LONG_SECONDS):
        started = time.perf_counter()
        found.append(measure(home, where, patient_ids, another))
        longest = max(longest, time.perf_counter() - started)
    return found


def tell(patients: int, step: dict[str, Any]) -> None:
    """Print the figures of a step."""
    before, after = (step["bytes"][f"{version}_bytes"] for version in ("v050", "v060"))
    print(f"{patients:,} patients: {before / 1e6:,.0f} MB in v0.5.0, {after / 1e6:,.0f} MB in v0.6.0")
    for way, each in step["medians"].items():
        print(f"  {way:<12} {each['bytes'] / 1e6:10.3f} MB  written in {each['seconds']:7.2f} s, "
              f"restored in {each['restore_seconds']:7.2f} s")  # fmt: skip
    print(flush=True)


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 10, 100], help="numbers of patients, e.g. 1 10")
    parser.add_argument("--transcripts", type=int, default=20_000, help="of the core, e.g. 2000")
    parser.add_argument("--runs", type=int, default=5, help="e.g. 3")
    parser.add_argument("--output", type=Path, default=RESULTS / "storage.json", help="file for the figures")
    arguments = parser.parse_args()
    steps: dict[str, dict[str, Any]] = {}
    with home_folder() as home, servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
        mediabase(home, "sandbox", "up", "--transcripts", arguments.transcripts)
        with connect(where.legacy, autocommit=True) as server:
            server.execute(f"create database {FORMER_CORE} template {CORE_DATABASE}".encode())
        *patient_ids, another = copies(where, max(arguments.steps) + 1)
        for patients in sorted(arguments.steps):
            some = patient_ids[:patients]
            mediabase(home, "migrate", *some, "--jobs", 2)
            step: dict[str, Any] = {"bytes": sizes(where, some)}
            runs = repeat(home, where, some, another, arguments.runs)
            step |= {"runs": runs, "medians": {
                way: {figure: statistics.median(run[way][figure] for run in runs) for figure in runs[0][way]}
                for way in runs[0]
            }}  # fmt: skip
            steps[str(patients)] = step
            tell(patients, step)
            result = {"machine": describe_machine(), "transcripts": arguments.transcripts, "steps": steps}
            arguments.output.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
