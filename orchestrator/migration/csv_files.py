"""Patients in the files of a CSV export: each checked against the manifest, and read as exactly as it was written."""

import csv
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import PatientError, RefusedError, UsageError
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.legacy.survey import CoreIds, Ids, Survey
from orchestrator.migration.csv_manifest import NAME, Entry, load
from orchestrator.patient_id import check, refuse_collisions
from orchestrator.postgres.copy import Row, RowStream, Write, pack

HEADER = ["transcript_id", "cancer_fold"]
AGAIN = "restore the file, or export the patient again"


@dataclass(frozen=True)
class PatientFile(LegacyDatabase):
    """A legacy database as its file in a CSV export holds it; `name` is that of the database."""

    path: Path
    entry: Entry


def patient_files(folder: Path) -> list[PatientFile]:
    """Return all patients of a CSV export. Raises what `csv_manifest.load` raises."""
    return [PatientFile(entry.source_database, entry.patient_id, folder / entry.file, entry) for entry in load(folder)]


def choose_files(folder: Path, found: Sequence[PatientFile], asked: Sequence[str] | None) -> list[PatientFile]:
    """Return the files of the `asked` patients (None: all).

    Raises UsageError for a patient that the export does not hold, RefusedError for a file that is a link out of the
    folder, and for ids that lead to one schema name.
    """
    by_id = {file.patient_id: file for file in found}
    wanted = list(by_id) if asked is None else [check(patient_id) for patient_id in dict.fromkeys(asked)]
    unknown = [patient_id for patient_id in wanted if patient_id not in by_id]
    if unknown or not wanted:
        named = f"patient {', '.join(unknown)}" if unknown else "any patient"
        raise UsageError(f"{folder / NAME} does not name {named} (ids keep upper and lower case).")
    refuse_collisions(file.patient_id for file in found)
    for file in (by_id[patient_id] for patient_id in wanted):
        if not file.path.resolve().is_relative_to(folder.resolve()):
            raise RefusedError(f"{file.path} is a link that leads out of {folder}: put the file itself there.")
    return [by_id[patient_id] for patient_id in wanted]


def require_same_core(file: PatientFile, core: CoreIds) -> None:
    """Raise PatientError when the file was made for another core: it lacks rows at 1.0 that this one may not know."""
    if file.entry.core_fingerprint != str(core.fingerprint):
        raise PatientError(
            "MB031", f"{file.path.name} was exported for a core with other transcripts: export the patient again."
        )


def survey_file(file: PatientFile, core: CoreIds, into: Callable[[Callable[[Write], RowStream]], RowStream]) -> Survey:
    """Return of a file what `survey` returns of the database it was made from, and read its rows `into`.

    Raises PatientError, whatever was read by then, unless every byte and every value is as it was exported.
    """
    entry = file.entry
    require_same_core(file, core)
    _require(file, measure(file.path) == (entry.bytes, entry.sha256), "its bytes are not those that were exported")
    known = core.load() if entry.unknown_rows else None
    unknown: list[str] = []

    def rows() -> Iterator[Row]:
        for row in read_csv(file.path):
            if known is not None and row[0] not in known:
                unknown.append(row[0])
            yield row

    stream = into(lambda write: pack(rows(), write))
    is_same = (stream.rows, stream.digest) == (entry.staged_rows, entry.legacy_digest)
    _require(file, is_same, "its rows are not those that were exported")
    _require(file, len(unknown) == entry.unknown_rows, "it has not as many unknown transcripts as the manifest says")
    ids = Ids(entry.legacy_rows, unknown, entry.missing_rows)
    return Survey(entry.surface, entry.surface_class, ids, stream, entry.exported_at, entry.legacy_system)


def _require(file: PatientFile, is_true: bool, problem: str) -> None:
    if not is_true:
        raise PatientError("MB030", f"{file.path.name} does not agree with the manifest, {problem}: {AGAIN}.")


def measure(path: Path) -> tuple[int, str]:
    """Return bytes and sha256 of a file. Raises PatientError when it is missing, or no regular file."""
    try:
        if not path.is_file():
            raise PatientError("MB030", f"{path.name} is not there, or no file: {AGAIN}.")
        with path.open("rb") as file:
            return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PatientError("MB030", f"{path.name} cannot be read ({error.strerror}).") from error


def read_file(path: Path, write: Write) -> RowStream:
    """Read a file as the binary COPY stream of its rows; see `pack`. Raises PatientError as `read_csv`."""
    return pack(read_csv(path), write)


def read_csv(path: Path) -> Iterator[Row]:
    """Yield the rows of a file; floats are exact. Raises PatientError when it is not a CSV of fold changes."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = csv.reader(file, strict=True)
            if next(lines, None) != HEADER:
                raise PatientError("MB030", f"{path.name} does not begin with {','.join(HEADER)}: {AGAIN}.")
            for transcript_id, value in lines:
                yield transcript_id, float(value) if value else None
    except (OSError, ValueError, csv.Error) as error:
        raise PatientError("MB030", f"{path.name} is not a CSV of fold changes: {AGAIN}.") from error


def file_dispositions(file: PatientFile, unknown: list[str]) -> dict[str, int]:
    """Count the legacy rows by disposition, as legacy/profile.sql does in a database."""
    orphans = frozenset(unknown)
    counts = Counter(
        disposition(value, is_orphan=transcript_id in orphans) for transcript_id, value in read_csv(file.path)
    )
    return {**counts, "baseline": counts["baseline"] + file.entry.legacy_rows - counts.total()}


def disposition(value: float | None, *, is_orphan: bool = False) -> str:
    """Return what becomes of a value, as models/staging/stg_legacy__expression.sql decides it."""
    if value is None:
        return "null"
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "infinite"
    if value <= 0:
        return "not_positive"
    if is_orphan:
        return "orphan"
    return "baseline" if value == 1 else "stored"
