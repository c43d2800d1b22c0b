"""`mediabase query custom-objects`: views, functions and triggers that somebody added to a legacy database."""

import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, table
from orchestrator.cli.settings import current
from orchestrator.errors import UsageError
from orchestrator.postgres.connection import servers

if TYPE_CHECKING:  # see query.py
    from orchestrator.queries.custom_migrate import Done, Report

WOULD = {"created": "would be created", "replaced": "would be replaced"}

PatientId = Annotated[str, typer.Option("--patient", metavar="ID", help="Patient whose legacy database is looked at.")]
Apply = Annotated[bool, typer.Option("--apply", help="Create them. Without it nothing is written.")]
ShowSql = Annotated[bool, typer.Option("--sql", help="Print the statements that --apply would run.")]


def custom_objects(
    patient: PatientId, apply: Apply = False, show_sql: ShowSql = False, as_json: AsJson = False
) -> None:
    """Find views, functions and triggers that were added to a legacy database, and create them for the patient.

    Those that read cancer_transcript_base, by what they depend on or by their text, also through each other, and all
    others that the core does not have. They read the patient in v0.6.0, with the rights of whoever uses them, but for
    materialized views, which are filled with yours: look at --sql first. What cannot be migrated is listed with the
    reason, and exit code 1. Safe to run again.

    Example: mediabase query custom-objects --patient TCGA-BH-A0HX-01A --apply
    """
    if show_sql and (apply or as_json):
        raise UsageError("--sql prints what --apply would run, and nothing else: leave out --apply and --json.")
    from orchestrator.queries.custom_migrate import migrate_custom_objects

    with servers(current()) as where:
        report = migrate_custom_objects(where, patient, is_applied=apply)
    if as_json:
        print_json(asdict(report))
    elif show_sql:
        sys.stdout.write(_script(report))
    else:
        _show(report)
    raise typer.Exit(report.exit_code)


def _show(report: "Report") -> None:
    listing = table(f"Custom objects of {report.database}", "kind", "object", "found", "result", "note")
    for each in report.objects:
        listing.add_row(each.kind, each.legacy_name, each.found, _result(each, report), "; ".join(each.notes))
    if report.objects:
        out.print(listing)
    counts = Counter(_result(each, report) for each in report.objects)
    said = ", ".join(f"{count:,} {result}" for result, count in counts.items()) or "there are none"
    out.print(f"{report.database}, schema {report.schema}: {said}.")
    if not report.is_applied and any(each.result in WOULD for each in report.objects):
        out.print("Nothing was written: look at --sql, and pass --apply.")


def _result(done: "Done", report: "Report") -> str:
    return done.result if report.is_applied else WOULD.get(done.result, done.result)


def _script(report: "Report") -> str:
    """Return one transaction with the statements of all objects that would be made; of others, why they are not."""
    lines = [_comment(f"{report.database}: custom objects for schema {report.schema}"), "BEGIN;"]
    lines += [f"{each};" for each in report.opening]
    for each in report.objects:
        title = f"{each.kind} {each.legacy_name}: {_result(each, report)}"
        lines += ["", _comment(title), *map(_comment, each.notes)]
        lines += [f"{statement};" for statement in each.statements if each.result in WOULD]
    return "\n".join([*lines, "", "COMMIT;"]) + "\n"


def _comment(text: str) -> str:
    """Return a comment of one line; names may hold line breaks."""
    return f"-- {' '.join(text.split())}"
