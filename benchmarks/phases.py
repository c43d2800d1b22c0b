"""Where the time of a patient goes: each phase of a migration, by the clock and in processor time of us and the server.

On an embedded server of its own, with copies of the first demo patient (benchmarks/migrate.py). One worker's functions
are called in this process, batch after batch, so that nothing goes on beside them: staging, dbt, facts, and validation
with publication. Reading is looked at again on its own: each step in a session of its own for each legacy database.
Process start (imports, parsing, the first suite) is not in it.

Usage: python -m benchmarks.phases [--patients N] [--transcripts N] [--runs N] [--output FILE]
Example: python -m benchmarks.phases --patients 96 --transcripts 20000
"""

import argparse
import gc
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from psycopg import sql

from benchmarks.command import home_folder, mediabase
from benchmarks.machine import describe_machine
from benchmarks.migrate import copies, forget_patients
from orchestrator import journal
from orchestrator.cli.migrate import VALIDATION
from orchestrator.dbt import facts
from orchestrator.dbt.runner import Project, dbt_environment, parse_project
from orchestrator.legacy import survey
from orchestrator.legacy.databases import WIDE, LegacyDatabase, snapshot
from orchestrator.migration import batch, core
from orchestrator.migration.driver import batch_size
from orchestrator.migration.outcome import Options, Place
from orchestrator.migration.source import find
from orchestrator.migration.worker import COLLECT_AFTER
from orchestrator.postgres.connection import Servers, connect, resolve, servers
from orchestrator.settings import Settings
from orchestrator.validation import suites

RESULTS = Path(__file__).parent / "results"
OTHER_ROWS = """
select transcript_id::text, expression_fold_change from public.transcripts
where expression_fold_change is distinct from 1.0
"""
Figures = dict[str, dict[str, float]]


class Clock:
    """Milliseconds a patient of each phase: by the clock, of our processor time, and of the server's."""

    def __init__(self, patients: int, server: psutil.Process) -> None:
        """Measure phases of so many patients."""
        self.patients = patients
        self.server = server
        self.found: Figures = defaultdict(lambda: dict.fromkeys(("clock_ms", "ours_ms", "server_ms"), 0.0))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add what the block takes to a phase."""
        before = self._now()
        yield
        for figure, start, end in zip(self.found[name], before, self._now(), strict=True):
            self.found[name][figure] += 1000 * (end - start) / self.patients

    def _now(self) -> tuple[float, float, float]:
        of_server = self.server.cpu_times()
        spent = of_server.children_user + of_server.children_system
        for session in self.server.children():
            try:
                times = session.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += times.user + times.system
        return time.perf_counter(), time.process_time(), spent

    def timed(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, with what it takes added to a phase."""

        def within(*arguments: Any) -> Any:
            with self.phase(name):
                return act(*arguments)

        return within


def migrate_all(home: Path, where: Servers, databases: list[LegacyDatabase], project: Project, clock: Clock) -> None:
    """Do with these what workers and driver do, one after the other."""
    with journal.locked(where.target) as lock, connect(where.target, autocommit=True) as target:
        run_id = journal.start_run(lock, "benchmark", {})
        journal.discover(lock, run_id, databases)
        place = Place(where.target, where.legacy, run_id, home / "dbt")
        target.execute("set synchronous_commit = off")  # as a worker does
        size = batch_size(len(databases), 1)
        for start in range(0, len(databases), size):
            some = databases[start : start + size]
            with clock.phase("export"):
                staged = batch.stage_batch(place, some, Options(), target, lambda _: None)
            with clock.phase("build"):
                batch.build_batch(place, project, staged, Options(), target, lambda _: None)
            with clock.phase("validate and publish"):
                outcomes = batch.finish_batch(lock, run_id, staged, VALIDATION)
            assert len(outcomes) == len(some) and {each.result for each in outcomes} == {"migrated"}, outcomes
        journal.finish_run(lock, run_id, 0)


def read_all(where: Servers, databases: list[LegacyDatabase]) -> dict[str, float]:
    """Return the milliseconds of each step of reading a legacy database, by the clock, as medians over all."""
    found: dict[str, list[float]] = defaultdict(list)
    for database in databases:
        started = time.perf_counter()

        def step(name: str, started: float) -> float:
            found[name].append(1000 * (time.perf_counter() - started))
            return time.perf_counter()

        with snapshot(where.legacy, database.name) as legacy:
            started = step("connect, lock", started)
            survey.value_tables(legacy)
            started = step("which tables there are", started)
            survey.fingerprint(legacy, WIDE)
            started = step("compare ids", started)
            survey.read_rows(legacy, WIDE, [])
            started = step("read the rows", started)
            survey.changed_rows(legacy, sql.SQL(OTHER_ROWS))
            step("compare the other table", started)
    return {name: statistics.median(taken) for name, taken in found.items()}


def measure(home: Path, where: Servers, patient_ids: list[str], project: Project) -> dict[str, Any]:
    """Return what one migration of all took."""
    forget_patients(where)
    (server,) = (
        each for each in psutil.process_iter()
        if each.name() == "postgres" and each.ppid() == 1 and str(home) in " ".join(each.cmdline())
    )  # fmt: skip
    clock = Clock(len(patient_ids), server)
    databases = [*find(where, None, patient_ids)[1]]
    run_models, work_out = batch.run_models, batch.work_out_facts
    batch.run_models = clock.timed("build: dbt", run_models)
    batch.work_out_facts = clock.timed("build: facts", work_out)
    try:
        migrate_all(home, where, databases, project, clock)
    finally:
        batch.run_models, batch.work_out_facts = run_models, work_out
    return {"phases": dict(clock.found), "reading_ms": read_all(where, databases)}


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of each figure."""
    phases, reading = ([run[part] for run in runs] for part in ("phases", "reading_ms"))
    return {
        "phases": {
            name: {figure: statistics.median(run[name][figure] for run in phases) for figure in phases[0][name]}
            for name in phases[0]
        },
        "reading_ms": {name: statistics.median(run[name] for run in reading) for name in reading[0]},
    }


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=96, help="e.g. 40")
    parser.add_argument("--transcripts", type=int, default=20_000, help="of the core, e.g. 78000")
    parser.add_argument("--runs", type=int, default=5, help="e.g. 3")
    parser.add_argument("--output", type=Path, default=RESULTS / "phases.json", help="file for the figures")
    arguments = parser.parse_args()
    gc.set_threshold(COLLECT_AFTER)
    with home_folder() as home, servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
        mediabase(home, "sandbox", "up", "--transcripts", arguments.transcripts)
        patient_ids = copies(where, arguments.patients)
        core.upgrade(where.target)
        os.environ.update(dbt_environment(resolve(where.target), home / "dbt" / "phases"))
        project = parse_project()
        with connect(where.target, autocommit=True) as target:
            facts.prepare_cohort(project, target, facts.CORE, facts.FACTS)
        suites.load()
        measure(home, where, patient_ids, project)  # the first has files and catalogs to read that later ones find
        runs = [measure(home, where, patient_ids, project) for _ in range(arguments.runs)]
    found = medians(runs)
    for name, figures in found["phases"].items():
        print(f"{name:<24}", ", ".join(f"{figure} {value:.1f}" for figure, value in figures.items()))
    for name, value in found["reading_ms"].items():
        print(f"  {name:<24} {value:.1f} ms")
    sizes = {"patients": arguments.patients, "transcripts": arguments.transcripts}
    result = {"machine": describe_machine(), **sizes, "runs": runs, "medians": found}
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
