"""`mediabase parity`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator.cli.migrate import LEVELS, MAX_TABLE_ROWS, chosen
from orchestrator.cli.options import All, AsJson, Ids, Jobs
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode, worst
from orchestrator.migration.parity_check import check_parity
from orchestrator.migration.parity_result import Parity
from orchestrator.postgres.connection import servers
from orchestrator.wording import counts

Limit = Annotated[
    int, typer.Option("--limit", min=0, max=100_000, metavar="N", help="Differing transcripts to show of a patient.")
]


def parity(
    ids: Ids = None, all_patients: All = False, jobs: Jobs = None, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """Compare patients in v0.5.0 with v0.6.0, as both are now: counts, dispositions, every value by digest.

    On a mismatch show the transcripts that differ, with both values, and which side was changed since the migration.
    Writes nothing, and may run beside a migration. Exit code 1 when any patient differs or has no other side.

    Example: mediabase parity --all --jobs 2
    """
    settings = current(jobs=jobs)
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:

        def report(found: Parity) -> None:
            differing = f", {_how_many(found.differing)}" if found.differing else ""
            reporter.step(
                f"{found.patient_id}: {found.result}{differing}", done=True, level=LEVELS.get(found.exit_code, "info"),
                patient_id=found.patient_id, result=found.result, differing=found.differing,
            )  # fmt: skip

        found = check_parity(where, chosen(ids, all_patients), settings.jobs, limit, reporter.begin, report)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _show(found)
    raise typer.Exit(worst([each.exit_code for each in found]))


def _show(found: Sequence[Parity]) -> None:
    shown = found
    if len(found) > MAX_TABLE_ROWS:
        shown = [each for each in found if each.exit_code != ExitCode.DONE][:MAX_TABLE_ROWS]
    listing = table(
        "v0.5.0 against v0.6.0", "patient", "result", "#legacy rows", "#stored", "#baseline", "#quarantined",
        "#differing", "note",
    )  # fmt: skip
    for each in shown:
        listing.add_row(
            each.patient_id, each.result, f"{each.legacy_rows:,}", f"{each.stored:,}", f"{each.baseline:,}",
            f"{each.quarantined:,}", f"{each.differing:,}", each.message or _reasons(each),
        )  # fmt: skip
    out.print(listing)
    if len(shown) < len(found):
        out.print(f"Only those that need a look are listed ({len(shown)} of {len(found):,}); --json has all.")
    for each in shown:
        if each.differences:
            _show_differences(each)
    same = sum(each.result == "same" for each in found)
    dropped = sum(each.result == "dropped" for each in found)
    gone = f"; {dropped:,} with the legacy database dropped, as migrated" if dropped else ""
    patients = "1 patient" if len(found) == 1 else f"{len(found):,} patients"
    out.print(f"{patients}: {same:,} the same, value by value{gone}; {len(found) - same - dropped:,} not.")


def _reasons(found: Parity) -> str:
    return counts({name: n for name, n in found.dispositions.get("current", {}).items() if name != "stored"})


def _show_differences(found: Parity) -> None:
    first = f", the first {len(found.differences):,} here" if len(found.differences) < found.differing else ""
    listing = table(
        f"{found.patient_id}: {_how_many(found.differing)}{first}", "transcript", "#v0.5.0", "becomes",
        "#v0.6.0", "is",
    )  # fmt: skip
    for each in found.differences:
        listing.add_row(
            each.transcript_id, each.legacy, each.legacy_disposition, each.current, each.current_disposition
        )
    out.print(listing)


def _how_many(differing: int) -> str:
    return "1 transcript differs" if differing == 1 else f"{differing:,} transcripts differ"
