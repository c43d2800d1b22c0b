"""A patient that comes as a file: its rows matched with the core's transcripts, each with what becomes of it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

from orchestrator.errors import PatientError
from orchestrator.journal import FROM_FILE
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.legacy.profile import Prediction
from orchestrator.legacy.survey import CoreIds, Ids, Survey
from orchestrator.migration.csv_files import disposition
from orchestrator.migration.matching import Matcher, Rule, matcher
from orchestrator.postgres.copy import Row, RowStream, Write, pack
from orchestrator.uploads.layout import KINDS, Asked, Layout, is_spreadsheet_date
from orchestrator.uploads.read import UploadRow, UploadRows, examine, read

MOST_UNMATCHED = 0.5
"""Of all rows. Tables of other releases and platforms lack up to a tenth; what lacks half is of something else, and all
that it does not name would read as baseline."""


@dataclass(frozen=True)
class Upload(LegacyDatabase):
    """A file of fold changes; `name` is the file's own, without its folder."""

    path: Path
    asked: Asked = field(default_factory=Asked)
    rule: Rule = "representative"


@dataclass(frozen=True)
class Matched:
    """The rows of a file under transcripts of the core."""

    rows: list[Row]
    """All but those at 1.0, ordered by id; no id twice."""
    count: int
    """How many there were, those at 1.0 included."""
    duplicate: list[str]
    """Ids in `rows` whose transcript has another row of the file already."""
    unmatched: list[str]
    """Ids in `rows` that name nothing in the core."""
    transcripts: int
    """Core transcripts that the file has a value for."""


def take_upload(upload: Upload, core: CoreIds, into: Callable[[Callable[[Write], RowStream]], RowStream]) -> Survey:
    """Read a file, and its rows `into` a place. Raises PatientError when it is none of fold changes."""
    layout, found = _read(upload, core)
    stream = into(lambda write: pack(found.rows, write))
    return Survey(
        surface=layout.value_column,
        surface_class="file",
        ids=Ids(found.count, found.unmatched, core.fingerprint.rows - found.transcripts),
        stream=stream,
        taken_at=datetime.fromtimestamp(upload.path.stat().st_mtime, UTC),
        system=FROM_FILE,
        file_format=layout.file_format,
        details={
            "read_as": layout.sentence(),
            **asdict(layout),
            "gene_to_transcript": None if layout.id_kind == "transcript" else upload.rule,
            "spreadsheet_dates": sum(map(is_spreadsheet_date, found.unmatched)),
        },
        given={"duplicate": found.duplicate, "unmatched": found.unmatched},
    )


def predict_upload(upload: Upload, core: CoreIds) -> Prediction:
    """Return what an import would make of the rows of a file. Raises what `take_upload` raises."""
    layout, found = _read(upload, core)
    given = {"duplicate": len(found.duplicate), "unmatched": len(found.unmatched)}
    left_out = {*found.duplicate, *found.unmatched}
    counts = Counter(disposition(value) for name, value in found.rows if name not in left_out)
    baseline = found.count - len(found.rows)
    dispositions = {**counts, **{name: count for name, count in given.items() if count}, "baseline": baseline}
    missing = core.fingerprint.rows - found.transcripts
    return Prediction(layout.value_column, dispositions, len(found.unmatched), missing)


def _read(upload: Upload, core: CoreIds) -> tuple[Layout, Matched]:
    layout = examine(upload.path, upload.asked)
    rows = _whole(read(upload.path, layout))
    if layout.id_kind == "transcript" and (found := _as_they_are(rows, core)):
        return layout, found
    transcripts_of = matcher(core, layout.id_kind, upload.rule)
    count = len(rows.raw_ids)
    known = sum(bool(transcripts_of(raw_id)) for raw_id in rows.raw_ids)
    if count - known > MOST_UNMATCHED * count:
        raise PatientError(
            "MB054",
            f"{upload.path.name} has {count:,} rows, of which {known:,} name something in the core: its ids, read as "
            f"{KINDS[layout.id_kind]}, are of another species or kind (--id-column takes another column).",
        )
    return layout, match(map(UploadRow, *rows), transcripts_of)


def _whole(batches: Iterable[UploadRows]) -> UploadRows:
    lines: list[int] = []
    raw_ids: list[str] = []
    values: list[float | None] = []
    for batch in batches:
        lines.extend(batch.lines)
        raw_ids.extend(batch.raw_ids)
        values.extend(batch.values)
    return UploadRows(lines, raw_ids, values)


def _as_they_are(rows: UploadRows, core: CoreIds) -> Matched | None:
    """Return what `match` does where each row names a transcript of its own by its id, as most files have it."""
    values = dict(zip(rows.raw_ids, rows.values, strict=True))
    count = len(rows.raw_ids)
    if len(values) < count or not values.keys() <= core.load():
        return None
    kept = _in_order((transcript_id, value) for transcript_id, value in values.items() if value != 1.0)
    return Matched(rows=kept, count=count, duplicate=[], unmatched=[], transcripts=count)


def match(rows: Iterable[UploadRow], transcripts_of: Matcher) -> Matched:
    """Give each row the transcripts that it names.

    The first usable value of a transcript counts, others are duplicates. A row that names nothing, or comes too late,
    keeps as its id what the file wrote or what it names, with the line where that is taken.
    """
    best: dict[str, UploadRow] = {}
    late: list[tuple[str, UploadRow]] = []
    unmatched: list[UploadRow] = []
    for row in rows:
        transcript_ids = transcripts_of(row.raw_id)
        if not transcript_ids:
            unmatched.append(row)
        for transcript_id in transcript_ids:
            first = best.setdefault(transcript_id, row)
            if first is row:
                continue
            if _is_usable(row) and not _is_usable(first):
                best[transcript_id], row_left = row, first
            else:
                row_left = row
            late.append((transcript_id, row_left))
    kept: list[Row] = [(transcript_id, row.value) for transcript_id, row in best.items() if row.value != 1.0]
    taken = Counter(row.raw_id for row in unmatched)
    lost = [
        (_own_name(row.raw_id, row, taken[row.raw_id] == 1 and row.raw_id not in best), row.value) for row in unmatched
    ]
    twice = [(_own_name(name, row, False), row.value) for name, row in late]
    return Matched(
        rows=_in_order([*kept, *lost, *twice]),
        count=len(best) + len(lost) + len(twice),
        duplicate=[name for name, _ in twice],
        unmatched=[name for name, _ in lost],
        transcripts=len(best),
    )


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows, no id twice, ordered by id as UTF-8, whose order is that of code points."""
    return sorted(rows, key=itemgetter(0))


def _is_usable(row: UploadRow) -> bool:
    return row.value is not None and 0 < row.value < math.inf


def _own_name(name: str, row: UploadRow, is_alone: bool) -> str:
    return name if is_alone and name else f"{name} (line {row.line})".lstrip()
