"""`mediabase doctor`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from orchestrator.cli.options import AsJson, BadRows, Believe, Ids, Jobs, MaxDisk, as_bytes
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode
from orchestrator.migration.doctor import CHECKS, Request, examine
from orchestrator.migration.findings import Finding
from orchestrator.migration.inventory import Entry
from orchestrator.migration.outcome import Options
from orchestrator.postgres.connection import servers
from orchestrator.wording import some

COLOURS = {"ok": "green", "warn": "yellow", "stop": "red"}
SHOWN_SUBJECTS = 3


def doctor(
    ids: Ids = None,
    jobs: Jobs = None,
    on_bad_rows: BadRows = None,
    believe: Believe = None,
    backups: Annotated[
        Path | None, typer.Option(help="Folder that backups will go to.", show_default="below the data folder")
    ] = None,
    max_disk: MaxDisk = None,
    as_json: AsJson = False,
) -> None:
    """Find everything that would stop or spoil a migration, before it starts; without ids, of every patient.

    Reads only. Ends with 0 when nothing would stop it, with 5 otherwise.

    Example: mediabase doctor --jobs 2 --max-disk 200GB
    """
    settings = current(jobs=jobs, on_bad_rows=on_bad_rows)
    request = Request(
        patient_ids=ids or None,
        options=Options(on_bad_rows=settings.on_bad_rows, believe=believe.value if believe else None),
        jobs=settings.jobs,
        home=settings.home,
        pg_bin=settings.pg_bin,
        backups=backups or settings.home / "backups",
        max_disk=as_bytes(max_disk),
    )
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:

        def report(entry: Entry) -> None:
            reporter.step(entry.patient_id, done=True, patient_id=entry.patient_id)

        found = examine(where, request, reporter.begin, report)
    if as_json:
        print_json({"checks": CHECKS, "findings": [asdict(finding) for finding in found]})
    else:
        _show(found)
    is_hopeless = any(finding.severity == "stop" for finding in found)
    raise typer.Exit(ExitCode.REFUSED if is_hopeless else ExitCode.DONE)


def _show(found: Sequence[Finding]) -> None:
    listing = table("What would stop or spoil a migration", "check", "result", "note")
    by_check: defaultdict[str, defaultdict[tuple[str, str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for finding in found:
        by_check[finding.check][finding.severity, finding.message, finding.remedy].append(finding.subject)
    for check, what in CHECKS.items():
        if check not in by_check:
            listing.add_row(check, _coloured("ok"), what)
        for (severity, message, remedy), subjects in by_check[check].items():
            who = some(subjects, SHOWN_SUBJECTS)
            listing.add_row(check, _coloured(severity), f"{who}: {message}" + (f"\n→ {remedy}" if remedy else ""))
    out.print(listing)
    stops, warnings = (sum(finding.severity == severity for finding in found) for severity in ("stop", "warn"))
    following = "Look again when the stops are gone." if stops else "Next: mediabase rehearse, mediabase migrate."
    out.print(f"Stops: {stops}, warnings: {warnings}. {following}")


def _coloured(severity: str) -> Text:
    return Text(severity, style=COLOURS[severity])
