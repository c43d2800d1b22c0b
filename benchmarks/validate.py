"""How long `mediabase validate --all` takes a patient, after process start, and whether that grows with the cohort.

On an embedded server of its own, with a generated core or, with --core and --patients, one of files. A few patients are
migrated from legacy databases and exported to CSV; the cohort is made of copies of those files under other ids, which
`mediabase migrate --csv` brings in. Process start (Python, dbt, Great Expectations) is printed apart.

Usage: python -m benchmarks.validate [--runs N] [--cohorts 10,100,1000] [--transcripts N] [--core DIR --patients DIR]
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.command import mediabase
from benchmarks.machine import describe_machine
from orchestrator.postgres.connection import Connection, connect, servers
from orchestrator.settings import Settings

RESULTS = Path(__file__).parent / "results"
SECONDS = """
select sum((detail ->> 'seconds')::double precision) from migration.event
where run_id = (select max(run_id) from migration.run) and event = 'validated'
"""


def name(number: int) -> str:
    """Return the id of a patient of `multiply`."""
    return f"BENCH-{number:05}"


def multiply(folder: Path, numbers: range) -> Path:
    """Have a folder with a patient for each number out of an export's files, which they share; return it."""
    made = folder.parent / f"cohort-{numbers.start}-{numbers.stop}"
    if made.exists():
        return made
    made.mkdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    patients = []
    for number in numbers:
        entry = manifest["patients"][number % len(manifest["patients"])]
        patient_id = name(number)
        file = f"{patient_id}_fold_changes.csv"
        os.link(folder / entry["file"], made / file)
        database = f"mediabase_patient_{patient_id}"
        patients.append({**entry, "patient_id": patient_id, "source_database": database, "file": file})
    (made / "manifest.json").write_text(json.dumps({**manifest, "patients": patients}))
    return made


def validate(home: Path, target: Connection, patients: int) -> tuple[float, float]:
    """Validate all; return the milliseconds a patient after process start, and the seconds of process start."""
    started = time.perf_counter()
    mediabase(home, "validate", "--all", "--json")
    whole = time.perf_counter() - started
    (seconds,) = target.execute(SECONDS).fetchone() or (0.0,)
    return 1000 * float(str(seconds)) / patients, whole - float(str(seconds))


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cohorts", default="10,100,1000")
    parser.add_argument("--transcripts", type=int, default=20_000)
    parser.add_argument("--core", type=Path)
    parser.add_argument("--patients", type=Path)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="mb-bench-", dir="/tmp"))
    home.chmod(0o711)
    figures: dict[str, object] = {}
    try:
        with servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
            if arguments.core:
                files = ["--core", arguments.core.absolute(), "--patients", arguments.patients.absolute()]
            else:
                files = ["--transcripts", arguments.transcripts]
            mediabase(home, "sandbox", "up", *files)
            mediabase(home, "export", "--all", "--csv", home / "csv")
            for patients in map(int, arguments.cohorts.split(",")):
                csv = multiply(home / "csv", range(patients))
                mediabase(home, "migrate", "--all", "--csv", csv, "--jobs", 2, codes=(0, 3))
                with connect(where.target, autocommit=True) as target:
                    target.execute("vacuum analyze")
                    runs = [validate(home, target, patients) for _ in range(arguments.runs)]
                milliseconds = [run[0] for run in runs]
                median, start = statistics.median(milliseconds), statistics.median(run[1] for run in runs)
                figures[str(patients)] = {
                    "milliseconds_a_patient": round(median, 1),
                    "runs": [round(each, 1) for each in milliseconds],
                    "start_seconds": round(start, 2),
                }
                print(f"{patients:>6,} patients: {median:5.1f} ms a patient, after {start:.1f} s of start")
    finally:
        shutil.rmtree(home)
    result = {
        "machine": describe_machine(),
        "transcripts": None if arguments.core else arguments.transcripts,
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "validate.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
