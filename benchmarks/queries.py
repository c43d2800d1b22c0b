"""How long queries take in v0.5.0 and in v0.6.0: the guide's pattern, the compatibility view, and what was migrated.

On an embedded server of its own, with the files of --core and two patients of --patients, both moved, everything
vacuumed. Each query of benchmarks/queries is run in turn on the legacy database and in each form of v0.6.0, with all of
its rows fetched; the first run, which fills the caches, does not count. A query about two patients has no v0.5.0 form.

Usage: python -m benchmarks.queries --core DIR --patients DIR [--runs N]
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.command import mediabase
from benchmarks.machine import describe_machine
from orchestrator.patient_id import legacy_database, schema_name
from orchestrator.postgres.connection import Connection, connect, servers
from orchestrator.queries.context import load_context
from orchestrator.queries.migrate import migrate_text
from orchestrator.queries.outcome import Options
from orchestrator.settings import Settings

QUERIES = Path(__file__).parent / "queries"
RESULTS = Path(__file__).parent / "results"
LEGACY, GUIDE, VIEW, MIGRATED = "v0.5.0", "guide's pattern", "view", "migrated"
SUFFIXES = {"v05": LEGACY, "guide": GUIDE, "view": VIEW}


def read_queries(patient: str, other: str) -> dict[str, dict[str, str]]:
    """Return the text of each query's forms."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(QUERIES.glob("*.sql")):
        name, form, _ = path.name.split(".")
        found[name][SUFFIXES[form]] = path.read_text().replace(":patient", patient).replace(":other", other)
    return found


def milliseconds(connection: Connection, query: str) -> float:
    """Run a query and fetch all of its rows; return how long that took."""
    started = time.perf_counter()
    connection.execute(query.encode()).fetchall()
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, required=True)
    parser.add_argument("--patients", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    patient, other = sorted(path.name.partition(".csv")[0] for path in arguments.patients.glob("*.csv*"))[:2]
    home = Path(tempfile.mkdtemp(prefix="mb-bench-", dir="/tmp"))
    home.chmod(0o711)
    try:
        with servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
            mediabase(home, "sandbox", "up", "--core", arguments.core.absolute(), "--patients",
                      arguments.patients.absolute())  # fmt: skip
            mediabase(home, "migrate", patient, other, codes=(0, 3))
            with (
                connect(where.target, autocommit=True) as target,
                connect(where.legacy, dbname=legacy_database(patient), autocommit=True) as legacy,
            ):
                figures = measure(legacy, target, patient, other, arguments.runs)
    finally:
        shutil.rmtree(home)
    for name, forms in figures.items():
        print(f"{name:<24}" + "  ".join(f"{form} {value:8.2f} ms" for form, value in forms.items()))
        if MIGRATED in forms:
            for form in (LEGACY, GUIDE, VIEW):
                print(f"{'':<24}{forms[form] / forms[MIGRATED]:8.1f} times as long as migrated: {form}")
    RESULTS.mkdir(exist_ok=True)
    result = {"machine": describe_machine(), "runs": arguments.runs, "patients": [patient, other],
              "milliseconds": figures}  # fmt: skip
    (RESULTS / "queries.json").write_text(json.dumps(result, indent=2) + "\n")


def measure(legacy: Connection, target: Connection, patient: str, other: str, runs: int) -> dict[str, dict[str, float]]:
    """Return the median of each query in each form, in milliseconds."""
    for connection in (legacy, target):
        connection.execute("vacuum analyze")
    context = load_context(target, patient)
    figures = {}
    for name, forms in read_queries(schema_name(patient), schema_name(other)).items():
        if LEGACY in forms:
            forms[VIEW] = forms[LEGACY]
            forms[MIGRATED] = migrate_text(forms[LEGACY], context, Options()).text
        found = defaultdict(list)
        target.execute(f"set search_path = {schema_name(patient)}, public".encode())
        for run in range(runs + 1):
            for form, query in forms.items():
                took = milliseconds(legacy if form == LEGACY else target, query)
                if run:
                    found[form].append(took)
        figures[name] = {form: round(statistics.median(each), 3) for form, each in found.items()}
    return figures


if __name__ == "__main__":
    main()
