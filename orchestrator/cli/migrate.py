"""`mediabase migrate` and `mediabase export`."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from orchestrator.backup.backup import Place
from orchestrator.cli import in_place, requeue
from orchestrator.cli.log import Level, is_json, say
from orchestrator.cli.options import All, AsJson, BadRows, Believe, Ids, Jobs, MaxDisk, Surface, as_bytes
from orchestrator.cli.output import Reporter, out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder
from orchestrator.errors import ExitCode, RefusedError, UsageError, worst
from orchestrator.migration import driver, plan
from orchestrator.migration.csv_export import export_csv
from orchestrator.migration.findings import Finding
from orchestrator.migration.in_place import Way
from orchestrator.migration.outcome import Message, Options, Outcome, Progress, Strategy, Validation
from orchestrator.migration.preflight import preflight, refusal
from orchestrator.postgres.connection import servers
from orchestrator.validation.judge import judge_and_record
from orchestrator.validation.suites import warm_up
from orchestrator.wording import counts

MAX_TABLE_ROWS = 60
"""Longer lists show only patients that need a look; --json has all."""

LEVELS: dict[ExitCode, Level] = {ExitCode.QUARANTINED: "warning", ExitCode.FAILED: "error"}
"""Of what is said of a patient; info for all others."""


VALIDATION = Validation(judge_and_record, warm_up)

Manifest = Annotated[
    Path | None, typer.Option(help="patients.csv with clinical facts (cancer_type, cancer_subtype, ...).")
]


def migrate(
    ids: Ids = None,
    all_patients: All = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; report what would happen.")] = False,
    jobs: Jobs = None,
    force: Annotated[bool, typer.Option("--force", help="Migrate again what is done already.")] = False,
    on_bad_rows: BadRows = None,
    believe: Believe = None,
    manifest: Manifest = None,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Take them from a folder of `export --csv`, without any legacy server."),
    ] = None,
    strategy: Annotated[
        Strategy | None,
        typer.Option(
            help="clean: first move the core's legacy table away; parallel: first set their legacy databases to read "
            "only, which stay in use until `legacy cut-over`; in-place: batch by batch, each archived and dropped.",
            show_default="none",
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Patients in a batch, in place.")] = 8,
    max_disk: MaxDisk = None,
    full: Annotated[bool, typer.Option("--full", help="In place: archives of whole databases, not thin ones.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="In place: do drop legacy databases.")] = False,
    requeue_quarantine: Annotated[
        bool,
        typer.Option(
            "--requeue-quarantine",
            help="Instead: put rows of patients that are here already where a core with other transcripts wants them.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Move patients from their v0.5.0 databases to schemas of the core, and prove every value.

    Safe to run again: what is done is looked at and skipped, what was interrupted goes on.

    Example: mediabase migrate --all --jobs 2

    Example: mediabase migrate --all --csv migration_data

    Example: mediabase migrate P1 P2 --strategy parallel

    Example: mediabase migrate --all --strategy in-place --batch 20 --max-disk 50GB --yes

    Example: mediabase migrate --all --requeue-quarantine
    """
    _refuse_mixed(csv, strategy, believe, requeue_quarantine, dry_run or force or bool(manifest))
    if requeue_quarantine:
        requeue.requeue_quarantine(chosen(ids, all_patients), as_json)
    settings = current(jobs=jobs, on_bad_rows=on_bad_rows)
    options = Options(force, settings.on_bad_rows, believe.value if believe else None, strategy)
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:

        def report(message: Message) -> None:
            show(reporter, message)

        found = preflight(where, chosen(ids, all_patients), csv, settings.jobs)
        if is_json() or not as_json:
            say_findings(found, dry_run)
        if dry_run:
            outcomes = plan.plan(where, chosen(ids, all_patients), options, manifest, csv, reporter.begin, report)
        else:
            if reason := refusal(found):
                raise RefusedError(reason)

            def move(patient_ids: Sequence[str] | None, begin: Callable[[int], None] = lambda _: None) -> list[Outcome]:
                return driver.migrate(
                    where, patient_ids, options, settings.jobs, artifact_folder(settings.home), manifest, csv,
                    VALIDATION, begin, report,
                )  # fmt: skip

            if strategy == "in-place":
                place = Place(settings.home / "backups", settings.home, settings.pg_bin)
                way = Way(batch, settings.jobs, place, not full, as_bytes(max_disk))
                moved = in_place.run(where, chosen(ids, all_patients), options, way, move, reporter, is_sure=yes)
                in_place.show(moved, as_json=as_json)
            outcomes = move(chosen(ids, all_patients), reporter.begin)
    summarise(sorted(outcomes, key=lambda outcome: outcome.patient_id), dry_run, as_json)
    raise typer.Exit(worst([outcome.exit_code for outcome in outcomes]))


