"""`mediabase cohort`: the fold changes of all patients beside each other."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator import journal
from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.cohort import read
from orchestrator.cohort.refresh import Refresh, Refreshed
from orchestrator.cohort.refresh import refresh as refresh_cohort
from orchestrator.dbt.runner import artifact_folder
from orchestrator.migration import core
from orchestrator.postgres.connection import connect, read_only, servers
from orchestrator.wording import some

app = typer.Typer(help="All patients beside each other.", no_args_is_help=True)

MAX_TABLE_ROWS = 60
SHOWN_STALE = 20
NOT_THERE = "Which transcripts vary was worked out before a patient changed, or never: mediabase cohort refresh."


@app.command()
def refresh(as_json: AsJson = False) -> None:
    """Take up the patients that changed since the last refresh, and let go of those that are gone.

    Each is taken up on its own, so that an interrupted refresh goes on where it was. Then it is worked out how much
    each transcript varies.

    Example: mediabase cohort refresh
    """
    settings = current()
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:
        with connect(where.target, autocommit=True) as target:
            journal.require(target)
        core.upgrade(where.target)

        def report(done: Refreshed) -> None:
            said = done.problem or f"{done.rows:,} rows"
            reporter.step(f"{done.patient_id}: {said}", done=True, **asdict(done))

        reporter.step("loading dbt")
        done = refresh_cohort(where, artifact_folder(settings.home), reporter.begin, report)
    if as_json:
        print_json({**asdict(done), "exit_code": int(done.exit_code)})
    else:
        _show(done)
    raise typer.Exit(done.exit_code)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say which patients the cohort is current of, and why it is not of the others.

    Example: mediabase cohort status
    """
    with servers(current()) as where, connect(read_only(where).target, autocommit=True) as target:
        found = read.members(target)
        variability = read.variable(target, 0)
    stale = [each for each in found if not each.is_current]
    if as_json:
        print_json({
            "patients": len(found),
            "current": len(found) - len(stale),
            "variability_is_current": variability.is_current,
            "stale_patients": [asdict(each) for each in stale],
        })  # fmt: skip
        return
    if stale:
        listing = table("Stale patients", "patient", "why", "last refreshed")
        for each in stale[:MAX_TABLE_ROWS]:
            moment = f"{each.refreshed_at:%Y-%m-%d %H:%M}" if each.refreshed_at else "never"
            listing.add_row(each.patient_id, each.reason, moment)
        out.print(listing)
    out.print(f"{len(found):,} patients: {len(found) - len(stale):,} current, {len(stale):,} stale.")
    if not variability.is_current:
        out.print(NOT_THERE)


@app.command()
def gene(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="HGNC symbol of a gene, such as ERBB2.")],
    as_json: AsJson = False,
) -> None:
    """Show a gene in every patient, by its isoform that is farthest from baseline; linear fold changes.

    Patients that are stale are named, and never shown at 1.0.

    Example: mediabase cohort gene ERBB2
    """
    with servers(current()) as where, connect(read_only(where).target, autocommit=True) as target:
        found = read.gene(target, symbol)
    if as_json:
        print_json(asdict(found))
        return
    listing = table(found.gene_symbol, "patient", "#fold change", "transcript")
    for each in found.patients:
        value = "unknown" if each.expression_fold_change is None else f"{each.expression_fold_change:,.4g}"
        listing.add_row(each.patient_id, value, each.transcript_id or "")
    out.print(listing if found.patients else "There is no patient that is current.")
    _name_stale(found.stale_patients)


@app.command()
def variable(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many transcripts.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the transcripts that vary most over all patients: variance of log2 of the fold change, baseline as 0.

    A patient whose value is in quarantine does not count for that transcript.

    Example: mediabase cohort variable --limit 50
    """
    with servers(current()) as where, connect(read_only(where).target, autocommit=True) as target:
        found = read.variable(target, limit)
    if as_json:
        print_json(asdict(found))
    elif not found.is_current:
        out.print(NOT_THERE)
    else:
        listing = table(f"Variable over {found.patients:,} patients", "gene", "transcript", "#patients",
                        "#not at baseline", "#mean log2", "#variance log2")  # fmt: skip
        for each in found.transcripts:
            listing.add_row(
                each.gene_symbol or "", each.transcript_id, f"{each.patients:,}", f"{each.changed:,}",
                f"{each.mean_log2:.3f}", f"{each.variance_log2:.3f}",
            )  # fmt: skip
        out.print(listing if found.transcripts else "No transcript varies over these patients.")
    if not as_json:
        _name_stale(found.stale_patients)


def _show(done: Refresh) -> None:
    failed = [each for each in done.patients if each.problem]
    refreshed = len(done.patients) - len(failed)
    if failed:
        listing = table("Still stale", "patient", "note")
        for each in failed[:MAX_TABLE_ROWS]:
            listing.add_row(each.patient_id, each.problem)
        out.print(listing)
    if done.removed:
        out.print(f"Gone, and their rows with them: {some(done.removed, SHOWN_STALE)}.")
    rows = sum(each.rows for each in done.patients)
    out.print(
        f"{refreshed:,} patients refreshed, {rows:,} rows; {done.current:,} were current; {len(failed):,} failed."
    )


def _name_stale(stale: Sequence[read.Stale]) -> None:
    if stale:
        named = some([f"{each.patient_id} ({each.reason})" for each in stale], SHOWN_STALE)
        out.print(f"Stale, hence left out: {named}. See mediabase cohort refresh.")
