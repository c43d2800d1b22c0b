"""`mediabase rehearse`."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from orchestrator.cli.log import is_json
from orchestrator.cli.migrate import VALIDATION, say_findings
from orchestrator.cli.options import AsJson, BadRows, Believe, Ids, Jobs
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import UsageError
from orchestrator.migration import rehearsal
from orchestrator.migration.outcome import Options
from orchestrator.migration.preflight import preflight
from orchestrator.migration.rehearsal import Prediction, Rehearsal
from orchestrator.postgres.connection import servers
from orchestrator.wording import counts, size, some

MAX_NAMES = 10


def rehearse(
    ids: Ids = None,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, help="Without ids: so many patients, from few rows to many.", show_default=str(rehearsal.SAMPLE)
        ),
    ] = None,
    jobs: Jobs = None,
    on_bad_rows: BadRows = None,
    believe: Believe = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the scratch server's folder, to look at it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Migrate copies of the core and some patients on a scratch server, and say what all will take.

    Production is only read, which is proved by its transaction numbers. Everything is removed afterwards.

    Example: mediabase rehearse --sample 3
    """
    if ids and sample:
        raise UsageError("Say which patients: either ids or --sample.")
    settings = current(jobs=jobs, on_bad_rows=on_bad_rows)
    request = rehearsal.Request(
        patient_ids=ids or None,
        sample=sample or rehearsal.SAMPLE,
        options=Options(on_bad_rows=settings.on_bad_rows, believe=believe.value if believe else None),
        jobs=settings.jobs,
        home=settings.home,
        pg_bin=settings.pg_bin,
        keep=keep,
        validation=VALIDATION,
    )
    with servers(settings) as where, progress("steps", is_quiet=as_json) as reporter:
        if is_json() or not as_json:
            say_findings(preflight(where, request.patient_ids, None, settings.jobs), dry_run=True)
        report = rehearsal.rehearse(
            where, request, reporter.begin, lambda text, done, **facts: reporter.step(text, done=done, **facts)
        )
    if as_json:
        print_json(_as_json(report))
    else:
        _print(report)
    raise typer.Exit(report.exit_code)


def _as_json(report: Rehearsal) -> dict[str, Any]:
    proved = [{**asdict(each), "is_untouched": each.is_untouched} for each in report.movements]
    return {**asdict(report), "movements": proved, "exit_code": int(report.exit_code)}


def _print(report: Rehearsal) -> None:
    listing = table(
        "What the rehearsal did (on copies)", "patient", "result", "#legacy rows", "#stored", "#baseline",
        "#quarantined", "parity", "#size", "#seconds", "note",
    )  # fmt: skip
    for each in report.patients:
        outcome = each.outcome
        listing.add_row(
            outcome.patient_id, outcome.result, f"{outcome.legacy_rows:,}", f"{outcome.stored:,}",
            f"{outcome.baseline:,}", f"{outcome.quarantined:,}", _parity(each.parity), size(each.schema_bytes),
            f"{each.seconds:,.1f}", outcome.message or counts(outcome.reasons),
        )  # fmt: skip
    out.print(listing)
    copied = sum(each.source_bytes for each in report.copied)
    out.print(
        f"{len(report.copied)} databases of {size(copied)} copied in {report.copy_seconds:,.1f} s, "
        f"{len(report.patients)} patients migrated in {report.migrate_seconds:,.1f} s."
    )
    for each_copy in report.copied:
        if each_copy.left_out:
            out.print(f"{each_copy.name}: the scratch server could not take {some(each_copy.left_out, MAX_NAMES)}.")
    for difference in report.differences:
        out.print(f"Not as foreseen: {difference}")
    out.print(_predicted(report.prediction))
    for movement in report.movements:
        out.print(str(movement))
    if report.kept:
        here = f"env -u MEDIABASE_DSN -u MEDIABASE_LEGACY_DSN MEDIABASE_CONFIG=/dev/null MEDIABASE_HOME={report.kept}"
        out.print(f"Kept. To look at it: {here} mediabase status", soft_wrap=True)
        out.print(f"To remove it: rm -r {report.kept}", soft_wrap=True)


def _predicted(found: Prediction) -> str:
    duration = "no time can be foretold" if found.seconds is None else f"at best about {_time(found.seconds)}"
    saved = f", {1 - found.schema_bytes / found.legacy_bytes:.1%} less" if found.legacy_bytes else ""
    fail = f" {len(found.fail)} would fail and are not counted: {some(found.fail, MAX_NAMES)}." if found.fail else ""
    return (
        f"All {found.patients:,} patients: about {size(found.schema_bytes)} of patient schemas, where the legacy "
        f"databases take {size(found.legacy_bytes)}{saved}; {duration} for the {found.to_migrate:,} still to migrate "
        f"with --jobs {found.jobs} on a machine like this.{fail}"
    )


def _parity(parity: bool | None) -> str:
    return {True: "equal", False: "differs", None: ""}[parity]


def _time(seconds: float) -> str:
    return f"{seconds / 60:,.0f} min" if seconds >= 120 else f"{seconds:,.0f} s"
