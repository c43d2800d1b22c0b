"""How large archives are and how long they take, beside pg_dump: thin ones, and dumps at several levels of compression.

On an embedded server of its own, with the files of --core and --patients. Every patient is moved, the core backed up;
then each patient is dumped by pg_dump -Fc at levels 1 and 9, and archived thin. Writing and verifying (restored on a
scratch server, every table's digest compared) are told apart; making and restoring the scratch server's core, once for
all patients, is printed apart, too. A restore of each dump says what its compression costs on the way back.

Usage: python -m benchmarks.archive --core DIR --patients DIR [--runs N]
"""

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from benchmarks.command import mediabase
from benchmarks.machine import describe_machine
from orchestrator.postgres.connection import connect, servers
from orchestrator.postgres.embedded import bundled_programs
from orchestrator.settings import Settings

RESULTS = Path(__file__).parent / "results"
LEVELS = (1, 9)
PREFIX = "mediabase_patient_"


def program(name: str, dsn: str, *arguments: object) -> float:
    """Run a PostgreSQL program on a server; return its seconds."""
    parts = conninfo_to_dict(dsn)
    command = [bundled_programs() / name, "-h", str(parts["host"]), "-U", str(parts["user"]), *map(str, arguments)]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def dump(dsn: str, database: str, level: int, folder: Path) -> dict[str, float]:
    """Dump a database at a level and restore it; return seconds and bytes."""
    path = folder / "dump"
    path.unlink(missing_ok=True)
    seconds = program("pg_dump", dsn, "-Fc", f"-Z{level}", "-f", path, database)
    with connect(dsn, dbname="postgres", autocommit=True) as server:
        server.execute("drop database if exists restored")
        server.execute("create database restored template template0")
        restoring = program("pg_restore", dsn, "-d", "restored", path)
        server.execute("drop database restored")
    return {"seconds": seconds, "bytes": path.stat().st_size, "restore_seconds": restoring}


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, required=True)
    parser.add_argument("--patients", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="mb-bench-", dir="/tmp"))
    home.chmod(0o711)
    runs: defaultdict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    try:
        with servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
            mediabase(home, "sandbox", "up", "--core", arguments.core.absolute(), "--patients",
                      arguments.patients.absolute())  # fmt: skip
            mediabase(home, "migrate", "--all", codes=(0, 3))
            mediabase(home, "backup", "--core")
            ids = sorted(path.name.partition(".csv")[0] for path in arguments.patients.glob("*.csv*"))
            for _ in range(arguments.runs):
                for patient_id in ids:
                    for level in LEVELS:
                        runs[patient_id, f"Z{level}"].append(dump(where.legacy, PREFIX + patient_id, level, home))
                for each in json.loads(mediabase(home, "archive", "--all", "--thin", "--json")):
                    runs[each["patient_id"], "thin"].append(
                        {"seconds": each["write_seconds"], "bytes": each["dump_bytes"],
                         "restore_seconds": each["verify_seconds"]}
                    )  # fmt: skip
    finally:
        shutil.rmtree(home)
    figures = {
        f"{patient_id} {way}": {name: statistics.median(run[name] for run in found) for name in found[0]}
        for (patient_id, way), found in sorted(runs.items())
    }
    for name, each in figures.items():
        print(f"{name:<40} {each['bytes'] / 1e6:8.2f} MB  written in {each['seconds']:6.2f} s, "
              f"restored in {each['restore_seconds']:6.2f} s")  # fmt: skip
    for patient_id in ids:
        thin, most, least = (figures[f"{patient_id} {way}"] for way in ("thin", "Z9", "Z1"))
        for level, other in (("-Z9", most), ("-Z1", least)):
            print(f"{patient_id}: {other['bytes'] / thin['bytes']:,.0f} times smaller than {level}, "
                  f"{other['seconds'] / thin['seconds']:.1f} times faster")  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    result = {"machine": describe_machine(), "runs": arguments.runs, **figures}
    (RESULTS / "archive.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
