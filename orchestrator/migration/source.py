"""Where a patient's rows come from: its legacy database, or its file in a CSV export."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from orchestrator.legacy import profile
from orchestrator.legacy.databases import LegacyDatabase, choose, snapshot
from orchestrator.legacy.profile import Prediction
from orchestrator.legacy.survey import CoreIds, Survey, read_rows, survey
from orchestrator.migration.csv_files import (
    PatientFile,
    choose_files,
    file_dispositions,
    patient_files,
    require_same_core,
    survey_file,
)
from orchestrator.migration.names import in_v060, legacy_databases
from orchestrator.migration.removed import Removed, take_removed
from orchestrator.migration.upload import Upload, predict_upload, take_upload
from orchestrator.postgres.connection import Connection, Servers
from orchestrator.postgres.copy import RowStream, Write

Read = Callable[[Write], RowStream]
"""Reads all rows from the first, and hands on their binary COPY stream block by block."""
Into = Callable[[Read], RowStream]
"""Has rows read into some place; called again when another surface is taken than the one read first."""


@dataclass(frozen=True)
class Origin:
    """What a patient is moved from."""

    digest: str
    system: str
    """Identifier of its server, as Survey has it."""
    taken_at: datetime
    """When it was read, by the clock of that server."""


def find(
    servers: Servers, csv: Path | None, asked: Sequence[str] | None
) -> tuple[Sequence[LegacyDatabase], Sequence[LegacyDatabase]]:
    """Return all patients of the legacy server, or of the folder `csv`, and the `asked` ones (None: all).

    Both with what the journal calls them. Raises what `choose`, `patient_files` and `choose_files` raise.
    """
    if csv:
        files = in_v060(servers.target, patient_files(csv))
        return files, choose_files(csv, files, asked)
    found = legacy_databases(servers)
    return found, choose(found, asked)


def take(legacy_dsn: str, database: LegacyDatabase, core: CoreIds, believe: str | None, into: Into) -> Survey:
    """Survey a patient, and read its rows `into` a place. Raises PatientError when it cannot be taken as it is."""
    if isinstance(database, PatientFile):
        return survey_file(database, core, into)
    if isinstance(database, Removed):
        return take_removed(database, core, into)
    if isinstance(database, Upload):
        return take_upload(database, core, into)

    def read(connection: Connection, surface: str, unknown: list[str]) -> RowStream:
        return into(partial(read_rows, connection, surface, unknown))

    with snapshot(legacy_dsn, database.name) as legacy:
        return survey(legacy, core, believe, read)


def identify(legacy_dsn: str, database: LegacyDatabase, core: CoreIds, believe: str | None) -> Origin:
    """Return what a patient would be moved from; that of a file stands in its manifest. Raises as `take`."""
    if isinstance(database, PatientFile):
        require_same_core(database, core)
        return Origin(database.entry.legacy_digest, database.entry.legacy_system, database.entry.exported_at)
    taken = take(legacy_dsn, database, core, believe, _nowhere)
    return Origin(taken.stream.digest, taken.system, taken.taken_at)


def predict(legacy_dsn: str, database: LegacyDatabase, core: CoreIds, believe: str | None) -> Prediction:
    """Return what a migration would make of a patient's rows. Raises as `take`."""
    if isinstance(database, PatientFile):
        taken = survey_file(database, core, _nowhere)
        counts = file_dispositions(database, taken.ids.unknown)
        return Prediction(taken.surface, counts, len(taken.ids.unknown), taken.ids.missing)
    if isinstance(database, Upload):
        return predict_upload(database, core)
    with snapshot(legacy_dsn, database.name) as legacy:
        return profile.predict(legacy, core, believe)


def _nowhere(read: Read) -> RowStream:
    return read(lambda _: None)
