"""`mediabase dbt` and `mediabase psql`: other programs, on the same settings."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder, dbt_environment, expand_short_vars
from orchestrator.postgres.connection import environment, resolve, servers
from orchestrator.postgres.programs import find_program

PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def dbt(context: typer.Context) -> None:
    """Run dbt on this project and target; also takes the short form `--vars patient_id=X`.

    Example: mediabase dbt build --vars patient_id=DEMO_HER2
    """
    settings = current()
    with servers(settings) as where:
        variables = dbt_environment(resolve(where.target), artifact_folder(settings.home) / "cli")
        command = [str(Path(sys.executable).with_name("dbt")), *expand_short_vars(context.args)]
        raise typer.Exit(subprocess.run(command, env={**os.environ, **variables}).returncode)


def psql(context: typer.Context) -> None:
    """Open psql on the target database.

    Example: mediabase psql -c 'select * from patient_demo_her2.metadata'
    """
    settings = current()
    with servers(settings) as where:
        command = [str(find_program("psql", settings.pg_bin)), *context.args]
        raise typer.Exit(subprocess.run(command, env={**os.environ, **environment(where.target)}).returncode)