def _refuse_mixed(
    csv: Path | None, strategy: Strategy | None, believe: Surface | None, is_requeue: bool, has_more: bool
) -> None:
    """Raise UsageError for options that do not go together."""
    if is_requeue and (csv or strategy or believe or has_more):
        raise UsageError("--requeue-quarantine moves rows that are here already: it takes patients, and --json.")
    if csv and strategy == "in-place":
        raise UsageError("--strategy in-place drops legacy databases: patients of a CSV have none at hand.")
    if csv and strategy == "parallel":
        raise UsageError("--strategy parallel is for legacy databases: patients of a CSV have none at hand.")
    if csv and believe:
        raise UsageError("--surface is for legacy databases: a CSV has the values of the one it was exported from.")


def export(
    ids: Ids = None,
    all_patients: All = False,
    believe: Believe = None,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write files and a manifest into this folder, and nothing into the target."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Only stage patients' rows, for dbt to build: `mediabase dbt build --vars patient_id=ID`.

    With --csv write each patient to a file instead, which `mediabase migrate --csv` takes back exactly.

    Example: mediabase export DEMO_HER2

    Example: mediabase export --all --csv migration_data
    """
    surface = believe.value if believe else None
    with servers(current()) as where, progress(is_quiet=as_json) as reporter:

        def report(message: Message) -> None:
            show(reporter, message)

        if csv:
            outcomes = export_csv(where, chosen(ids, all_patients), surface, csv, reporter.begin, report)
        else:
            outcomes = driver.export(where, chosen(ids, all_patients), surface, reporter.begin, report)
    failed = [outcome for outcome in outcomes if outcome.result == "failed"]
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        for outcome in failed:
            out.print(f"{outcome.patient_id}: {outcome.message}")
        done = f"exported to {csv}" if csv else "staged"
        out.print(f"{len(outcomes) - len(failed)} patients {done}, {len(failed)} failed.")
        taken_back = f"Take them back with: mediabase migrate --csv {quote(str(csv))} --all"
        if len(failed) < len(outcomes):
            out.print(taken_back if csv else "Build one with: mediabase dbt build --vars patient_id=ID")
    raise typer.Exit(ExitCode.FAILED if failed else ExitCode.DONE)


def chosen(ids: list[str] | None, all_patients: bool) -> list[str] | None:
    """Return the ids that were asked for, None for all; raises UsageError unless it is one or the other."""
    if bool(ids) == all_patients:
        raise UsageError("Say which patients: either ids or --all.")
    return ids or None


def say_findings(found: Sequence[Finding], dry_run: bool) -> None:
    """Say what few checks found: what only warns by name, and in a dry run what a migration would be refused for."""
    warnings = dict.fromkeys(finding.check for finding in found if finding.severity == "warn")
    if warnings:
        say(f"{', '.join(warnings)}: what that means, says mediabase doctor", "warning", prefix="warning: ")
    if dry_run and (reason := refusal(found)):
        say(f"This migration would be refused. {reason}", "warning", prefix="warning: ")


def show(reporter: Reporter, message: Message) -> None:
    """Show what happens to a patient."""
    if isinstance(message, Progress):
        reporter.step(f"{message.patient_id}: {message.phase}", **asdict(message))
    elif isinstance(message, Outcome):
        rows = f", {message.legacy_rows:,} rows" if message.legacy_rows else ""
        problem = f": {message.message}" if message.message else ""
        level = LEVELS.get(message.exit_code, "info")
        reporter.step(
            f"{message.patient_id}: {message.result}{rows}{problem}", done=True, level=level, **asdict(message)
        )


def summarise(outcomes: list[Outcome], dry_run: bool, as_json: bool) -> None:
    """Print what became of patients, in a table and a line."""
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
        return
    shown = outcomes
    if len(outcomes) > MAX_TABLE_ROWS:
        shown = [outcome for outcome in outcomes if outcome.exit_code != ExitCode.DONE][:MAX_TABLE_ROWS]
    what = "What would happen (nothing was written)" if dry_run else "What happened"
    listing = table(
        what, "patient", "result", "#legacy rows", "#stored", "#baseline", "#quarantined", "#missing", "note"
    )
    for outcome in shown:
        listing.add_row(
            outcome.patient_id, outcome.result, f"{outcome.legacy_rows:,}", f"{outcome.stored:,}",
            f"{outcome.baseline:,}", f"{outcome.quarantined:,}", f"{outcome.missing:,}",
            outcome.message or counts(outcome.reasons),
        )  # fmt: skip
    out.print(listing)
    by_result = {
        result: sum(outcome.result == result for outcome in outcomes)
        for result in ("migrated", "unchanged", "kept", "failed")
    }
    text = ", ".join(f"{count:,} {result}" for result, count in by_result.items() if count)
    patients = "1 patient" if len(outcomes) == 1 else f"{len(outcomes):,} patients"
    out.print(f"{patients}: {text or 'nothing to do'}.")
    if by_result["migrated"] and not by_result["failed"] and not dry_run:
        out.print(
            "Every migrated value was read back and compared by digest, and every patient validated. "
            "What the biology says: mediabase validate --all"
        )
