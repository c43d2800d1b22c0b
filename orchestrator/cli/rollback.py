"""`mediabase drop-legacy` and `mediabase rollback`: the last step of a migration, and the way back."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator.backup.backup import Place
from orchestrator.cli.log import Level
from orchestrator.cli.options import AsJson, Ids
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode, UsageError
from orchestrator.migration.drop import Dropped
from orchestrator.migration.drop import drop_legacy as drop
from orchestrator.migration.rollback import RolledBack, roll_back
from orchestrator.migration.undo import Undone, undo_upgrade
from orchestrator.postgres.connection import servers
from orchestrator.wording import size

Archived = Annotated[bool, typer.Option("--all", help="All patients that are archived.")]
Everybody = Annotated[bool, typer.Option("--all", help="All patients, and then the upgrade of the core.")]
Yes = Annotated[bool, typer.Option("--yes", help="Drop them. Without it nothing is dropped, only said what would be.")]
Discard = Annotated[
    bool, typer.Option("--discard", help="Lose what only v0.6.0 has: changes since the move, patients added since.")
]


def drop_legacy(ids: Ids = None, all_patients: Archived = False, yes: Yes = False, as_json: AsJson = False) -> None:
    """Drop legacy databases of patients that are validated and archived, one at a time.

    Each is read once more, and is dropped only if it is what was archived and what was moved. Who is in one is named,
    and nobody is thrown out.

    Example: mediabase drop-legacy --all --yes
    """
    if bool(ids) == all_patients:
        raise UsageError("Say whose legacy database to drop: ids or --all.")
    with servers(current()) as where, progress("databases", is_quiet=as_json) as reporter:

        def report(each: Dropped) -> None:
            level: Level = "error" if each.result == "refused" else "info"
            reporter.step(f"{each.database}: {each.message or each.result}", done=True, level=level)

        done = drop(where, ids or None, report, is_sure=yes)
    refused = sum(each.result == "refused" for each in done)
    if as_json:
        print_json([asdict(each) for each in done])
    else:
        listing = table("Legacy databases", "patient", "database", "result", "#freed", "note")
        for each in done:
            freed = size(each.freed_bytes) if each.freed_bytes else ""
            listing.add_row(each.patient_id, each.database, each.result, freed, each.message)
        out.print(listing)
        if not yes:
            out.print("Nothing was dropped: pass --yes.")
    if not yes:
        raise typer.Exit(ExitCode.REFUSED)
    raise typer.Exit(ExitCode.FAILED if refused else ExitCode.DONE)


def rollback(
    ids: Ids = None, all_patients: Everybody = False, discard: Discard = False, as_json: AsJson = False
) -> None:
    """Go back to v0.5.0: the legacy database restored if it was dropped, and compared; nothing left in v0.6.0.

    With --all the upgrade of the core is undone, too: what it added goes, nothing is restored over what is there. The
    journal is written to a file in the data home before.

    Example: mediabase rollback TCGA-A2-A0CV-01A
    """
    if bool(ids) == all_patients:
        raise UsageError("Say whom to roll back: ids or --all.")
    settings = current()
    undone = None
    with servers(settings) as where, progress("patients", is_quiet=as_json) as reporter:

        def report(each: RolledBack) -> None:
            level: Level = "error" if each.result == "failed" else "info"
            reporter.step(f"{each.patient_id}: {each.message or each.result}", done=True, level=level)

        place = Place(settings.home / "backups", settings.home, settings.pg_bin)
        done = roll_back(where, ids or None, place, reporter.begin, report, discard=discard)
        failed = [each for each in done if each.result == "failed"]
        if all_patients and not failed:
            reporter.step("undoing the upgrade of the core")
            undone = undo_upgrade(where.target, settings.home, lambda _: None)
    if as_json:
        print_json({"patients": [asdict(each) for each in done], "core": asdict(undone) if undone else None})
    else:
        _show(done, undone)
    raise typer.Exit(ExitCode.FAILED if failed else ExitCode.DONE)


def _show(done: Sequence[RolledBack], undone: Undone | None) -> None:
    listing = table("Patients", "patient", "result", "legacy database", "was", "note")
    for each in done:
        listing.add_row(each.patient_id, each.result, each.database, each.legacy or "", each.message)
    out.print(listing)
    if undone:
        out.print(f"The core is as it was before the upgrade; {len(undone.tables):,} tables were compared.")
        out.print(f"Its journal is in {undone.journal}.")
        for note in undone.notes:
            out.print(note)
