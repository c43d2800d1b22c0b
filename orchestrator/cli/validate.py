"""`mediabase validate`."""

from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator import journal
from orchestrator.cli.migrate import MAX_TABLE_ROWS, chosen
from orchestrator.cli.options import All, AsJson, Ids
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder
from orchestrator.migration import core
from orchestrator.postgres.connection import connect, servers
from orchestrator.validation.judge import Finding, Verdict
from orchestrator.validation.validate import Validated
from orchestrator.validation.validate import validate as validate_patients


def validate(
    ids: Ids = None,
    all_patients: All = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Ask every schema itself, too, not only the facts about it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that patients' data is what it should be, and tell what their biology says.

    Integrity checks pass or fail, and a patient that passes is validated. What only informs is noted.

    Example: mediabase validate --all
    """
    settings = current()
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:
        with connect(where.target, autocommit=True) as target:
            journal.require(target)
        core.upgrade(where.target)

        def report(verdict: Verdict) -> None:
            result = "passed" if verdict.is_passed else "failed"
            reporter.step(f"{verdict.patient_id}: {result}", done=True, patient_id=verdict.patient_id, result=result)

        reporter.step("loading dbt and Great Expectations")
        validated = validate_patients(
            where, chosen(ids, all_patients), deep, artifact_folder(settings.home), reporter.begin, report
        )
    if as_json:
        print_json({**asdict(validated), "exit_code": int(validated.exit_code)})
    else:
        _show(validated)
    raise typer.Exit(validated.exit_code)


def _show(validated: Validated) -> None:
    verdicts = validated.verdicts
    shown = verdicts if len(verdicts) <= MAX_TABLE_ROWS else [each for each in verdicts if not each.is_passed]
    listing = table("Validation", "patient", "result", "failed", "note")
    for verdict in shown[:MAX_TABLE_ROWS]:
        listing.add_row(
            verdict.patient_id,
            "passed" if verdict.is_passed else "failed",
            ", ".join(finding.check for finding in verdict.failures),
            "; ".join(_words(finding) for finding in verdict.notes),
        )
    out.print(listing)
    for verdict in verdicts:
        for finding in verdict.failures:
            out.print(f"{verdict.patient_id}: {_words(finding)}. See: {finding.show}")
    for finding in validated.groups:
        out.print(f"All: {_words(finding)}. See: {finding.show}")
    if validated.not_built:
        out.print(f"Not built yet, hence not validated: {', '.join(validated.not_built)}.")
    failed = sum(not verdict.is_passed for verdict in verdicts)
    noted = sum(bool(verdict.notes) for verdict in verdicts)
    out.print(
        f"{len(verdicts):,} patients: {len(verdicts) - failed:,} passed, {failed:,} failed; {noted:,} with notes."
    )


def _words(finding: Finding) -> str:
    """Return a finding as one line: the check, and what is named, of which there may be more."""
    count = finding.count or 0
    more = f" and {count - len(finding.named):,} more" if finding.named and count > len(finding.named) else ""
    named = f": {', '.join(finding.named)}{more}" if finding.named else ""
    return f"{finding.check} {finding.name}{named}"
