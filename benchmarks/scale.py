"""How the commands grow with the patients in one database: at 10, 100, 1,000 and 5,000 patient schemas.

On an embedded server of its own, with a generated core: a model patient with --rows fold changes that are not at 1.0 is
exported to CSV, and everybody is a copy of that file under another id, which `mediabase migrate --csv` brings in. The
database grows step by step. At each step, each of it in a process of its own, as an operator runs it:

migrate    --group new patients come to those that are there; they are taken away again by `rollback`, and others come.
           A patient: without start, which is the same of as few as give every worker a batch. Floor: the model's rows
           piped from its legacy database into a finished table (benchmarks/migrate.py), as often as there are patients
           in a group.
others     rerun (nothing has changed), validate, status, report, upgrade (of all patients to models with one column
           more, and to models that they follow), backup of the core, a thin archive of one patient, and pg_dump of the
           whole database, each with its seconds, the peak of our memory and of the server's locks.
API        the list, a search for one patient on the page, a patient's transcripts, and comparisons of two and of ten
           patients drawn anew for each request, by one client over HTTP.
catalog    after growing, as autovacuum has left it; then `vacuum (analyze)`, so that it is at rest afterwards.

Each --runs times, less often (three times at least) what takes more than a minute. The result is written after each
step. Exit code 1 when a patient costs more than 15 % more at the last step than at 100 (or else the first).

Usage: python -m benchmarks.scale [--steps N ...] [--transcripts N] [--rows N] [--group N] [--jobs N] [--runs N]
Example of a try: python -m benchmarks.scale --steps 10 40 --transcripts 2000 --rows 500 --group 20 --runs 2
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from psycopg import sql

from benchmarks.archive import program
from benchmarks.catalog import read_catalog, session_memory
from benchmarks.command import home_folder, mediabase
from benchmarks.growth_plot import draw
from benchmarks.machine import describe_machine
from benchmarks.migrate import MODEL, drop_aside, measure_floor
from benchmarks.next_version import upgrade_all, with_column
from benchmarks.patient_requests import measure_requests
from benchmarks.validate import multiply, name
from benchmarks.watch import Taken, watched, watching
from orchestrator.migration.driver import MIN_BATCH
from orchestrator.patient_id import LEGACY_PREFIX
from orchestrator.postgres.connection import Servers, connect, servers
from orchestrator.settings import Settings

RESULTS = Path(__file__).parent / "results"
STEPS = [10, 100, 1_000, 5_000]
BOUND = 1.15
"""Of a patient's cost at the last step, in times that at the step of 100."""
LONG_SECONDS = 60
LEAST_RUNS = 3
VALIDATED = 100
COPIED = "BENCH-MODEL"
NEWCOMERS = 90_000
"""Number of the first of those who come and go."""
ARCHIVED = MODEL.removeprefix(LEGACY_PREFIX)
SET_ROWS = """
update {table} as told set expression_fold_change = case
    when numbered.number <= %(rows)s then exp(((hashtext(told.transcript_id) %% 1000) + 0.5) / 400) else 1.0
end
from (
    select transcript_id, row_number() over (order by hashtext(transcript_id), transcript_id) as number from {table}
) as numbered
where told.transcript_id = numbered.transcript_id
"""
FORGET = b"""
delete from migration.event where patient_id in (select patient_id from migration.patient where state = 'rolled_back');
delete from migration.patient where state = 'rolled_back';
checkpoint
"""

Runs = dict[str, list[Taken]]


@dataclass(frozen=True)
class Bench:
    """Where it is measured, and how."""

    home: Path
    where: Servers
    csv: Path
    """Folder of the model's export."""
    token: str = field(repr=False)
    group: int
    jobs: int
    runs: int

    def run(self, *arguments: object) -> Taken:
        """Run a command; return what it took."""
        return watched(self.home, self.where.target, *arguments)

    def migrate(self, numbers: range) -> Taken:
        """Bring in patients, or find that they are there."""
        csv = multiply(self.csv, numbers)
        return self.run("migrate", "--all", "--csv", csv, "--jobs", self.jobs)

    def repeat(self, *arguments: object) -> list[Taken]:
        """Run a command as often as is wanted, or often enough when it takes long."""
        return self.repeat_all(lambda: self.run(*arguments))

    def repeat_all(self, act: Callable[[], Taken]) -> list[Taken]:
        """Do the same with what is not a command."""
        done: list[Taken] = []
        while len(done) < self.runs and not (len(done) >= LEAST_RUNS and done[-1]["seconds"] > LONG_SECONDS):
            done.append(act())
        return done


