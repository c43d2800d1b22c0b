"""The `mediabase` command."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import psycopg
import typer

from orchestrator.cli import (
    access,
    backup,
    cohort,
    config,
    context,
    core,
    doctor,
    inventory,
    legacy,
    log,
    migrate,
    parity,
    patient,
    query,
    rehearse,
    report,
    rollback,
    sandbox,
    serve,
    settings,
    status,
    synthesize,
    token,
    tools,
    validate,
)
from orchestrator.errors import ExitCode, MediabaseError
from orchestrator.postgres.failures import CONNECTION_LOST, describe_failure

INTERRUPTED = "interrupted; run the same command again."

app = typer.Typer(
    help="Move a MEDIABASE v0.5.0 server to v0.6.0: one shared core, a sparse schema per patient.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(settings.global_options)
app.command()(inventory.inventory)
app.command()(doctor.doctor)
app.command()(migrate.migrate)
app.command()(migrate.export)
app.command()(rehearse.rehearse)
app.command()(parity.parity)
app.command()(backup.backup)
app.command()(backup.archive)
app.command()(backup.backups)
app.command()(rollback.drop_legacy)
app.command()(rollback.rollback)
app.command()(status.status)
app.command()(report.report)
app.command()(validate.validate)
app.command()(context.context)
app.command()(serve.serve)
app.command()(synthesize.synthesize)
groups = {"access": access.app, "cohort": cohort.app, "config": config.app, "core": core.app, "legacy": legacy.app,
          "patient": patient.app, "query": query.app,
          "sandbox": sandbox.app, "token": token.app}  # fmt: skip
for name, group in groups.items():
    app.add_typer(group, name=name, callback=log.name_command)
app.command(context_settings=tools.PASS_ON)(tools.dbt)
app.command(context_settings=tools.PASS_ON)(tools.psql)


def main() -> None:
    """Run the command line; every foreseen failure is one sentence on standard error."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # under nohup it stays ignored
        signal.signal(signal.SIGHUP, _interrupt)
    log.begin(sys.argv[1:], dict(os.environ))
    try:
        code = app(standalone_mode=False) or ExitCode.DONE
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except typer.TyperException as error:
        _end_usage(error)
    except MediabaseError as error:
        _end(str(error), error.exit_code)
    except OSError as error:
        _end(f"{error.filename or 'A file'}: {error.strerror}.", ExitCode.FAILED)
    except psycopg.Error as error:
        sqlstate, message = describe_failure(error)
        lost = "The connection to the database server was lost." if sqlstate == CONNECTION_LOST else message
        _end(lost, ExitCode.FAILED)
    if code == ExitCode.INTERRUPTED:  # also what Typer makes of an interrupt
        _end(INTERRUPTED, ExitCode.INTERRUPTED)
    if log.is_json():
        log.say("ended", exit_code=int(code))
    sys.exit(code)


def _end(message: str, exit_code: ExitCode) -> NoReturn:
    log.say(message, "error", prefix="mediabase: ", exit_code=int(exit_code))
    sys.exit(exit_code)


def _end_usage(error: typer.TyperException) -> NoReturn:
    """End after a command line that Typer cannot follow; in text it says so in its own way."""
    if log.is_json():
        log.say(error.format_message() or "Say which command: see --help.", "error", exit_code=error.exit_code)
    else:
        from typer.rich_utils import rich_format_error

        rich_format_error(error)  # type: ignore[arg-type]
    sys.exit(error.exit_code)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
