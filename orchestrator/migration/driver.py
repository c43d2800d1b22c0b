"""The driver: decides what to migrate, hands batches to workers, and sums up."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from math import ceil
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import cast

from orchestrator import journal
from orchestrator.errors import ExitCode, MediabaseError, worst
from orchestrator.legacy.access import administer, operator
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration import core
from orchestrator.migration.batch import finish_batch, stage
from orchestrator.migration.export import clear, give_back
from orchestrator.migration.legacy_access import Site, lock_one
from orchestrator.migration.manifest import Manifest, read_manifest, store_manifest, update_metadata
from orchestrator.migration.outcome import Built, Message, Options, Outcome, Place, Progress, Report, Validation
from orchestrator.migration.retire import retire_for
from orchestrator.migration.source import find
from orchestrator.migration.worker import work
from orchestrator.postgres.connection import Connection, Servers

EDITED = "Its metadata was edited in v0.6.0 and stays; the manifest was not applied."
MIN_BATCH = 4
MAX_BATCH = 64
"""Patients in one dbt call and one suite: enough to spread what these cost whatever they are about (0.35 s of a
processor), and few enough for staging to stay small."""


def migrate(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    options: Options,
    jobs: int,
    artifacts: Path,
    manifest: Path | None,
    csv: Path | None,
    validation: Validation,
    begin: Callable[[int], None],
    report: Report,
) -> list[Outcome]:
    """Migrate the named patients, or all, from their databases or from the folder `csv` of an export.

    Returns what became of each, in no order. `begin` is told how many there are, `report` what happens to each, and
    `validation` says which of those that were built are published.
    Raises UsageError, RefusedError or LockedError before any patient is touched.
    """
    found, databases = find(servers, csv, patient_ids)
    facts = read_manifest(manifest, {database.patient_id for database in found}) if manifest else None
    said = {**asdict(options), "jobs": jobs, "csv": str(csv.absolute()) if csv else None}
    with _run(servers, "migrate", said, databases) as (lock, run_id, outcomes):
        if facts:
            store_manifest(lock, facts)
        begin(len(databases))
        if options.strategy == "clean":
            retire_for(lock, run_id)
        if options.strategy == "parallel":
            outcomes += _not_locked(lock, servers.legacy, run_id, databases, report)
            not_locked = {outcome.patient_id for outcome in outcomes}
            databases = [database for database in databases if database.patient_id not in not_locked]
        place = Place(servers.target, servers.legacy, run_id, artifacts)
        _move(lock, place, databases, options, jobs, validation, report, outcomes)
        return _with_facts(lock, facts, outcomes)


def bring_in(
    servers: Servers,
    uploads: Sequence[LegacyDatabase],
    facts: Manifest | None,
    options: Options,
    jobs: int,
    artifacts: Path,
    validation: Validation,
    begin: Callable[[int], None],
    report: Report,
    command: str = "import",
) -> list[Outcome]:
    """Make patients of files (Upload, Removed), as `migrate` does of databases, with the clinical `facts` about them.

    A patient that is there keeps its data, and its readers see that, until the new is in (with `options.force`).
    Of a file that failed before anything was built nothing stays but events.
    Raises what `migrate` raises.
    """
    said = {**asdict(options), "jobs": jobs}
    with _run(servers, command, said, uploads, is_import=True) as (lock, run_id, outcomes):
        if facts:
            store_manifest(lock, facts)
        begin(len(uploads))
        place = Place(servers.target, servers.legacy, run_id, artifacts)
        _move(lock, place, uploads, options, jobs, validation, report, outcomes)
        failed = [each.patient_id for each in outcomes if each.result == "failed"]
        clear(lock, failed)
        journal.forget_unbuilt(lock, failed)
        return _with_facts(lock, facts, outcomes)


def _move(
    lock: Connection,
    place: Place,
    databases: Sequence[LegacyDatabase],
    options: Options,
    jobs: int,
    validation: Validation,
    report: Report,
    outcomes: list[Outcome],
) -> None:
    """Stage, build, validate and publish these patients, in workers; add to `outcomes` what became of each."""
    known = journal.patients(lock, [database.patient_id for database in databases])
    if options.force or any(not patient.published_at for patient in known.values()):
        validation.warm_up()
    for message in _run_workers(lock, place, options, _batches(databases, jobs), jobs):
        for each in _finished(lock, place.run_id, message, validation, report):
            report(each)
            if isinstance(each, Outcome):
                outcomes.append(each)
    give_back(lock)


def _with_facts(lock: Connection, facts: Manifest | None, outcomes: list[Outcome]) -> list[Outcome]:
    """Put the facts into the metadata of patients that were not built again; return the outcomes with a note of it."""
    if facts is None:
        return outcomes
    unchanged = {each.patient_id for each in outcomes if each.result == "unchanged"}
    edited = update_metadata(lock, facts, unchanged)
    return [replace(each, message=EDITED) if each.patient_id in edited else each for each in outcomes]


def _not_locked(
    lock: Connection, legacy_dsn: str, run_id: int, databases: Sequence[LegacyDatabase], report: Report
) -> list[Outcome]:
    """Set these legacy databases to read only; return the outcomes of the patients for which that cannot be done."""
    outcomes = []
    with administer(legacy_dsn) as legacy:
        site = Site(lock, legacy, operator(legacy), run_id)
        for database in databases:
            if (done := lock_one(site, database)).result == "failed":
                journal.fail(lock, database.patient_id, "MB040", done.message)
                outcomes.append(Outcome(database.patient_id, "failed", done.message))
                report(outcomes[-1])
    return outcomes


def export(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    believe: str | None,
    begin: Callable[[int], None],
    report: Report,
) -> list[Outcome]:
    """Stage the named patients, or all, and leave building to dbt. Raises what `migrate` raises."""
    databases = find(servers, None, patient_ids)[1]
    with _run(servers, "export", {"believe": believe}, databases) as (lock, run_id, outcomes):
        begin(len(databases))
        ids = core.core_ids(lock)
        for database in databases:
            report(Progress(database.patient_id, "export"))
            clear(lock, [database.patient_id])
            outcomes.append(stage(servers.legacy, lock, run_id, database, ids, believe))
            report(outcomes[-1])
    return outcomes


def _finished(
    lock: Connection, run_id: int, message: Message, validation: Validation, report: Report
) -> Sequence[Progress | Outcome]:
    """Return what a worker's message says; where it says that patients are built, finish those."""
    if not isinstance(message, Built):
        return [message]
    for patient_id in message.patient_ids:
        report(Progress(patient_id, "validate"))
    return finish_batch(lock, run_id, message.patient_ids, validation)


