"""A worker process: takes batches from the driver, and reports each patient back."""

import os
import threading
from collections.abc import Sequence
from multiprocessing import parent_process
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait

import psycopg

from orchestrator.dbt.runner import artifact_environment
from orchestrator.errors import MediabaseError
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration.batch import migrate_batch
from orchestrator.migration.core import core_ids
from orchestrator.migration.outcome import Options, Outcome, Place
from orchestrator.postgres.connection import connect, environment


def work(pipe: Pipe, place: Place, options: Options) -> None:
    """Migrate one batch after another until the driver sends None.

    A spawned process, because dbt is not thread-safe; its artifacts are its own.
    """
    threading.Thread(target=_die_with_driver, daemon=True).start()
    threading.Thread(target=_import_dbt, daemon=True).start()
    os.environ.update(artifact_environment(place.artifacts / str(os.getpid())))
    os.environ.update(environment(place.target_dsn))
    while (batch := pipe.recv()) is not None:
        _work_on(pipe, place, options, batch)
        pipe.send(None)


def _work_on(pipe: Pipe, place: Place, options: Options, batch: Sequence[LegacyDatabase]) -> None:
    reported: set[str] = set()

    def report(message: object) -> None:
        if isinstance(message, Outcome):
            reported.add(message.patient_id)
        pipe.send(message)

    try:
        with connect(place.target_dsn, autocommit=True) as target:
            migrate_batch(place, target, core_ids(target), batch, options, report)
    except (MediabaseError, psycopg.Error) as error:
        # The target itself is away: what the journal holds is true, and the next run goes on from there.
        for database in batch:
            if database.patient_id not in reported:
                reason = (
                    str(error).strip().splitlines()[0]
                    if isinstance(error, MediabaseError)
                    else "connection lost"
                )
                pipe.send(Outcome(database.patient_id, "failed", f"The target server was lost ({reason})."))


def _die_with_driver() -> None:
    """End this process when the driver is gone, so that two drivers never work at once."""
    driver = parent_process()
    if driver:
        wait([driver.sentinel])
        os._exit(1)


def _import_dbt() -> None:
    """Import dbt while the first export waits for the server."""
    import dbt.cli.main  # noqa: F401
