"""The settings in force: the flags before the command, and what `orchestrator.settings` finds beside them."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli import log
from orchestrator.settings import Loaded, LogFormat, Settings, load

_flags: dict[str, object] = {}
_file: Path | None = None


def global_options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration file.", show_default="MEDIABASE_CONFIG, or ./mediabase.toml if there is one"),
    ] = None,
    dsn: Annotated[str | None, typer.Option(help="Target server: connection string without a password.")] = None,
    legacy_dsn: Annotated[str | None, typer.Option(help="Server with the legacy databases, if another one.")] = None,
    home: Annotated[str | None, typer.Option(help="Folder of the embedded server and of dbt's artifacts.")] = None,
    pg_bin: Annotated[str | None, typer.Option(help="Folder of the PostgreSQL programs to prefer.")] = None,
    log_format: Annotated[
        LogFormat | None, typer.Option(help="Of what is said on standard error.", show_default="text")
    ] = None,
) -> None:
    """Take in the flags before the command; raises UsageError when the settings cannot be used."""
    global _file
    log.name_command(context)
    _file = config
    _flags.clear()
    _flags.update(dsn=dsn, legacy_dsn=legacy_dsn, home=home, pg_bin=pg_bin, log_format=log_format)
    log.use(current().log_format)


def current(**flags: object) -> Settings:
    """Return the settings in force, for a command with `flags` of its own; None means not given.

    Raises UsageError when they cannot be used.
    """
    return loaded(**flags).settings


def loaded(**flags: object) -> Loaded:
    """Return the settings in force and where each came from; see `current`."""
    return load({**_flags, **flags}, _file)
