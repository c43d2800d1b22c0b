"""`mediabase core`: the shared core, looked at, upgraded, and rid of v0.5.0's table."""

from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator.cli.migrate import MAX_TABLE_ROWS
from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode
from orchestrator.legacy.databases import WIDE
from orchestrator.migration.core import BASELINE
from orchestrator.migration.core_check import check_core
from orchestrator.migration.core_upgrade import VERSION_TABLE, CoreUpgrade, upgrade_core
from orchestrator.migration.findings import Finding
from orchestrator.migration.requeue import Affected
from orchestrator.migration.retire import Retirement, retire
from orchestrator.migration.versions import Version
from orchestrator.postgres.connection import servers
from orchestrator.postgres.tables import TableDigest

app = typer.Typer(help="The core database.", no_args_is_help=True)

SHOWN_DIGITS = 16
"""Of a digest's 64 in a table for people; --json has all."""


@app.command()
def check(as_json: AsJson = False) -> None:
    """Show versions, rows and digests of every core table, and whether they fit together. Writes nothing.

    Works on a standby, for a role that may only read, and before the upgrade. Exit code 5 when something found
    should stop a migration.

    Example: mediabase core check
    """
    with servers(current()) as where, progress("tables", is_quiet=as_json) as reporter:
        found = check_core(where.target, reporter.begin, lambda each: reporter.step(_progress(each), done=True))
    if as_json:
        print_json(asdict(found))
    else:
        _print_versions(found.versions)
        listing = table("Tables of the core", "table", "#rows", "digest")
        for each in found.tables:
            listing.add_row(each.table, f"{each.rows:,}", each.digest[:SHOWN_DIGITS])
        out.print(listing)
        _print_findings("Findings", found.findings)
        _print_affected(found.affected)
        if all(finding.severity == "ok" for finding in found.findings):
            out.print("The core is consistent.")
    raise typer.Exit(ExitCode.DONE if found.may_go_on else ExitCode.REFUSED)


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Add to the core what v0.6.0 needs: schemas staging, migration, cohort. Changes nothing that is there.

    Every table is read before and after; should one differ, the upgrade is undone and says which.

    Example: mediabase core upgrade
    """
    with servers(current()) as where, progress("tables", is_quiet=as_json) as reporter:
        done = upgrade_core(where.target, reporter.begin, lambda each: reporter.step(_progress(each), done=True))
    if as_json:
        print_json(
            {
                "version": BASELINE,
                "changed": done.is_new,
                "versions": [asdict(recorded) for recorded in done.after.versions],
                "before": [asdict(each) for each in done.before.tables.values()],
                "after": [asdict(each) for each in done.after.tables.values()],
            }
        )
        return
    _print_versions(done.after.versions)
    _print_upgrade(done)
    out.print(f"The core is at {BASELINE}{'' if done.is_new else ' already'}.")


@app.command("retire-legacy-table")
def retire_legacy_table(
    undo: Annotated[bool, typer.Option("--undo", help="Move it back.")] = False, as_json: AsJson = False
) -> None:
    """Move the core's cancer_transcript_base to schema legacy, where no v0.5.0 query finds it by accident.

    Left in place, it answers a query that was not migrated with 1.0 for every transcript. Its rows are not touched,
    and legacy databases neither. Refused when a session keeps the table busy for more than 3 seconds.

    Example: mediabase core retire-legacy-table
    """
    with servers(current()) as where:
        done = retire(where.target, undo=undo)
    if as_json:
        print_json(asdict(done))
    else:
        _print_retirement(done)


def _progress(found: TableDigest) -> str:
    return f"{found.table}: {found.rows:,} rows"


def _print_versions(versions: list[Version]) -> None:
    listing = table("Recorded versions, the latest first", "version", "since", "recorded in", "note")
    for recorded in versions:
        listing.add_row(recorded.version, recorded.applied_at, recorded.table, recorded.description)
    out.print(listing)


def _print_findings(title: str, findings: list[Finding]) -> None:
    if not findings:
        return
    listing = table(title, "", "about", "note")
    for finding in findings:
        listing.add_row(finding.severity, finding.subject, f"{finding.message} {finding.remedy}".strip())
    out.print(listing)


def _print_affected(affected: list[Affected]) -> None:
    if not affected:
        return
    listing = table("Patients that the core has changed under", "patient", "#orphaned", "#storable")
    for each in affected[:MAX_TABLE_ROWS]:
        listing.add_row(each.patient_id, f"{each.orphaned:,}", f"{each.storable:,}")
    out.print(listing)


def _print_upgrade(done: CoreUpgrade) -> None:
    listing = table("Tables of the core", "table", "#rows before", "#rows after", "digest before", "digest after")
    for name, after in done.after.tables.items():
        before = done.before.tables.get(name)
        listing.add_row(
            name, f"{before.rows:,}" if before else "", f"{after.rows:,}",
            before.digest[:SHOWN_DIGITS] if before else "", after.digest[:SHOWN_DIGITS],
        )  # fmt: skip
    out.print(listing)
    gained = f"; {VERSION_TABLE} gained the row of this upgrade, nothing else" if done.is_new else ""
    out.print(f"Every table is as it was{gained}.")


def _print_retirement(done: Retirement) -> None:
    _print_findings(f"What depends on {WIDE}", done.dependents)
    out.print(f"{WIDE} is in schema {done.schema}{'' if done.is_moved else ' already'}.")
    out.print(
        f"It is the same table with the same rows: oid {done.after.oid}, file {done.after.file}, before and after."
    )
    out.print("Nobody was given rights by this; legacy databases of patients were not touched.")
