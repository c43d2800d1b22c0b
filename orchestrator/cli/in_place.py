"""`mediabase migrate --strategy in-place`: what it says, and how it is paused."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event
from types import FrameType

import typer

from orchestrator.cli.log import Level, say
from orchestrator.cli.output import Reporter, out, print_json, table
from orchestrator.errors import ExitCode, RefusedError, worst
from orchestrator.legacy.databases import LegacyDatabase, choose, discover
from orchestrator.migration.in_place import InPlace, Moved, Way, finish_drops, in_place
from orchestrator.migration.names import legacy_databases
from orchestrator.migration.outcome import Options, Outcome
from orchestrator.postgres.connection import Servers
from orchestrator.wording import size


def run(
    where: Servers,
    patient_ids: Sequence[str] | None,
    options: Options,
    way: Way,
    move: Callable[[Sequence[str]], list[Outcome]],
    reporter: Reporter,
    *,
    is_sure: bool,
) -> InPlace:
    """Move patients in place. Raises RefusedError unless `is_sure`, with what would be done."""
    dropped = finish_drops(where, patient_ids) if is_sure else []
    asked = [each for each in patient_ids if each not in dropped] if patient_ids else None
    if dropped and (asked == [] or not (patient_ids or discover(where.legacy))):
        return InPlace()
    databases: list[LegacyDatabase] = choose(legacy_databases(where), asked)
    if not is_sure:
        raise RefusedError(
            f"In place drops legacy databases: {len(databases):,}, in batches of {way.batch}, each patient after it "
            "was validated and its archive restored and compared. Pass --yes if that is wanted."
        )
    reporter.begin(len(databases))

    def report(each: Moved) -> None:
        level: Level = "info" if each.result == "dropped" else "error"
        reporter.step(f"{each.patient_id}: {each.message or each.result}", done=True, level=level)

    with _paused() as paused:
        return in_place(where, databases, options, way, move, reporter.step, report, paused)


def show(done: InPlace, *, as_json: bool) -> None:
    """Print what became of patients and disk; exit with the code that this asks for."""
    if as_json:
        print_json(asdict(done))
    else:
        listing = table("Patients", "patient", "#batch", "result", "#quarantined", "#freed", "note")
        for each in done.patients:
            freed = size(each.freed_bytes) if each.freed_bytes else ""
            listing.add_row(each.patient_id, str(each.batch), each.result, f"{each.quarantined:,}", freed, each.message)
        out.print(listing)
        disk = table("Disk, beyond what was taken before", "#batch", "#patients", "#peak predicted", "#peak", "#after")
        for batch in done.disk:
            disk.add_row(
                str(batch.batch), str(batch.patients), size(batch.predicted_peak), size(batch.measured_peak),
                size(batch.after),
            )  # fmt: skip
        out.print(disk)
        if not done.patients and not done.is_paused:
            out.print("Nothing to do: the legacy databases of these patients are dropped.")
    if done.stopped_by:
        say(f"stopped: {done.stopped_by}", "error")
        raise typer.Exit(ExitCode.FAILED)
    if done.is_paused:
        say("paused; run the same command again to go on.", "warning")
        raise typer.Exit(ExitCode.INTERRUPTED)
    raise typer.Exit(worst([each.exit_code for each in done.patients]))


@contextmanager
def _paused() -> Iterator[Event]:
    """Yield what the first interrupt sets; the second is one."""
    paused = Event()

    def pause(_signal: int, _frame: FrameType | None) -> None:
        if paused.is_set():
            raise KeyboardInterrupt
        paused.set()
        say("The patients in hand are finished first; interrupt again to stop now.", "warning")

    before = signal.signal(signal.SIGINT, pause)
    try:
        yield paused
    finally:
        signal.signal(signal.SIGINT, before)
