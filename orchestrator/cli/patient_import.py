"""`mediabase patient import`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.migrate import VALIDATION, show, summarise
from orchestrator.cli.options import AsJson, BadRows, Fact, Jobs, ReadDepth
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder
from orchestrator.errors import UsageError, worst
from orchestrator.migration import driver, plan
from orchestrator.migration.import_report import Imported, import_report, write_left_out
from orchestrator.migration.manifest import Manifest
from orchestrator.migration.matching import Rule
from orchestrator.migration.outcome import Message, Options, Outcome
from orchestrator.migration.patient_facts import check_facts
from orchestrator.migration.upload import Upload
from orchestrator.migration.upload_manifest import read_uploads
from orchestrator.patient_id import check
from orchestrator.postgres.connection import Connection, connect, servers
from orchestrator.uploads.layout import Asked, AskedFormat
from orchestrator.wording import counts


def import_files(
    patient_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="What the patient is to be called.")] = None,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Table of fold changes, also .gz.")] = None,
    manifest: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Many: patient_id, file, and facts, a line a patient.")
    ] = None,
    file_format: Annotated[
        AskedFormat | None,
        typer.Option("--format", help="deseq2: log2 fold changes; standard: linear ones.", show_default="auto"),
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="Column with the ids.", show_default="auto")] = None,
    value_column: Annotated[str | None, typer.Option(help="Column with the values.", show_default="auto")] = None,
    gene_to_transcript: Annotated[
        Rule, typer.Option(help="A gene's value goes to one transcript that stands for it, or to all.")
    ] = "representative",
    replace: Annotated[
        bool, typer.Option("--replace", help="Take this in place of what is there, which is read until then.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; report what would happen.")] = False,
    jobs: Jobs = None,
    on_bad_rows: BadRows = None,
    cancer_type: Fact = None,
    cancer_subtype: Fact = None,
    tissue_type: Fact = None,
    sample_type: Fact = None,
    sequencing_platform: Fact = None,
    read_depth_millions: ReadDepth = None,
    normalization_method: Fact = None,
    clinical_notes: Fact = None,
    as_json: AsJson = False,
) -> None:
    """Make a patient of a file: DESeq2, edgeR and limma tables (log2), or linear fold changes.

    What a file is, is found out by its header and its values, and said. Ids may be transcripts, genes, symbols or
    Entrez ids. Every row is accounted for: what cannot be stored is kept beside the patient, and listed in a file.

    Example: mediabase patient import TUMOR-7 results.csv --cancer-type "Breast Cancer"

    Example: mediabase patient import --manifest patients.csv --jobs 2
    """
    asked = Asked(file_format, id_column, value_column)
    given = check_facts({
        "cancer_type": cancer_type, "cancer_subtype": cancer_subtype, "tissue_type": tissue_type,
        "sample_type": sample_type, "sequencing_platform": sequencing_platform,
        "read_depth_millions": read_depth_millions, "normalization_method": normalization_method,
        "clinical_notes": clinical_notes,
    })  # fmt: skip
    if manifest:
        if patient_id or given:
            raise UsageError("With --manifest the patients, and the facts about them, are in that file.")
        uploads, known = read_uploads(manifest, asked, gene_to_transcript)
    elif patient_id and file:
        uploads = [Upload(file.name, check(patient_id), file.absolute(), asked, gene_to_transcript)]
        known = Manifest(["patient_id", *given], [{"patient_id": patient_id, **given}])
    else:
        raise UsageError("Say what: a patient's id and a file, or --manifest with many.")
    _bring_in(uploads, known, dry_run, replace, jobs, on_bad_rows, as_json)


def _bring_in(
    uploads: Sequence[Upload],
    facts: Manifest,
    dry_run: bool,
    replace: bool,
    jobs: int | None,
    on_bad_rows: BadRows,
    as_json: bool,
) -> None:
    settings = current(jobs=jobs, on_bad_rows=on_bad_rows)
    options = Options(force=replace, on_bad_rows=settings.on_bad_rows)
    reports: list[tuple[Imported, Path | None]] = []
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:

        def report(message: Message) -> None:
            show(reporter, message)

        if dry_run:
            outcomes = plan.plan_for(where, uploads, options, reporter.begin, report, is_import=True)
        else:
            outcomes = driver.bring_in(
                where, uploads, facts, options, settings.jobs, artifact_folder(settings.home), VALIDATION,
                reporter.begin, report,
            )  # fmt: skip
            with connect(where.target, autocommit=True) as target:
                folder = settings.home / "imports"
                reports = [_report_on(target, each, folder) for each in outcomes if each.result == "migrated"]
    _tell(outcomes, reports, dry_run, as_json)
    raise typer.Exit(worst([outcome.exit_code for outcome in outcomes]))


def _report_on(target: Connection, outcome: Outcome, folder: Path) -> tuple[Imported, Path | None]:
    left_out = write_left_out(target, outcome.patient_id, folder) if outcome.quarantined else None
    return import_report(target, outcome.patient_id), left_out


def _tell(
    outcomes: Sequence[Outcome], reports: Sequence[tuple[Imported, Path | None]], dry_run: bool, as_json: bool
) -> None:
    by_id = {imported.patient_id: (imported, left_out) for imported, left_out in reports}
    if as_json:
        items = []
        for each in outcomes:
            imported, left_out = by_id.get(each.patient_id, (None, None))
            made = {"imported": asdict(imported) if imported else None, "left_out": str(left_out) if left_out else None}
            items.append({**asdict(each), **made})
        print_json(items)
        return
    if len(reports) == 1 and len(outcomes) == 1:
        _tell_one(outcomes[0], *reports[0])
        return
    summarise(sorted(outcomes, key=lambda each: each.patient_id), dry_run, as_json=False)
    if listed := [left_out for _, left_out in reports if left_out]:
        out.print(f"Rows that are not stored are listed in {listed[0].parent}, a file a patient.")


def _why_unmatched(imported: Imported) -> str:
    dates = imported.details.get("spreadsheet_dates")
    made = f"; {dates:,} of them are dates that a spreadsheet made of symbols" if dates else ""
    return f"the core has no such id{made}" if imported.unmatched else ""


def _tell_one(outcome: Outcome, imported: Imported, left_out: Path | None) -> None:
    listing = table(f"{imported.patient_id}, from {imported.source_file}", "what", "#rows", "note")
    for what, rows, note in (
        ("uploaded", imported.uploaded, ""),
        ("matched", imported.matched, ""),
        ("unmatched", imported.unmatched, _why_unmatched(imported)),
        ("stored", imported.stored, f"{imported.schema_bytes / 1e6:.1f} MB"),
        ("at baseline", imported.baseline, "1.0, which is not stored"),
        ("kept beside", imported.quarantined, counts(outcome.reasons)),
        ("over-expressed", imported.over_expressed, "above 2"),
        ("under-expressed", imported.under_expressed, "below 0.5"),
    ):
        listing.add_row(what, f"{rows:,}", note)
    out.print(f"Read as {imported.details['read_as']}.")
    out.print(listing)
    if left_out:
        out.print(f"Rows that are not stored are listed in {left_out}.")
