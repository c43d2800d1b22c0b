"""`mediabase token`: what opens patients to clients of the API."""

import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from orchestrator.access.tokens import Scope, Token, create_token, list_tokens, revoke_token
from orchestrator.cli.log import say
from orchestrator.cli.options import AllPatients, AsJson, Cohort, Patients, as_ids
from orchestrator.cli.output import out, print_json, table
from orchestrator.cli.settings import current
from orchestrator.errors import UsageError
from orchestrator.postgres.connection import connect, servers
from orchestrator.wording import some

app = typer.Typer(help="Tokens of the API.", no_args_is_help=True)

SPAN = re.compile(r"(\d{1,4})([hdw])")
UNITS = {"h": "hours", "d": "days", "w": "weeks"}
SHOWN = 3
Name = Annotated[str, typer.Argument(help="Whose the token is, or what for.")]


@app.command()
def create(
    name: Name,
    patients: Patients = None,
    all_patients: AllPatients = False,
    cohort: Cohort = False,
    expires: Annotated[
        str, typer.Option(metavar="WHEN", help="After hours, days or weeks (12h, 90d, 8w), or on a date (2027-03-31).")
    ] = "90d",
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, once: only its hash is kept. --all-patients includes those that come later.

    Example: mediabase token create ward-7 --patients DEMO_HER2,DEMO_TNBC --expires 30d
    """
    expires_at = _moment(expires)
    scope = Scope(tuple(as_ids(patients)), all_patients, cohort)
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        text = create_token(target, name, scope, expires_at)
    if as_json:
        print_json({"name": name, "token": text, "expires_at": expires_at})
        return
    sys.stdout.write(f"{text}\n")
    opens = _opens(scope.patient_ids, all_patients, cohort)
    say(f"It opens {opens} until {expires_at:%Y-%m-%d %H:%M} UTC; it is not shown again.")


@app.command()
def revoke(name: Name) -> None:
    """Revoke a token; the next request with it is refused.

    Example: mediabase token revoke ward-7
    """
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        revoke_token(target, name)
    out.print(f"{name} opens nothing any more.")


@app.command("list")
def list_all(
    ended: Annotated[bool, typer.Option("--ended", help="Also those that expired or were revoked.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the tokens: what each opens, until when, and when it was last used.

    Example: mediabase token list --ended
    """
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        found = list_tokens(target, with_ended=ended)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    listing = table("Tokens", "name", "opens", "until", "last used", "#accesses", "by", "state")
    for each in found:
        listing.add_row(
            each.name, _opens(each.patient_ids, each.all_patients, each.cohort), f"{each.expires_at:%Y-%m-%d %H:%M}",
            f"{each.last_used_at:%Y-%m-%d %H:%M}" if each.last_used_at else "never", f"{each.accesses:,}",
            each.created_by, _state(each),
        )  # fmt: skip
    out.print(listing if found else "There is no token.")


def _state(token: Token) -> str:
    if token.revoked_at:
        return "revoked"
    return "expired" if token.expires_at <= datetime.now(UTC) else "valid"


def _opens(patient_ids: tuple[str, ...] | list[str], all_patients: bool, cohort: bool) -> str:
    parts = [some(list(patient_ids), SHOWN)] if patient_ids else []
    parts += ["all patients"] if all_patients else []
    return " and ".join([*parts, *(["the cohort"] if cohort else [])])


def _moment(text: str) -> datetime:
    """Return when a token expires. Raises UsageError for what is neither a span nor a date."""
    if found := SPAN.fullmatch(text):
        return datetime.now(UTC) + timedelta(**{UNITS[found[2]]: int(found[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--expires takes 12h, 90d, 8w or a date such as 2027-03-31, not {text!r}.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
