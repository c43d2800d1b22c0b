"""`mediabase migrate --requeue-quarantine`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import NoReturn

import typer

from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder
from orchestrator.errors import ExitCode
from orchestrator.migration import core
from orchestrator.migration.requeue import Requeued, requeue
from orchestrator.postgres.connection import servers
from orchestrator.validation.validate import validate

SHOWN = 60


def requeue_quarantine(patient_ids: Sequence[str] | None, as_json: bool) -> NoReturn:
    """Move rows where the core wants them, validate the patients, and end."""
    settings = current()
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:
        core.upgrade(where.target)

        def report(done: Requeued) -> None:
            reporter.step(f"{done.patient_id}: {done.problem or _words(done)}", done=True, **asdict(done))

        moved = requeue(where.target, patient_ids, reporter.begin, report)
        ids = [each.patient_id for each in moved if not each.problem]
        verdicts = (
            validate(where, ids, False, artifact_folder(settings.home), lambda _: None, lambda _: None).verdicts
            if ids else []
        )  # fmt: skip
    broken = {each.patient_id: each.problem for each in verdicts if not each.is_passed}
    if as_json:
        print_json([{**asdict(each), "problem": each.problem or broken.get(each.patient_id, "")} for each in moved])
    else:
        _show(moved, broken)
    raise typer.Exit(ExitCode.FAILED if broken or any(each.problem for each in moved) else ExitCode.DONE)


def _show(moved: Sequence[Requeued], broken: dict[str, str]) -> None:
    listing = table("Rows that changed places", "patient", "#to quarantine", "#stored", "#others", "note")
    for each in moved[:SHOWN]:
        note = each.problem or broken.get(each.patient_id, "")
        listing.add_row(each.patient_id, f"{each.orphaned:,}", f"{each.stored:,}", f"{each.others:,}", note)
    out.print(listing if moved else "Every patient was built for the core as it is: nothing to move.")
    if moved and not broken and not any(each.problem for each in moved):
        out.print("Every patient was validated again.")


def _words(done: Requeued) -> str:
    return f"{done.orphaned:,} to quarantine, {done.stored:,} stored"
