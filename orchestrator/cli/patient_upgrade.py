"""`mediabase patient upgrade`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder
from orchestrator.errors import ExitCode, UsageError
from orchestrator.migration.patients_upgrade import Upgraded, upgrade_patients
from orchestrator.postgres.connection import servers

SHOWN = 60


def upgrade(
    patient_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Patients; or --all.")] = None,
    all_patients: Annotated[bool, typer.Option("--all", help="Every patient of the journal.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the relations of patients that are there what this version's models say: columns added, the view replaced.

    For after an update of this program. No value is read or written, and patients that are up to date are left alone.
    What else differs from the models, mediabase validate says. Exit code 1 when a patient could not be upgraded.

    Example: mediabase patient upgrade --all
    """
    if bool(patient_ids) == all_patients:
        raise UsageError("Name patients, or pass --all.")
    settings = current()
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:

        def report(done: Upgraded) -> None:
            reporter.step(f"{done.patient_id}: {_words(done)}", done=True, **asdict(done))

        done = upgrade_patients(where.target, patient_ids, artifact_folder(settings.home), reporter.begin, report)
    if as_json:
        print_json([asdict(each) for each in done])
    else:
        _show(done)
    raise typer.Exit(ExitCode.FAILED if any(each.problem for each in done) else ExitCode.DONE)


def _show(done: Sequence[Upgraded]) -> None:
    failed = [each for each in done if each.problem]
    if failed:
        listing = table("Not upgraded", "patient", "note")
        for each in failed[:SHOWN]:
            listing.add_row(each.patient_id, each.problem)
        out.print(listing)
    changed = sum(each.is_changed for each in done)
    same = len(done) - changed - len(failed)
    out.print(f"Upgraded: {changed:,}; up to date already: {same:,}; failed: {len(failed):,}.")
    if changed:
        out.print("Whether they are what the models say in all else: mediabase validate --all.")


def _words(done: Upgraded) -> str:
    return done.problem or ("upgraded" if done.is_changed else "up to date")
