"""`mediabase config`."""

import typer
from pydantic import SecretStr
from rich.text import Text

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, table
from orchestrator.cli.settings import loaded
from orchestrator.dsn import masked

app = typer.Typer(help="The settings.", no_args_is_help=True)


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show every setting, and where it came from: a flag, the environment, a file, the default. Masks passwords.

    Example: mediabase config show
    """
    found = loaded()
    rows = {
        name: {"value": _shown(value), "source": found.origins.get(name, "default")} for name, value in found.settings
    }
    if as_json:
        print_json(rows)
        return
    listing = table("Settings", "setting", "value", "source")
    for column in listing.columns[1:]:
        column.no_wrap, column.overflow = False, "fold"
    for name, row in rows.items():
        value = "(none)" if row["value"] is None else str(row["value"])
        listing.add_row(name, Text(value), Text(str(row["source"])))
    out.print(listing)


def _shown(value: object) -> str | int | None:
    if isinstance(value, SecretStr):
        return masked(value.get_secret_value())
    return value if isinstance(value, int) or value is None else str(value)