@contextmanager
def _run(
    servers: Servers,
    command: str,
    options: dict[str, object],
    databases: Sequence[LegacyDatabase],
    *,
    is_import: bool = False,
) -> Iterator[tuple[Connection, int, list[Outcome]]]:
    """Hold the lock, with the core upgraded and the run in the journal; yield lock, run and its outcomes."""
    with journal.locked(servers.target) as lock:
        core.upgrade(servers.target)
        journal.refuse_taken_names(lock, databases, is_import=is_import)
        run_id = journal.start_run(lock, command, {**options, "patients": len(databases)})
        exit_code = ExitCode.FAILED
        outcomes: list[Outcome] = []
        try:
            journal.discover(lock, run_id, databases)
            yield lock, run_id, outcomes
            exit_code = worst([outcome.exit_code for outcome in outcomes])
        except KeyboardInterrupt:
            exit_code = ExitCode.INTERRUPTED
            raise
        except MediabaseError as error:
            exit_code = error.exit_code
            raise
        finally:
            journal.finish_run(lock, run_id, exit_code)


def batch_size(patients: int, jobs: int) -> int:
    """Return how many patients go into one batch: as few batches as keep workers busy, and two for a single one, which
    builds one while it stages the other."""
    return min(MAX_BATCH, max(MIN_BATCH, ceil(patients / max(2, jobs))))


def _batches(databases: Sequence[LegacyDatabase], jobs: int) -> list[Sequence[LegacyDatabase]]:
    size = batch_size(len(databases), jobs)
    return [databases[start : start + size] for start in range(0, len(databases), size)]


def _run_workers(
    lock: Connection,
    place: Place,
    options: Options,
    batches: list[Sequence[LegacyDatabase]],
    jobs: int,
) -> Iterator[Message]:
    """Yield every message of up to `jobs` workers until all batches are done; end them whatever happens."""
    waiting = deque(batches)
    workers: dict[Pipe, _Worker] = {}

    def next_batch() -> Sequence[LegacyDatabase]:
        lock.execute("select 1")  # a lock that was lost, with its connection, ends the run here
        return waiting.popleft()

    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                number = min(set(range(jobs)) - {worker.number for worker in workers.values()})
                worker = _start(place, options, number)
                workers[worker.pipe] = worker
                worker.take(next_batch())
            for ready in wait(list(workers)):
                worker = workers[cast(Pipe, ready)]
                yield from worker.messages()
                if worker.is_ready:
                    worker.take(next_batch() if waiting else None)
                if worker.has_ended:
                    del workers[worker.pipe]
    finally:
        for worker in workers.values():
            worker.process.terminate()
            worker.process.join()


class _Worker:
    """The driver's end of one worker process."""

    def __init__(self, number: int, process: SpawnProcess, pipe: Pipe) -> None:
        self.number = number
        self.process = process
        self.pipe = pipe
        self.unreported: set[str] = set()
        self.is_ready = False
        self.has_ended = False

    def take(self, batch: Sequence[LegacyDatabase] | None) -> None:
        """Hand over the next batch; None for no more."""
        self.is_ready = False
        self.unreported.update(database.patient_id for database in batch or ())
        with suppress(ConnectionError):  # it has died: the next read tells, with what it leaves behind
            self.pipe.send(batch)

    def messages(self) -> Iterator[Message]:
        """Yield the next message; of a process that is gone, a failure for each patient it leaves behind."""
        try:
            message = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.has_ended = True
            if self.unreported:
                self.process.join()
                reason = f"Its worker process ended unexpectedly (exit code {self.process.exitcode}): run again."
                yield from (Outcome(patient_id, "failed", reason) for patient_id in sorted(self.unreported))
            return
        if message is None:
            self.is_ready = True
            return
        if isinstance(message, Built):
            self.unreported.difference_update(message.patient_ids)
        if isinstance(message, Outcome):
            self.unreported.discard(message.patient_id)
        yield message


def _start(place: Place, options: Options, number: int) -> _Worker:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, place, options, number), daemon=True)
    # Python's resource tracker would have the last word after an interrupt: it says that it cleans up behind dbt.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    # A terminal interrupts every process; what it means is for the driver to decide, from the very start.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    theirs.close()
    return _Worker(number, process, ours)
