"""`mediabase context`."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import print_json, progress
from orchestrator.cli.settings import current
from orchestrator.context.read import read
from orchestrator.context.render import render
from orchestrator.dbt.runner import artifact_folder
from orchestrator.postgres.connection import read_only, servers


def context(
    patient: Annotated[str, typer.Option("--patient", metavar="ID", help="Patient that is to be queried.")],
    as_json: AsJson = False,
) -> None:
    """Print what an assistant needs to write SQL for a patient: relations, columns, rules, queries that run.

    As Markdown, for people and language models. It holds no value of the patient and no password, and says what must
    not be sent anywhere.

    Example: mediabase context --patient DEMO_HER2
    """
    settings = current()
    with servers(settings) as where, progress(is_quiet=as_json) as reporter:
        found = read(read_only(where), artifact_folder(settings.home), patient, reporter.step)
    if as_json:
        print_json(asdict(found))
    else:
        sys.stdout.write(render(found))
