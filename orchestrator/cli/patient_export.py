"""`mediabase patient export`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, progress
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode
from orchestrator.migration.patient_export import Exported, Form, export_patients
from orchestrator.postgres.connection import servers


def export(
    patient_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Published patients.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the files; made when it is missing.")],
    form: Annotated[
        Form, typer.Option(help="What is stored, or the 23 columns of v0.5.0 for every transcript.")
    ] = "standard",
    replace: Annotated[bool, typer.Option("--replace", help="Write in place of files of these patients.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write patients to CSV files that only you may read: ID.csv, every value exact.

    standard: transcript_id and expression_fold_change of the stored rows (a transcript that is not there is at 1.0),
    and ID.quarantine.csv where a patient has rows in quarantine. v0.5.0: the table cancer_transcript_base as it was.

    Example: mediabase patient export TUMOR-7 --to files

    Example: mediabase patient export TUMOR-7 DEMO_HER2 --to files --form v0.5.0 --replace
    """
    with servers(current()) as where, progress(is_quiet=as_json) as reporter:
        reporter.begin(len(patient_ids))

        def report(each: Exported) -> None:
            result = each.problem or "exported"
            reporter.step(f"{each.patient_id}: {result}", done=True, patient_id=each.patient_id, result=result)

        done = export_patients(where, patient_ids, to.absolute(), form, report, is_replacing=replace)
    if as_json:
        print_json([asdict(each) for each in done])
    else:
        for each in done:
            out.print(f"{each.patient_id}: {each.problem or ', '.join(each.files)}", soft_wrap=True)
    raise typer.Exit(ExitCode.FAILED if any(each.problem for each in done) else ExitCode.DONE)
