"""What commands say on standard error: text for people, or with `--log-format json` one JSON object per line."""

import sys
from itertools import pairwise
from typing import Literal

import typer
from rich.console import Console

from orchestrator.invocation import INVOCATION
from orchestrator.settings import LogFormat, flag, variable

err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
Level = Literal["info", "warning", "error"]
_is_json = False
_command = ""


def say(event: str, level: Level = "info", *, prefix: str = "", **facts: object) -> None:
    """Say one thing; `prefix` stands before it in text only, `facts` beside it in JSON only.

    Neither may hold a secret or a value of a patient.
    """
    if not _is_json:
        err.print(f"{prefix}{event}")
        return
    import structlog  # only where used: it takes a tenth of the start

    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        run_id=INVOCATION,
        command=_command,
    )
    getattr(logger, level)(event, **facts)


def is_json() -> bool:
    """Tell whether lines are JSON; then there is no progress bar."""
    return _is_json


def begin(arguments: list[str], environment: dict[str, str]) -> None:
    """Choose the format before the command line is understood, for what is said if it never is."""
    global _command
    _command = ""
    name = flag("log_format")
    is_asked = f"{name}=json" in arguments or (name, "json") in pairwise(arguments)
    is_refused = f"{name}=text" in arguments or (name, "text") in pairwise(arguments)
    use("json" if is_asked or (environment.get(variable("log_format")) == "json" and not is_refused) else "text")


def use(log_format: LogFormat) -> None:
    """Say everything in this format from now on."""
    global _is_json
    _is_json = log_format == "json"


def name_command(context: typer.Context) -> None:
    """Put the name of the command on every line from now on: the words after `mediabase`."""
    global _command
    _command = f"{context.command_path} {context.invoked_subcommand}".partition(" ")[2]
