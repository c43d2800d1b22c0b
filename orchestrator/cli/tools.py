"""`mediabase dbt`, `psql` and `core`: other programs and single steps, on the same settings."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.output import out, print_json
from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder, dbt_environment, expand_short_vars
from orchestrator.migration import core
from orchestrator.postgres.connection import environment, resolve, servers
from orchestrator.postgres.programs import find_program

core_app = typer.Typer(help="The core database.", no_args_is_help=True)
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


@core_app.command()
def upgrade(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Add to the core what v0.6.0 needs: schemas staging, migration, cohort. Changes nothing that is there.

    Example: mediabase core upgrade
    """
    with servers(current()) as where:
        is_new = core.upgrade(where.target)
    if as_json:
        print_json({"version": core.BASELINE, "changed": is_new})
    else:
        out.print(f"The core is at {core.BASELINE}{'' if is_new else ' already'}.")
