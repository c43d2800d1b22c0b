"""`mediabase access`: which logins of PostgreSQL read which patients, and what everybody may do."""

from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator import journal
from orchestrator.access.harden import Door
from orchestrator.access.harden import harden as shut_doors
from orchestrator.access.logins import grant as grant_roles
from orchestrator.access.logins import memberships
from orchestrator.access.logins import revoke as revoke_roles
from orchestrator.cli.options import AllPatients, AsJson, Cohort, Patients, as_ids
from orchestrator.cli.output import out, print_json, table
from orchestrator.cli.settings import current
from orchestrator.errors import UsageError
from orchestrator.postgres.connection import Connection, connect, servers
from orchestrator.wording import some

app = typer.Typer(help="Logins that read patients in PostgreSQL itself.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(metavar="ROLE", help="A login or a group of the target server.")]
SHOWN = 5


@app.command()
def grant(login: Login, patients: Patients = None, all_patients: AllPatients = False, cohort: Cohort = False) -> None:
    """Let a role read patients: it becomes a member of their reader roles. The role itself is yours to make.

    Patients that are moved later are not included in --all-patients: grant again.

    Example: mediabase access grant ward_7 --patients DEMO_HER2,DEMO_TNBC
    """
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        ids = _patients(target, patients, all_patients)
        roles = grant_roles(target, login, ids, cohort=cohort)
    out.print(f"{login} may take {some(roles, SHOWN)}.")


@app.command()
def revoke(login: Login, patients: Patients = None, all_patients: AllPatients = False, cohort: Cohort = False) -> None:
    """Take the right to read patients from a role. Sessions that are open lose it at once.

    Example: mediabase access revoke ward_7 --patients DEMO_TNBC
    """
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        ids = _patients(target, patients, all_patients)
        roles = revoke_roles(target, login, ids, cohort=cohort)
    out.print(f"{login} has {some(roles, SHOWN)} no more.")


@app.command("list")
def list_members(as_json: AsJson = False) -> None:
    """List which logins and groups may read which patients, the cohort, or only the core.

    Owners and superusers, who may read everything, are not listed, nor are tokens of the API (mediabase token list).

    Example: mediabase access list
    """
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        found = memberships(target)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    listing = table("Who reads what", "role", "kind", "reads", "by")
    for each in found:
        listing.add_row(each.member, "login" if each.is_login else "group", each.opens, each.role)
    out.print(listing if found else "Nobody but owners and superusers reads a patient.")


@app.command()
def harden(
    other_databases: Annotated[
        bool,
        typer.Option(
            "--other-databases",
            help="Close the other databases that you own, too: only who was granted CONNECT still gets in.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take away what leads a reader out of its room.

    That is what everybody (PUBLIC) may do: make tables and large objects, and run functions with the rights of their
    owners; and to read views that read patients with the rights of their owners. What was done is in the journal.
    Only what you own is changed; the rest is named.

    Example: mediabase access harden --other-databases
    """
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        shut, left = shut_doors(target, other_databases=other_databases)
    if as_json:
        print_json({"shut": [asdict(each) for each in shut], "open": [asdict(each) for each in left]})
        return
    listing = table("What leads a reader out of its room", "who", "may", "now", "note")
    for door in shut:
        listing.add_row(door.who, door.may, "no more", "")
    for door in left:
        listing.add_row(door.who, door.may, "still", _why(door))
    out.print(listing if shut or left else "Nothing leads a reader out of its room.")


def _why(door: Door) -> str:
    if door.is_ours:
        return "Pass --other-databases, when no login needs that."
    return f"It is not yours; its owner can: {door.remedy}"


def _patients(target: Connection, given: list[str] | None, all_patients: bool) -> list[str]:
    ids = as_ids(given)
    if ids and all_patients:
        raise UsageError("Either --patients or --all-patients: the second are all of them.")
    if not all_patients:
        return ids
    journal.require(target)
    return [each.patient_id for each in journal.patients(target).values() if each.published_at]
