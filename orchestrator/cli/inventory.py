"""`mediabase inventory`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator.cli.log import say
from orchestrator.cli.migrate import MAX_TABLE_ROWS
from orchestrator.cli.options import AsJson, Believe, Ids, Jobs
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode, UsageError
from orchestrator.migration import inventory as inventories
from orchestrator.migration.inventory import Entry
from orchestrator.migration.names import rename
from orchestrator.migration.outcome import Options
from orchestrator.postgres.connection import servers
from orchestrator.wording import size

ID_CHECKS = ("patient-id", "id-collision")


def inventory(
    ids: Ids = None,
    jobs: Jobs = None,
    renames: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="OLD=NEW", help="Call a patient otherwise in v0.6.0; also a pseudonym."),
    ] = None,
    believe: Believe = None,
    as_json: AsJson = False,
) -> None:
    """List every legacy database: size, versions, rows, what a migration would make of it, and what is in its way.

    Reads each database once and writes nothing; only --rename is recorded, in the journal. Ids that cannot be used
    or lead to one schema name end it with exit code 5.

    Example: mediabase inventory --rename 'Müller 7=P-0007'
    """
    settings = current(jobs=jobs)
    with servers(settings) as where:
        if renames:
            rename(where, [_pair(text) for text in renames])
        with progress(is_quiet=as_json) as reporter:
            entries = inventories.take(
                where,
                ids or None,
                Options(on_bad_rows=settings.on_bad_rows, believe=believe.value if believe else None),
                settings.jobs,
                reporter.begin,
                lambda entry: reporter.step(
                    f"{entry.patient_id}: {entry.surface_class or 'not readable'}",
                    done=True,
                    patient_id=entry.patient_id,
                ),
            )
    if as_json:
        print_json([{**asdict(entry), "saving_bytes": entry.saving_bytes} for entry in entries])
    else:
        _show(entries)
    in_the_way = [found for entry in entries for found in entry.findings if found.check in ID_CHECKS]
    for found in in_the_way:
        say(f"{found.subject}: {found.message} {found.remedy}", "error")
    raise typer.Exit(ExitCode.REFUSED if in_the_way else ExitCode.DONE)


def _pair(text: str) -> tuple[str, str]:
    """Return OLD and NEW; the last '=' divides them, because it can be in an old name but not in a new one."""
    old, divides, new = text.rpartition("=")
    if not (divides and old and new):
        raise UsageError(f"--rename takes OLD=NEW, not {text!r}.")
    return old, new


def _show(entries: Sequence[Entry]) -> None:
    shown = entries
    if len(entries) > MAX_TABLE_ROWS:
        shown = [entry for entry in entries if entry.findings][:MAX_TABLE_ROWS]
    listing = table(
        "Legacy databases", "patient", "schema", "values in", "#rows", "#stored", "#quarantined", "#custom",
        "last write", "#size", "#in v0.6.0", "note",
    )  # fmt: skip
    for entry in shown:
        listing.add_row(
            entry.patient_id, entry.schema_version or "", entry.surface_class or "", _count(entry.legacy_rows),
            _count(entry.stored), _count(entry.quarantined), str(len(entry.custom_objects) or ""),
            f"{entry.last_write:%Y-%m-%d %H:%M}" if entry.last_write else "", _size(entry.size_bytes),
            _size(entry.predicted_bytes), ", ".join(f"{found.severity}: {found.check}" for found in entry.findings),
        )  # fmt: skip
    out.print(listing)
    if len(shown) < len(entries):
        out.print(f"Only those with findings are listed ({len(shown)} of {len(entries):,}); --json has all.")
    now, then = (
        (sum(values) for values in zip(*(_sizes(entry) for entry in entries), strict=True)) if entries else (0, 0)
    )
    saved = f" ({1 - then / now:.2%} less)" if now > then else ""
    versions = ", ".join(sorted({entry.server_version for entry in entries}))
    out.print(f"{len(entries):,} databases on PostgreSQL {versions}: {size(now)} now, {size(then)} in v0.6.0{saved}.")
    if any(entry.findings for entry in entries):
        out.print("What each finding means and what to do about it: mediabase doctor")


def _sizes(entry: Entry) -> tuple[int, int]:
    """Return size now and predicted, 0 and 0 where one of them is not known."""
    if entry.size_bytes is None or entry.predicted_bytes is None:
        return 0, 0
    return entry.size_bytes, entry.predicted_bytes


def _size(size_bytes: int | None) -> str:
    return "" if size_bytes is None else size(size_bytes)


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
