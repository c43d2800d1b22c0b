"""A worker process: stages one batch while it builds the one before, and reports each patient."""

import gc
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import redirect_stdout
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from pathlib import Path
from queue import Queue
from typing import TypeVar

import psycopg

from orchestrator.dbt.facts import CORE, FACTS, prepare_cohort
from orchestrator.dbt.runner import Project, dbt_environment, parse_project
from orchestrator.errors import MediabaseError
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration.batch import build_batch, stage_batch
from orchestrator.migration.outcome import Built, Message, Options, Outcome, Place, Report
from orchestrator.postgres.connection import Connection, connect, resolve
from orchestrator.postgres.failures import describe_failure

SWITCH_SECONDS = 0.0005
"""A tenth of Python's own: while one thread parses, the other must not wait 5 ms for each message."""

COLLECT_AFTER = 100_000
"""New objects before Python looks for cycles among them; by its own default, 700. dbt makes millions at its start, and
files have hundreds of thousands of rows, none of which is in a cycle."""

LOST = "The connection to the target was lost."

Batch = Sequence[LegacyDatabase]
Staged = Queue[list[str] | None]
Send = Callable[[Message | None], None]
T = TypeVar("T")


def work(pipe: Pipe, place: Place, options: Options, number: int) -> None:
    """Migrate batches from `pipe` until there comes None; send every message, and None to ask for a batch.

    A process of its own, because dbt is not thread-safe; it ends with the driver. `number` keeps what dbt
    writes apart, and finds the parsed project that the last worker of that number left.
    """
    threading.Thread(target=_end_with_driver, daemon=True).start()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(COLLECT_AFTER)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # dbt tells of failures there, with values
        _work(pipe, place, options, number)


def _work(pipe: Pipe, place: Place, options: Options, number: int) -> None:
    try:
        target = resolve(place.target_dsn)
    except MediabaseError as error:  # the target went away since the driver connected
        for database in pipe.recv():
            pipe.send(Outcome(database.patient_id, "failed", str(error)))
        return
    os.environ.update(dbt_environment(target, place.artifacts / f"worker-{number}"))
    sending = threading.Lock()

    def send(message: Message | None) -> None:
        with sending:
            pipe.send(message)

    staged: Staged = Queue(maxsize=1)
    project: Future[Project] = Future()
    # Daemons, so that a fault in any thread ends the process, which the driver sees.
    threading.Thread(target=_parse, args=(project,), daemon=True).start()
    threading.Thread(target=_stage, args=(pipe.recv, send, place, options, staged), daemon=True).start()
    is_prepared = False
    while patient_ids := staged.get():
        is_prepared = _build(send, place, options, project, patient_ids, is_prepared)
    pipe.close()  # the driver does not wait for Python to take dbt apart


def _parse(project: Future[Project]) -> None:
    try:
        project.set_result(parse_project())
    except Exception as error:
        project.set_exception(error)


def _stage(receive: Callable[[], Batch | None], send: Send, place: Place, options: Options, staged: Staged) -> None:
    """Stage batch after batch; each is handed on when the build of the one before has begun."""
    try:
        while batch := receive():
            patient_ids = [database.patient_id for database in batch]
            stage = partial(stage_batch, place, batch, options)
            if ready := _guarded(send, place, patient_ids, stage):
                staged.put(ready)
            send(None)
    finally:
        staged.put(None)


def _build(
    send: Send, place: Place, options: Options, project: Future[Project], patient_ids: list[str], is_prepared: bool
) -> bool:
    """Build a batch; return whether schema cohort is prepared for the next one."""

    def build(target: Connection, report: Report) -> bool:
        if not is_prepared:
            prepare_cohort(project.result(), target, CORE, FACTS)
        build_batch(place, project.result(), patient_ids, options, target, report)
        return True

    return bool(_guarded(send, place, patient_ids, build))


def _guarded(send: Send, place: Place, patient_ids: Sequence[str], act: Callable[[Connection, Report], T]) -> T | None:
    """Act on a connection to the target; should that fail, report every patient that was not reported yet.

    What the journal holds of those stays true, and the next run goes on from there.
    """
    unreported = set(patient_ids)

    def report(message: Message) -> None:
        if isinstance(message, Built):
            unreported.difference_update(message.patient_ids)
        if isinstance(message, Outcome):
            unreported.discard(message.patient_id)
        send(message)

    try:
        with connect(place.target_dsn, autocommit=True) as target:
            # A crash of the server takes the last moments back as a whole; what publishes a patient waits for the disk.
            target.execute("set synchronous_commit = off")
            return act(target, report)
    except (MediabaseError, psycopg.Error) as error:
        code, message = describe_failure(error)
        reason = LOST if code.startswith(("08", "57P")) else message
        for patient_id in sorted(unreported):
            send(Outcome(patient_id, "failed", reason))
        return None


def _end_with_driver() -> None:
    """End this process when the driver is gone, so that two drivers never work at once."""
    driver = parent_process()
    if driver:
        wait([driver.sentinel])
        os._exit(1)
