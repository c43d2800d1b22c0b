"""`mediabase patient remove`."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import journal
from orchestrator.cli.migrate import VALIDATION, show, summarise
from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder
from orchestrator.errors import ExitCode, UsageError, worst
from orchestrator.migration import driver
from orchestrator.migration.manifest import Manifest
from orchestrator.migration.outcome import Message, Options, Outcome, Report
from orchestrator.migration.remove import Removal
from orchestrator.migration.remove import remove as remove_patients
from orchestrator.migration.removed import Removed, last_removed
from orchestrator.patient_id import check
from orchestrator.postgres.connection import Servers, connect, servers
from orchestrator.settings import Settings

FOLDER = "removed"
"""In the data home: a folder a patient, and in it one for each time that it was removed."""


def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Patients to remove.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do remove them.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what was kept of them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove patients from v0.6.0; all of each is kept in a folder, from which --undo makes it again.

    Before a schema is dropped, what was written of it is read again and compared. Legacy databases are not touched: to
    go back to those, there is `mediabase rollback`. Logins that were granted a patient have to be granted it again.

    Example: mediabase patient remove TUMOR-7 --yes

    Example: mediabase patient remove TUMOR-7 --undo
    """
    if undo and yes:
        raise UsageError("--undo removes nothing: it needs no --yes.")
    wanted = [check(each) for each in dict.fromkeys(ids)]
    settings = current()
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:
        if undo:

            def tell(message: Message) -> None:
                show(reporter, message)

            outcomes = _bring_back(where, settings, wanted, reporter.begin, tell)
        else:

            def report(done: Removal) -> None:
                reporter.step(f"{done.patient_id}: {done.message or 'removed'}", done=True, patient_id=done.patient_id)

            reporter.begin(len(wanted))
            done = remove_patients(where.target, wanted, settings.home / FOLDER, report, is_sure=yes)
    if undo:
        summarise(outcomes, False, as_json)
        raise typer.Exit(worst([each.exit_code for each in outcomes]))
    _show(done, yes, as_json)
    is_refused = any((yes and each.folder is None) or (not yes and each.message) for each in done)
    raise typer.Exit(ExitCode.FAILED if is_refused else ExitCode.DONE)


def _bring_back(
    where: Servers, settings: Settings, wanted: Sequence[str], begin: Callable[[int], None], report: Report
) -> list[Outcome]:
    with connect(where.target, autocommit=True) as target:
        journal.require(target)
        known = journal.patients(target, wanted)
    if there := [each for each in wanted if each in known and known[each].built_at]:
        raise UsageError(f"{', '.join(there)} is there: remove it first, to go back to what was kept before.")
    kept = [last_removed(settings.home / FOLDER, each) for each in wanted]
    return driver.bring_in(
        where, kept, _facts(kept), Options(), settings.jobs, artifact_folder(settings.home), VALIDATION, begin, report,
        "remove --undo",
    )  # fmt: skip


def _facts(kept: Sequence[Removed]) -> Manifest:
    """Return the facts about all of them under all columns that one of them has; those not known are empty."""
    found = [each.manifest for each in kept]
    columns = list(dict.fromkeys(column for each in found for column in each.columns))
    return Manifest(columns, [{column: each.rows[0].get(column, "") for column in columns} for each in found])


def _show(done: Sequence[Removal], is_sure: bool, as_json: bool) -> None:
    if as_json:
        print_json([{**asdict(each), "folder": _text(each.folder)} for each in done])
        return
    listing = table("Removed" if is_sure else "What would be removed", "patient", "#rows", "kept in", "note")
    for each in done:
        listing.add_row(each.patient_id, f"{each.rows:,}", _text(each.folder) or "", each.message)
    out.print(listing)
    if not is_sure:
        out.print("Nothing was removed: pass --yes.")


def _text(folder: Path | None) -> str | None:
    return str(folder) if folder else None
