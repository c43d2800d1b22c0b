"""The `mediabase` command."""

import signal
import sys
from types import FrameType
from typing import NoReturn

import psycopg
import typer

from orchestrator.cli import migrate, rehearse, sandbox, status, tools
from orchestrator.cli.output import err
from orchestrator.errors import ExitCode, MediabaseError
from orchestrator.postgres.failures import CONNECTION_LOST, describe_failure

app = typer.Typer(
    help="Move a MEDIABASE v0.5.0 server to v0.6.0: one shared core, a sparse schema per patient.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(migrate.migrate)
app.command()(migrate.export)
app.command()(rehearse.rehearse)
app.command()(status.status)
app.add_typer(tools.core_app, name="core")
app.add_typer(sandbox.app, name="sandbox")
app.command(context_settings=tools.PASS_ON)(tools.dbt)
app.command(context_settings=tools.PASS_ON)(tools.psql)


def main() -> None:
    """Run the command line; every foreseen failure is one sentence on standard error."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except SystemExit as end:  # how Typer ends, also after an interrupt
        if end.code == ExitCode.INTERRUPTED:
            _end("interrupted; run the same command again to go on.", ExitCode.INTERRUPTED)
        raise
    except KeyboardInterrupt:
        _end("interrupted; run the same command again to go on.", ExitCode.INTERRUPTED)
    except MediabaseError as error:
        _end(str(error), error.exit_code)
    except psycopg.Error as error:
        code, message = describe_failure(error)
        lost = "The connection to the database server was lost." if code == CONNECTION_LOST else message
        _end(lost, ExitCode.FAILED)


def _end(message: str, exit_code: ExitCode) -> NoReturn:
    err.print(f"mediabase: {message}", markup=False)
    sys.exit(exit_code)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