def make_model(home: Path, where: Servers, rows: int) -> Path:
    """Make the model's legacy database and export it; return the folder."""
    made = sql.Identifier(LEGACY_PREFIX + COPIED)
    with connect(where.legacy, autocommit=True) as legacy:
        legacy.execute(sql.SQL("create database {} template {}").format(made, sql.Identifier(MODEL)))
    with connect(where.legacy, dbname=LEGACY_PREFIX + COPIED, autocommit=True) as database:
        for table in ("cancer_transcript_base", "transcripts"):
            database.execute(sql.SQL(SET_ROWS).format(table=sql.Identifier(table)), {"rows": rows})
        database.execute("vacuum (full, analyze)")
    mediabase(home, "export", COPIED, "--csv", home / "csv")
    return home / "csv"


def grow(bench: Bench, before: int, patients: int) -> dict[str, Any]:
    """Bring in patients until there are so many; return what that took, the catalog then, and bring it to rest."""
    took = bench.migrate(range(before, patients))
    catalog = read_catalog(bench.where.target)
    with connect(bench.where.target, autocommit=True) as target:
        started = time.perf_counter()
        target.execute("vacuum (analyze)")
        vacuum_seconds = time.perf_counter() - started
        target.execute("checkpoint")
    grown = {"patients": patients - before, **took, "patient_ms": 1000 * took["seconds"] / (patients - before)}
    return {"growth": grown, "vacuum_seconds": vacuum_seconds,
            "catalog_before_vacuum": catalog, "catalog": read_catalog(bench.where.target)}  # fmt: skip


def measure_groups(bench: Bench) -> Runs:
    """Let groups of new patients come and go; return what that took, and what a patient did, by run."""
    found: Runs = defaultdict(list)
    few = bench.jobs * MIN_BATCH
    for run in range(bench.runs):
        first = NEWCOMERS + run * bench.group
        took = {}
        for what, numbers in (("few", range(NEWCOMERS - few, NEWCOMERS)), ("group", range(first, first + bench.group))):
            took[f"migrate {what}"] = bench.migrate(numbers)
            took[f"rollback {what}"] = bench.run("rollback", *map(name, numbers), "--discard")
            with connect(bench.where.target, autocommit=True) as target:
                target.execute(FORGET)
        for command, taken in took.items():
            found[command].append(taken)
        floor = measure_floor(bench.where, [COPIED] * bench.group)
        drop_aside(bench.where)
        migrate_ms, rollback_ms = (
            per_patient(took[f"{command} few"], took[f"{command} group"], bench.group - few)
            for command in ("migrate", "rollback")
        )
        found["a patient"].append(
            {"migrate_ms": migrate_ms, **floor, "ratio": migrate_ms / floor["floor_ms"], "rollback_ms": rollback_ms}
        )
    return found


def per_patient(few: Taken, many: Taken, more: int) -> float:
    """Return the milliseconds of each patient by which there are more; the few have those of process start."""
    return 1000 * (many["seconds"] - few["seconds"]) / more


def measure_commands(bench: Bench, patients: int) -> Runs:
    """Return what every other command took, by run."""
    some = [name(number) for number in range(min(patients, VALIDATED))]
    found: Runs = {
        "rerun one": bench.repeat_all(lambda: bench.migrate(range(1))),
        "rerun some": bench.repeat_all(lambda: bench.migrate(range(len(some)))),
        "validate one": bench.repeat("validate", some[0]),
        "validate some": bench.repeat("validate", *some),
        "validate all": bench.repeat("validate", "--all", "--json"),
        "status": bench.repeat("status"),
        "report": bench.repeat("report"),
        "upgrade": upgrades(bench, patients),
        "upgrade nothing": bench.repeat("patient", "upgrade", "--all"),
        "backup core": bench.repeat("backup", "--core"),
        "archive thin": bench.repeat("archive", ARCHIVED, "--thin"),
        "dump": bench.repeat_all(lambda: dump(bench)),
    }
    for what in ("rerun", "validate"):
        pairs = zip(found[f"{what} one"], found[f"{what} some"], strict=True)
        found[f"a patient, {what}"] = [{"ms": per_patient(one, many, len(some) - 1)} for one, many in pairs]
    (bench.home / "mediabase-report.html").unlink()
    return found


def upgrades(bench: Bench, patients: int) -> list[Taken]:
    """Return what it took to give every patient one more column, another in each run."""
    names = (f"of_{patients}_{run}" for run in range(bench.runs))

    def upgrade() -> Taken:
        project = with_column(bench.home / "next-version", next(names))
        with watching(bench.where.target) as taken:
            upgrade_all(bench.home, project)
        return taken

    return bench.repeat_all(upgrade)


