"""What is kept of a patient that is removed: its rows and what is known about it, proven before anything is dropped."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg import sql

from orchestrator.errors import MediabaseError, PatientError, UsageError
from orchestrator.journal import Patient
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.legacy.survey import CoreIds, Ids, Survey
from orchestrator.migration.csv_files import measure, read_csv
from orchestrator.migration.manifest import COLUMNS, Manifest
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.copy import RowStream, Write, pack, write_csv
from orchestrator.postgres.statements import statement

FACTS, ROWS = "patient.json", "rows.csv"


@dataclass(frozen=True)
class Removed(LegacyDatabase):
    """A patient in the folder that was kept of it; `name` is what it was built from."""

    folder: Path
    facts: dict[str, Any]
    """What removed.sql reads, and size and sha256 of the rows."""

    @property
    def manifest(self) -> Manifest:
        """Return the clinical facts about it."""
        known = {name: str(value) for name, value in self.facts["facts"].items() if name in COLUMNS}
        return Manifest(["patient_id", *known], [{"patient_id": self.patient_id, **known}])


def keep(target: Connection, patient: Patient, place: Path, digest: str) -> Path:
    """Write everything of a patient into a new folder under `place`, read it again, and return the folder.

    In the caller's transaction, which has its tables locked. Raises MediabaseError unless what was read again has the
    `digest` of the patient's rows.
    """
    schema = sql.Identifier(patient.schema_name)
    row = target.execute(statement(__package__, "removed").format(schema=schema), {"patient_id": patient.patient_id})
    found: dict[str, Any] = (row.fetchone() or ({},))[0]  # type: ignore[assignment]
    folder = place / patient.patient_id / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    folder.mkdir(mode=0o700, parents=True)
    rows = sql.SQL(
        "select transcript_id::text as transcript_id, expression_fold_change from {0}.expression_data "
        "union all select transcript_id, expression_fold_change from {0}.quarantined_expression"
    ).format(schema)
    with _new_file(folder / ROWS) as file:
        write_csv(target, rows, None, file.write)
        file.flush()
        os.fsync(file.fileno())
    size, sha256 = measure(folder / ROWS)
    with _new_file(folder / FACTS) as file:
        file.write(json.dumps({**found, "bytes": size, "sha256": sha256}, indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    if pack(read_csv(folder / ROWS), lambda _: None).digest != digest:
        raise MediabaseError(f"What was written to {folder} is not what the patient has: nothing was removed.")
    return folder


def last_removed(place: Path, patient_id: str) -> Removed:
    """Return what was kept of a patient when it was last removed. Raises UsageError when there is nothing."""
    folders = sorted(path for path in (place / patient_id).glob("*") if (path / FACTS).exists())
    if not folders:
        raise UsageError(f"Nothing is kept of a patient {patient_id} in {place}.")
    try:
        facts = json.loads((folders[-1] / FACTS).read_bytes())
        return Removed(facts["source_database"], facts["patient_id"], folders[-1], facts)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{folders[-1] / FACTS} cannot be read, or is not what was written.") from error


def take_removed(removed: Removed, core: CoreIds, into: Callable[[Callable[[Write], RowStream]], RowStream]) -> Survey:
    """Read what was kept of a patient, and its rows `into` a place. Raises PatientError unless it is as it was."""
    facts, path = removed.facts, removed.folder / ROWS
    if measure(path) != (facts["bytes"], facts["sha256"]):
        raise PatientError("MB030", f"{path} is not what was written: its bytes are others.")
    known, duplicate = core.load(), set(facts["given"].get("duplicate", ()))
    unknown = [name for name, _ in read_csv(path) if name not in known and name not in duplicate]
    return Survey(
        surface=facts["surface"],
        surface_class=facts["surface_class"],
        ids=Ids(facts["legacy_rows"], unknown, facts["missing_rows"]),
        stream=into(lambda write: pack(read_csv(path), write)),
        taken_at=datetime.fromisoformat(facts["taken_at"]),
        system=facts["legacy_system"],
        file_format=facts["file_format"],
        details=facts["details"],
        given=facts["given"],
    )


def _new_file(path: Path) -> Any:
    path.touch(0o600, exist_ok=False)
    return path.open("wb")
