"""dbt as a library: one call, its outcome as plain data, nothing left behind in the process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import MediabaseError, UsageError

PACKAGED_PROJECT = Path(__file__).parent.parent / "project"
"""Where `pip install` puts the dbt project; in a checkout it is the checkout itself."""

QUIETLY = ["--quiet", "--no-use-colors", "--log-level-file", "none", "--no-write-json"]


@dataclass(frozen=True)
class Project:
    """The parsed dbt project."""

    manifest: Any


def project_folder() -> Path:
    """Return the folder with dbt_project.yml."""
    if (PACKAGED_PROJECT / "dbt_project.yml").exists():
        return PACKAGED_PROJECT
    return Path(__file__).parent.parent.parent


def artifact_folder(home: Path) -> Path:
    """Return the folder below the data home for what dbt writes; raises UsageError when it cannot be made."""
    folder = home / "dbt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The data folder {home} cannot be written to ({error.strerror}): set MEDIABASE_HOME to one that can."
        ) from error
    return folder


def dbt_environment(target: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the variables of profiles.yml for libpq's parameters `target`, and of where dbt writes.

    The names are our own, because libpq's would leak into this process's other connections; dbt keeps a
    password under its prefix out of every log.
    """
    parameters = dict(target)
    password = parameters.pop("password", "")
    return {
        **{f"MEDIABASE_TARGET_{keyword.upper()}": value for keyword, value in parameters.items()},
        "DBT_ENV_SECRET_MEDIABASE_PASSWORD": password,
        "DBT_PROJECT_DIR": str(project_folder()),
        "DBT_PROFILES_DIR": str(project_folder()),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def parse_project() -> Project:
    """Import dbt and parse the project, which takes a few seconds.

    Raises MediabaseError when it does not parse.
    """
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke([*QUIETLY, "parse"])
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if not outcome.success:
        raise MediabaseError(f"The dbt project cannot be parsed: {' '.join(str(outcome.exception).split())}")
    return Project(outcome.result)


def run_models(project: Project, select: list[str], variables: dict[str, object]) -> bool:
    """Run `dbt run` in this process, and return whether it succeeded.

    What became of each patient is in the journal; dbt's own messages can carry values, and are not kept. The
    parsed project is used again for every list of patients: a list, unlike the variable `patient_id`, decides
    nothing at parse. dbt is not thread-safe: one call at a time in a process.
    """
    return _invoke(project, ["run", "--select", *select, "--vars", json.dumps(variables)])


def run_seeds(project: Project) -> bool:
    """Load the seeds anew with `dbt seed` in this process, and return whether it succeeded.

    Views that depend on them are gone until their models run.
    """
    return _invoke(project, ["seed", "--full-refresh"])


def _invoke(project: Project, arguments: list[str]) -> bool:
    from dbt.adapters.factory import cleanup_connections
    from dbt.cli.main import dbtRunner

    try:
        outcome = dbtRunner(manifest=project.manifest).invoke([*QUIETLY, *arguments])
    finally:
        cleanup_connections()
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    return bool(outcome.success)


def expand_short_vars(arguments: list[str]) -> list[str]:
    """Return dbt's arguments with `--vars name=value` turned into the JSON that dbt wants."""
    expanded = list(arguments)
    for position, argument in enumerate(arguments[:-1]):
        name, is_short, value = arguments[position + 1].partition("=")
        if argument == "--vars" and is_short and name.isidentifier():
            expanded[position + 1] = json.dumps({name: value})
    return expanded