def dump(bench: Bench) -> Taken:
    """Dump the whole database, every patient included, as an operator would; return what that took."""
    path = bench.home / "whole.dump"
    with watching(bench.where.target) as taken:
        program("pg_dump", bench.where.target, "-Fc", "-Z1", "-f", path, "mbase")
    taken["bytes"] = path.stat().st_size
    path.unlink()
    return taken


def medians(runs: Runs) -> dict[str, dict[str, float]]:
    """Return the median of each figure."""
    return {
        what: {figure: statistics.median(run[figure] for run in found) for figure in found[0]}
        for what, found in runs.items()
    }


def measure(bench: Bench, before: int, patients: int, step: dict[str, Any]) -> None:
    """Grow to so many patients, and put into `step` all that is measured then."""
    step |= grow(bench, before, patients)
    ids = [name(number) for number in range(patients)]
    step["session_memory_mb"] = session_memory(bench.where.target, ids)
    runs = measure_groups(bench) | measure_commands(bench, patients)
    runs |= measure_requests(bench.home, bench.token, ids, bench.runs)
    disk = {f"{what}_mb": step["catalog"][f"{what}_bytes"] / 1e6 for what in ("catalog", "patient", "database")}
    runs["at rest"] = [{**disk, "vacuum_seconds": step["vacuum_seconds"]}]
    step |= {"runs": runs, "medians": medians(runs)}


def tell(patients: int, step: dict[str, Any]) -> None:
    """Print the medians of a step, a line each."""
    growth = step["growth"]
    print(
        f"{patients:,} patients, {growth['patients']:,} of them new: {growth['patient_ms']:.1f} ms each, start included"
    )
    for what, figures in step["medians"].items():
        print(f"  {what:<24}", ", ".join(f"{figure} {value:,.2f}" for figure, value in figures.items()))
    print(flush=True)


def grows(steps: dict[str, dict[str, Any]]) -> float:
    """Return what a patient costs at the last step, in times that at 100, or else the first."""
    costs = {patients: step["medians"]["a patient"]["migrate_ms"] for patients, step in steps.items()}
    return float(list(costs.values())[-1] / costs.get("100", next(iter(costs.values()))))


def main() -> None:
    """Measure, print, and keep the figures; exit code 1 when the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=STEPS, help="numbers of patients, e.g. 10 100")
    parser.add_argument("--transcripts", type=int, default=20_000, help="of the core, e.g. 2000")
    parser.add_argument("--rows", type=int, default=5_000, help="of a patient that are not at 1.0, e.g. 500")
    parser.add_argument("--group", type=int, default=100, help="new patients at a time, over four a worker, e.g. 20")
    parser.add_argument("--jobs", type=int, default=2, help="e.g. 1")
    parser.add_argument("--runs", type=int, default=5, help="e.g. 3")
    parser.add_argument("--output", type=Path, default=RESULTS / "scale.json", help="file for the figures")
    arguments = parser.parse_args()
    told: dict[str, Any] = {each: getattr(arguments, each) for each in ("transcripts", "rows", "group", "jobs")}
    steps: dict[str, dict[str, Any]] = {}
    with home_folder() as home, servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
        mediabase(home, "sandbox", "up", "--transcripts", arguments.transcripts)
        csv = make_model(home, where, arguments.rows)
        mediabase(home, "migrate", ARCHIVED)
        mediabase(home, "backup", "--core")
        made = mediabase(home, "token", "create", "benchmark", "--all-patients", "--json")
        token = str(json.loads(made)["token"])
        bench = Bench(home, where, csv, token, arguments.group, arguments.jobs, arguments.runs)
        told["catalog_before"] = read_catalog(where.target)
        for before, patients in pairwise([0, *sorted(arguments.steps)]):
            step: dict[str, Any] = {}
            measure(bench, before, patients, step)
            steps[str(patients)] = step
            tell(patients, step)
            result = {"machine": describe_machine(), **told, "steps": steps}
            arguments.output.write_text(json.dumps(result, indent=2) + "\n")
    if find_spec("vl_convert"):
        draw(steps, arguments.output.with_suffix(".svg"))
    if (growth := grows(steps)) > BOUND:
        raise SystemExit(f"missed: a patient costs {growth:.2f} times what it did, more than {BOUND}")
    print(f"a patient costs {growth:.2f} times what it did")


if __name__ == "__main__":
    main()
