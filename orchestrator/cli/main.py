"""The `mediabase` command."""

import signal
import sys
from types import FrameType

import click
import psycopg
import typer

from orchestrator.cli import migrate, sandbox, status, tools
from orchestrator.cli.output import err
from orchestrator.errors import ExitCode, MediabaseError

app = typer.Typer(
    help="Move a MEDIABASE v0.5.0 server to v0.6.0: one shared core, a sparse schema per patient.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(migrate.migrate)
app.command()(migrate.export)
app.command()(status.status)
app.add_typer(tools.core_app, name="core")
app.add_typer(sandbox.app, name="sandbox")
app.command(context_settings=tools.PASS_ON)(tools.dbt)
app.command(context_settings=tools.PASS_ON)(tools.psql)


def main() -> None:
    """Run the command line; every foreseen failure is one sentence on standard error."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sys.exit(app(standalone_mode=False))
    except MediabaseError as error:
        _end(str(error), error.exit_code)
    except click.UsageError as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except psycopg.OperationalError as error:
        _end(f"The connection to the database server was lost ({_first_line(error)}).", ExitCode.FAILED)
    except psycopg.Error as error:
        _end(f"PostgreSQL refused a statement ({error.sqlstate}: {_first_line(error)}).", ExitCode.FAILED)
    except (KeyboardInterrupt, click.Abort):
        _end("interrupted; run the same command again to go on.", ExitCode.INTERRUPTED)


def _end(message: str, exit_code: ExitCode) -> None:
    err.print(f"mediabase: {message}", markup=False)
    sys.exit(exit_code)


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error).partition("\n")[0]).strip()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
