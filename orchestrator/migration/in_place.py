"""In place: batch by batch, each moved, validated, archived and dropped before the next; and what disk that takes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Literal

import psycopg

from orchestrator import journal
from orchestrator.backup.archive import archive_patients
from orchestrator.backup.backup import Place, back_up, core
from orchestrator.backup.cores import core_backups
from orchestrator.backup.folders import prepare
from orchestrator.errors import ExitCode, MediabaseError, RefusedError
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration.disk import DUMP_SHARE, target_need
from orchestrator.migration.drop import drop_legacy, legacy_server, set_aside
from orchestrator.migration.inventory import Entry, take
from orchestrator.migration.outcome import Options, Outcome
from orchestrator.postgres.connection import Servers, connect, database_bytes
from orchestrator.postgres.scratch import PREFIX, room_needed
from orchestrator.postgres.statements import statement
from orchestrator.wording import size

SAMPLE_SECONDS = 1.0
"""How often the space that is taken is looked at."""


@dataclass(frozen=True)
class Moved:
    """What became of one patient."""

    patient_id: str
    batch: int
    result: Literal["dropped", "not dropped", "failed"]
    """not dropped: it is in v0.6.0, and its legacy database stays for the reason in the message."""
    message: str = ""
    quarantined: int = 0
    freed_bytes: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that this outcome asks for."""
        if self.result != "dropped":
            return ExitCode.FAILED
        return ExitCode.QUARANTINED if self.quarantined else ExitCode.DONE


@dataclass(frozen=True)
class Disk:
    """Bytes that a batch took at most, beyond what was taken when the command began; below 0 when it freed more."""

    batch: int
    patients: int
    predicted_peak: int
    measured_peak: int
    after: int
    """What was taken when the batch was done."""


@dataclass(frozen=True)
class InPlace:
    """What became of the patients, of the disk, and whether an interrupt ended it before the last batch."""

    patients: list[Moved] = field(default_factory=list)
    disk: list[Disk] = field(default_factory=list)
    is_paused: bool = False
    stopped_by: str = ""
    """Why it ended before the last batch, after at least one was done."""


@dataclass(frozen=True)
class Way:
    """How to go about it."""

    batch: int
    """Patients in a batch."""
    jobs: int
    place: Place
    thin: bool
    max_disk: int | None
    """Bytes that may be taken at any time beyond what is taken now; None: what there is."""


def in_place(
    where: Servers,
    databases: Sequence[LegacyDatabase],
    options: Options,
    way: Way,
    move: Callable[[Sequence[str]], list[Outcome]],
    step: Callable[[str], None],
    report: Callable[[Moved], None],
    paused: Event,
) -> InPlace:
    """Move patients for good, a batch at a time; return what became of them.

    `move` migrates and validates the patients that it is given; `step` is told what happens, `report` of each patient.
    Ends after the batch in hand once `paused` is set. Raises RefusedError when `max_disk` is too small for the first
    batch, and what `archive_patients` and `drop_legacy` raise; after the first batch that ends it, and is said.
    """
    done = InPlace()
    taken = 0
    if way.thin:
        taken += _ensure_core(where, way, step)
    for number, start in enumerate(range(0, len(databases), way.batch), 1):
        batch = databases[start : start + way.batch]
        if paused.is_set():
            return InPlace(done.patients, done.disk, is_paused=True)
        try:
            step(f"batch {number}: what it needs")
            predicted = taken + _predict(where, batch, options, way)
            if way.max_disk is not None and predicted > way.max_disk:
                raise RefusedError(
                    f"Batch {number} would take up to {size(predicted)} more than there was at the beginning, and "
                    f"--max-disk allows {size(way.max_disk)}: raise it, or take a smaller --batch."
                )
            with _measured(where, batch, way.place) as space:
                for each in _one_batch(where, number, batch, way, move, step):
                    done.patients.append(each)
                    report(each)
        except MediabaseError as error:
            if not done.patients:
                raise
            return InPlace(done.patients, done.disk, stopped_by=str(error))
        done.disk.append(Disk(number, len(batch), predicted, taken + space.peak, taken + space.last))
        taken += space.last
    return done


def finish_drops(where: Servers, patient_ids: Sequence[str] | None) -> list[str]:
    """Finish the drops that were cut short; return the asked patients, or all, whose legacy database is dropped."""
    with connect(where.target, autocommit=True) as target, legacy_server(where.legacy) as server:
        if not journal.exists(target):
            return []
        known = journal.patients(target, patient_ids)
        pending = [each for each in known if set_aside(target, server, each)]
    done = {each.patient_id for each in drop_legacy(where, pending, _nothing, is_sure=True)
            if each.result == "dropped"} if pending else set()  # fmt: skip
    return sorted({each.patient_id for each in known.values() if each.state == "dropped"} | done)


