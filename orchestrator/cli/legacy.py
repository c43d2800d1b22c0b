"""`mediabase legacy`: who may use the v0.5.0 databases while patients, and then their clients, move."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from orchestrator.cli.migrate import LEVELS, MAX_TABLE_ROWS, chosen
from orchestrator.cli.options import All, AsJson, Ids
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode, worst
from orchestrator.migration import cut_over as cutting
from orchestrator.migration import legacy_access
from orchestrator.migration.legacy_access import AccessOutcome, Report
from orchestrator.postgres.connection import Servers, servers

app = typer.Typer(help="Access to the legacy databases: read only, closed, and back.", no_args_is_help=True)

Work = Callable[[Servers, Sequence[str] | None, Callable[[int], None], Report], list[AccessOutcome]]


@app.command()
def lock(ids: Ids = None, all_patients: All = False, as_json: AsJson = False) -> None:
    """Set legacy databases to read only, for sessions that begin from now on; they stay readable.

    Advisory: open sessions go on writing, which are named, and new ones may override it. What was set before is in
    the journal, for `legacy unlock`.

    Example: mediabase legacy lock --all
    """
    _run(legacy_access.lock, chosen(ids, all_patients), as_json)


@app.command()
def unlock(ids: Ids = None, all_patients: All = False, as_json: AsJson = False) -> None:
    """Undo `legacy lock` and `legacy cut-over`: the former setting, and the former rights to connect.

    With --all: every legacy database that was locked or cut over.

    Example: mediabase legacy unlock P1
    """
    _run(legacy_access.unlock, chosen(ids, all_patients), as_json)


@app.command("cut-over")
def cut_over(
    ids: Ids = None,
    all_patients: All = False,
    terminate: Annotated[
        bool, typer.Option("--terminate", help="End the sessions that are open in these legacy databases.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Close legacy databases of patients that were moved: nobody may connect, nobody is in, nothing changed since.

    Only superusers and the role that this connects as are let in from then on. Open sessions are named and the patient
    is refused, unless --terminate ends them. A patient that is refused has the access that it had.

    Example: mediabase legacy cut-over P1 --terminate
    """
    _run(partial(cutting.cut_over, terminate=terminate), chosen(ids, all_patients), as_json)


def _run(work: Work, wanted: Sequence[str] | None, as_json: bool) -> None:
    with servers(current()) as where, progress("databases", is_quiet=as_json) as reporter:

        def report(each: AccessOutcome) -> None:
            note = f": {each.message}" if each.message else ""
            reporter.step(
                f"{each.patient_id}: {each.result}{note}", done=True, level=LEVELS.get(each.exit_code, "info"),
                **asdict(each),
            )  # fmt: skip

        done = work(where, wanted, reporter.begin, report)
    if as_json:
        print_json([asdict(each) for each in done])
    else:
        _show(done)
    raise typer.Exit(worst([each.exit_code for each in done]))


def _show(done: Sequence[AccessOutcome]) -> None:
    shown = done
    if len(done) > MAX_TABLE_ROWS:
        shown = [each for each in done if each.exit_code != ExitCode.DONE][:MAX_TABLE_ROWS]
    listing = table("Access to legacy databases", "patient", "database", "it is", "note")
    for each in shown:
        listing.add_row(each.patient_id, each.database, each.result, each.message)
    out.print(listing)
    changed, failed = sum(each.is_changed for each in done), sum(each.result == "failed" for each in done)
    out.print(f"{changed:,} changed, {failed:,} failed." if done else "Nothing to undo.")
