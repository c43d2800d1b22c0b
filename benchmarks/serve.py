"""How fast `mediabase serve` answers beside the same SQL under pgbench, and whether it lasts.

On an embedded server of its own, with the files of --core and up to three patients of --patients, moved. What is
measured: benchmarks/rate.py, then benchmarks/endurance.py, on one server with its defaults.

Usage: python -m benchmarks.serve --core DIR --patients DIR [--runs N] [--seconds N] [--minutes N] [--output FILE]
Example of a short try, of which the results in the repository know nothing, and which ends before memory has settled:
  python -m benchmarks.serve --core DIR --patients DIR --runs 2 --seconds 2 --minutes 1 --output /tmp/try.json
Needs wrk (Debian: apt-get install wrk). Ends with 1 when a bound is missed; the figures are kept all the same.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.command import mediabase
from benchmarks.endurance import MOST_GROWTH, endure
from benchmarks.machine import describe_machine
from benchmarks.rate import measure_rate
from orchestrator.postgres.connection import connect, servers
from orchestrator.settings import Settings

RESULTS = Path(__file__).parent / "results"
PREFERRED = "TCGA-AQ-A0Y5-01A"
"""The patient whose rate is measured, where there is one; otherwise the first."""
PATIENTS = 3
LEAST_RATIO = 0.4
PATIENCE_SECONDS = 60


def choose_patients(folder: Path, chosen: Path) -> list[str]:
    """Link a few of the files in `folder` into `chosen`; return the ids, the one whose rate is measured first."""
    files = {path.name.partition(".csv")[0]: path for path in sorted(folder.glob("*.csv*"))}
    ids = sorted(files, key=lambda patient_id: (patient_id != PREFERRED, patient_id))[:PATIENTS]
    chosen.mkdir()
    for patient_id in ids:
        (chosen / files[patient_id].name).symlink_to(files[patient_id].absolute())
    return ids


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, int]]:
    """Yield address and process id of `mediabase serve` with its defaults on a free port; its log is in `home`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEDIABASE_")}
    command = [str(Path(sys.executable).with_name("mediabase")), "--home", str(home), "serve", "--port", str(port)]
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_ready(address):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{' '.join(command)} does not answer: {(home / 'serve.log').read_text()}")
            time.sleep(0.1)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def is_ready(address: str) -> bool:
    """Tell whether the server at `address` can answer."""
    try:
        return httpx.get(f"{address}/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def tell(rate: dict[str, Any], endurance: dict[str, Any]) -> int:
    """Print the figures; return 1 when a bound is missed, else 0."""
    for name, median in rate["medians"].items():
        print(f"{name:<20} {median:9.2f}   {rate['lowest'][name]:.2f} to {rate['highest'][name]:.2f}")
    restart, memory = endurance["restart"], endurance["memory"]
    print(f"answers of {rate['answer_bytes']:,} bytes, {rate['connections']} connections, {rate['sessions']} sessions")
    print(f"{endurance['minutes']:g} minutes of mixed load: {endurance['answers']:,} answers, by status "
          f"{endurance['answers_by_status']}, {restart['streams_cut']} streams cut")  # fmt: skip
    print(f"PostgreSQL away for {restart['seconds_away']} s; from the stop, answered again after "
          f"{restart['seconds_until_answered']} s, last 503 after {restart['seconds_until_last_503']} s")  # fmt: skip
    print(
        f"memory {memory['settled_mb']} MB once settled, {memory['at_end_mb']} MB at the end: {memory['growth']:+.1%}"
    )
    missed = {
        f"less than {LEAST_RATIO:.0%} of pgbench's rate": rate["medians"]["ratio"] < LEAST_RATIO,
        "answers of the API that failed under wrk": rate["highest"]["api_errors"] > 0,
        f"answers that are not as they must be: {endurance['failures']}": bool(endurance["failures"]),
        f"routes that were not asked: {endurance['routes_missed']}": bool(endurance["routes_missed"]),
        "no answer after the restart": restart["seconds_until_answered"] is None,
        f"memory grew by more than {MOST_GROWTH:.0%}": memory["growth"] > MOST_GROWTH,
    }
    for text in (text for text, is_missed in missed.items() if is_missed):
        print(f"missed: {text}")
    return int(any(missed.values()))


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core", type=Path, required=True, help="as sandbox up --core, e.g. ../shared/realdata")
    parser.add_argument("--patients", type=Path, required=True, help="as sandbox up --patients")
    parser.add_argument("--runs", type=int, default=5, help="pairs of wrk and pgbench, e.g. 3")
    parser.add_argument("--seconds", type=int, default=15, help="of each run, e.g. 2")
    parser.add_argument("--minutes", type=float, default=10, help="of mixed load, e.g. 0.5")
    parser.add_argument("--output", type=Path, default=RESULTS / "serve.json", help="file for the figures")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk.")
    home = Path(tempfile.mkdtemp(prefix="mb-bench-", dir="/tmp"))
    home.chmod(0o711)
    try:
        ids = choose_patients(arguments.patients, home / "patients")
        with servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
            mediabase(home, "sandbox", "up", "--core", arguments.core.absolute(), "--patients", home / "patients")
            mediabase(home, "migrate", *ids, codes=(0, 3))
            mediabase(home, "report")
            mediabase(home, "dbt", "docs", "generate", "--static")
            with connect(where.target, autocommit=True) as target:
                target.execute("vacuum analyze")
            made = mediabase(home, "token", "create", "benchmark", "--all-patients", "--cohort", "--json")
            token = str(json.loads(made)["token"])
            with serving(home) as (address, process_id):
                rate = measure_rate(where.target, address, token, ids[0], arguments.runs, arguments.seconds)
                endurance = endure(home, address, process_id, token, ids, arguments.minutes)
    finally:
        shutil.rmtree(home)
    result = {"machine": describe_machine(), "runs": arguments.runs, "patients": ids, "rate": rate,
              "endurance": endurance}  # fmt: skip
    arguments.output.parent.mkdir(exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")
    sys.exit(tell(rate, endurance))


if __name__ == "__main__":
    main()
