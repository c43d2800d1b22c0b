"""`mediabase backup` and `mediabase backups`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from orchestrator import journal
from orchestrator.backup import prune
from orchestrator.backup.archive import archive_patients, as_wanted
from orchestrator.backup.backup import Place, Wanted, back_up
from orchestrator.backup.backup import core as the_core
from orchestrator.backup.check import check, known
from orchestrator.backup.outcome import BackedUp
from orchestrator.cli.log import Level
from orchestrator.cli.options import AsJson, Ids, Jobs
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode, UsageError
from orchestrator.legacy.databases import choose
from orchestrator.migration.names import legacy_databases
from orchestrator.patient_id import check as check_id
from orchestrator.postgres.connection import Servers, read_only, servers
from orchestrator.wording import size

Folder = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Where backups are.", show_default="HOME/backups")
]
Core = Annotated[bool, typer.Option("--core", help="The core database, without patients' schemas.")]


def backup(
    ids: Ids = None,
    all_patients: Annotated[bool, typer.Option("--all", help="All legacy databases.")] = False,
    core: Core = False,
    folder: Folder = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Dump legacy databases, or the core, and count what was restored and compared.

    Each is restored on a scratch server, where every table must have the same rows. Servers are only read.

    Example: mediabase backup --all --core --jobs 2
    """
    if (ids and all_patients) or not (ids or all_patients or core):
        raise UsageError("Say what to back up: ids or --all, and --core.")
    settings = current(jobs=jobs)
    with servers(settings) as where, progress("databases", is_quiet=as_json) as reporter:
        wanted = _wanted(read_only(where), ids, all_patients, core)
        reporter.begin(len(wanted))
        reporter.step("starting a scratch server")

        def report(each: BackedUp) -> None:
            result = each.problem or f"{size(each.dump_bytes)}, verified"
            reporter.step(f"{each.database}: {result}", done=True, level=_level(each))

        place = Place(folder or settings.home / "backups", settings.home, settings.pg_bin)
        done = back_up(wanted, place, settings.jobs, report)
    _show("Backups", done, as_json)


def archive(
    ids: Ids = None,
    all_patients: Annotated[bool, typer.Option("--all", help="All patients that were moved.")] = False,
    thin: Annotated[
        bool, typer.Option("--thin", help="Only what differs from the core; needs a backup of the core there.")
    ] = False,
    folder: Folder = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Back up legacy databases of patients that were moved, and record it: what is archived may be dropped.

    Each is restored on a scratch server and compared before it counts. A thin archive holds the fold changes and what
    else the core does not have, and restores, with the backup of the core that it names, to the whole database.

    Example: mediabase archive --all --thin --jobs 2
    """
    if bool(ids) == all_patients:
        raise UsageError("Say what to archive: ids or --all.")
    settings = current(jobs=jobs)
    place = Place(folder or settings.home / "backups", settings.home, settings.pg_bin)
    with servers(settings) as where, progress("patients", is_quiet=as_json) as reporter:
        reporter.step("starting a scratch server")
        chosen = choose(legacy_databases(where), ids or None)

        def report(each: BackedUp) -> None:
            result = each.problem or f"{size(each.dump_bytes)}, verified"
            reporter.step(f"{each.database}: {result}", done=True, level=_level(each))

        done = archive_patients(where, chosen, place, settings.jobs, reporter.begin, report, thin=thin)
    _show("Archives", done, as_json)


def backups(
    ids: Ids = None,
    folder: Folder = None,
    check_again: Annotated[
        bool, typer.Option("--check", help="Restore each again, and compare it with what its manifest says.")
    ] = False,
    prune_to: Annotated[
        int | None,
        typer.Option(
            "--prune", min=1, metavar="N", help="Remove all but the N latest of a database; archives always stay."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --prune: do remove them.")] = False,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """List the backups that there are, with --check prove that each still restores, with --prune remove old ones.

    Archives that the journal knows are never removed, and the cores that thin archives need neither.

    Example: mediabase backups --check
    """
    settings = current(jobs=jobs)
    place = folder or settings.home / "backups"
    if prune_to:
        _prune(place, prune_to, is_sure=yes, as_json=as_json)
    found = _asked(known(place), ids)
    if check_again:
        with progress("backups", is_quiet=as_json) as reporter:
            reporter.begin(len(found))

            def report(each: BackedUp) -> None:
                reporter.step(f"{each.folder}: {each.problem or 'restores'}", done=True, level=_level(each))

            found = check(found, place, settings.home, settings.jobs, report)
    _show(f"Backups in {place}", found, as_json)


def _prune(place: Path, keep: int, *, is_sure: bool, as_json: bool) -> NoReturn:
    with servers(current()) as where, journal.locked(where.target) as target:
        if is_sure:
            journal.require(target)  # it says which are archives
        patients = journal.patients(target).values() if journal.exists(target) else ()
        planned = prune.plan(place, keep, {each.archive_digest for each in patients if each.archive_digest})
        if is_sure:
            prune.remove(planned)
    removed = [each for each in planned if not each.reason]
    if as_json:
        print_json([{"folder": str(each.backup.folder), "kept_because": each.reason} for each in planned])
    else:
        listing = table(f"Backups in {place}", "database", "folder", "stays because it is")
        for each in planned:
            listing.add_row(each.backup.database, str(each.backup.folder), each.reason)
        out.print(listing)
        out.print(f"{len(removed):,} {'removed' if is_sure else 'would be removed: pass --yes'}.")
    raise typer.Exit(ExitCode.DONE if is_sure or not removed else ExitCode.REFUSED)


def _asked(found: list[BackedUp], ids: Sequence[str] | None) -> list[BackedUp]:
    """Return the backups of these patients, or all; raises UsageError for a patient without one."""
    missing = sorted(set(map(check_id, ids or ())) - {each.patient_id for each in found})
    if missing:
        raise UsageError(f"No backup of {', '.join(missing)} here: mediabase backups lists those that there are.")
    return [each for each in found if not ids or each.patient_id in ids]


def _wanted(where: Servers, ids: Sequence[str] | None, all_patients: bool, core: bool) -> list[Wanted]:
    wanted = [the_core(where.target)] if core else []
    if ids or all_patients:
        chosen = choose(legacy_databases(where), ids or None)
        wanted += as_wanted(where, chosen)
    return wanted


def _level(each: BackedUp) -> Level:
    return "error" if each.problem else "info"


def _show(title: str, done: Sequence[BackedUp], as_json: bool) -> None:
    failed = [each for each in done if each.problem]
    if as_json:
        print_json([asdict(each) for each in done])
    else:
        listing = table(title, "database", "patient", "taken at", "#tables", "#rows", "#dump", "note")
        for each in done:
            taken = f"{each.taken_at:%Y-%m-%d %H:%M:%S} UTC" if each.taken_at else ""
            dump = f"{size(each.dump_bytes)}{' (thin)' if each.is_thin else ''}"
            listing.add_row(
                each.database, each.patient_id or "", taken, f"{each.tables:,}", f"{each.rows:,}", dump,
                each.problem or each.full_because or str(each.folder),
            )  # fmt: skip
        out.print(listing)
        out.print(f"{len(done) - len(failed):,} backups, {len(failed):,} failed.")
    raise typer.Exit(ExitCode.FAILED if failed else ExitCode.DONE)