def _one_batch(
    where: Servers,
    number: int,
    batch: Sequence[LegacyDatabase],
    way: Way,
    move: Callable[[Sequence[str]], list[Outcome]],
    step: Callable[[str], None],
) -> list[Moved]:
    outcomes = {each.patient_id: each for each in move([each.patient_id for each in batch])}
    failed = {each.patient_id: each.message for each in outcomes.values() if each.exit_code == ExitCode.FAILED}
    moved = [each for each in batch if each.patient_id not in failed]
    with connect(where.target, autocommit=True) as target:
        known = journal.patients(target, [each.patient_id for each in moved])
    fresh = [each for each in moved if known[each.patient_id].state != "archived"]
    problems = {}
    if fresh:
        step(f"batch {number}: archives")
        archived = archive_patients(where, fresh, way.place, way.jobs, _nothing, _nothing, thin=way.thin)
        problems = {each.patient_id: each.problem for each in archived if each.problem}
    ready = [each.patient_id for each in moved if each.patient_id not in problems]
    step(f"batch {number}: dropping")
    dropped = {each.patient_id: each for each in drop_legacy(where, ready, _nothing, is_sure=True)} if ready else {}
    found = []
    for each in batch:
        patient_id, quarantined = each.patient_id, outcomes[each.patient_id].quarantined
        drop = dropped.get(patient_id)
        if patient_id in failed:
            found.append(Moved(patient_id, number, "failed", failed[patient_id]))
        elif drop is None or drop.result != "dropped":
            message = drop.message if drop else problems[patient_id] or ""
            found.append(Moved(patient_id, number, "not dropped", message, quarantined))
        else:
            found.append(Moved(patient_id, number, "dropped", "", quarantined, drop.freed_bytes))
    return found


def _nothing(_: object) -> None:
    pass


def _ensure_core(where: Servers, way: Way, step: Callable[[str], None]) -> int:
    """See that there is a backup of the core, which thin archives need; return the bytes that it took, if it is new."""
    if core_backups(prepare(way.place.folder)):
        return 0
    step("backup of the core")
    (done,) = back_up([core(where.target)], way.place, 1, _nothing)
    if done.problem:
        raise RefusedError(f"The core could not be backed up, and thin archives need that: {done.problem}")
    return done.dump_bytes


def _predict(where: Servers, batch: Sequence[LegacyDatabase], options: Options, way: Way) -> int:
    """Return the bytes that a batch takes at most: schemas and staging, archives, and copies to verify them."""
    entries: list[Entry] = take(where, [each.patient_id for each in batch], options, way.jobs, _nothing, _nothing)
    with connect(where.target, autocommit=True) as target:
        core_bytes = database_bytes(target) if way.thin else 0
    sizes = sorted((each.size_bytes or 0 for each in entries), reverse=True)
    archives = int(DUMP_SHARE * sum(sizes)) if not way.thin else sum(each.predicted_bytes or 0 for each in entries)
    return target_need(entries, way.jobs, 0) + archives + room_needed(core_bytes + sum(sizes[: way.jobs]))


@dataclass
class _Space:
    """Bytes taken by a batch so far, and at most."""

    peak: int = 0
    last: int = 0


@contextmanager
def _measured(where: Servers, batch: Sequence[LegacyDatabase], place: Place) -> Iterator[_Space]:
    """Yield what is measured, every second in a thread of its own and once more at the end."""
    space, ended = _Space(), Event()
    names = [each.name for each in batch]
    with connect(where.target, autocommit=True) as target, connect(where.legacy, autocommit=True) as legacy:

        def taken() -> int:
            row = legacy.execute(statement(__package__, "bytes_of_databases"), {"names": names}).fetchone() or (0,)
            return database_bytes(target) + int(str(row[0])) + _bytes_below(place)

        begin = taken()

        def look() -> None:
            space.last = taken() - begin
            space.peak = max(space.peak, space.last)

        def watch() -> None:
            while not ended.wait(SAMPLE_SECONDS):
                with suppress(psycopg.Error):  # a database that is dropped at this moment has no size
                    look()

        watcher = Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield space
        finally:
            ended.set()
            watcher.join()
            look()


def _bytes_below(place: Place) -> int:
    """Return the bytes of the backups and of scratch servers; files that go meanwhile do not count."""
    folders = [place.folder, *place.home.glob(f"{PREFIX}*")]
    return sum(_bytes_of(path) for folder in folders for path in folder.rglob("*"))


def _bytes_of(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
