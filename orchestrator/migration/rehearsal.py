"""The rehearsal: core and some patients copied to a scratch server and migrated there; production is only read."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from orchestrator.dbt.runner import artifact_folder
from orchestrator.errors import ExitCode, RefusedError, worst
from orchestrator.legacy.databases import LegacyDatabase, choose, discover
from orchestrator.migration import driver, plan
from orchestrator.migration.examine import Rehearsed, differences, examine
from orchestrator.migration.extrapolate import Work, choose_sample, fit, predict_bytes, predict_seconds
from orchestrator.migration.outcome import Options, Outcome, Progress
from orchestrator.migration.untouched import Movement, movements, positions
from orchestrator.patient_id import is_supported, schema_name
from orchestrator.postgres.connection import Servers, connect, read_only
from orchestrator.postgres.dump import Source, copy_database
from orchestrator.postgres.embedded import bundled_major, bundled_programs
from orchestrator.postgres.programs import find_matching
from orchestrator.postgres.scratch import Scratch, kept, refuse_full_disk, remove_left_over, scratch_server
from orchestrator.postgres.statements import statement

SAMPLE = 3

Begin = Callable[[int], None]
Say = Callable[[str, bool], None]
"""Told what happens now; true when that step is done."""


@dataclass(frozen=True)
class Request:
    """What to rehearse, and with what."""

    patient_ids: list[str] | None
    """None: a sample."""
    sample: int
    options: Options
    jobs: int
    home: Path
    """Folder below which the scratch server's own will be."""
    pg_bin: Path | None
    keep: bool


@dataclass(frozen=True)
class Copied:
    """A database that was copied."""

    name: str
    source_bytes: int
    seconds: float
    left_out: list[str]
    """Objects that could not be made on the scratch server."""


@dataclass(frozen=True)
class Prediction:
    """What the migration of all patients will come to; `patients` counts those that were added up."""

    patients: int
    fail: list[str]
    """Patients that the dry run says would fail; they are not added up."""
    to_migrate: int
    schema_bytes: int
    seconds: float
    jobs: int
    legacy_bytes: int
    """Size of all legacy databases now."""


@dataclass(frozen=True)
class Rehearsal:
    """The report."""

    patients: list[Rehearsed]
    differences: list[str]
    copied: list[Copied]
    copy_seconds: float
    migrate_seconds: float
    prediction: Prediction
    movements: list[Movement]
    kept: Path | None

    @property
    def exit_code(self) -> ExitCode:
        """Return the worst of the patients' exit codes; FAILED when the rehearsal was not what was foreseen."""
        failed = [ExitCode.FAILED] if self.differences else []
        return worst([*failed, *(each.outcome.exit_code for each in self.patients)])


def rehearse(servers: Servers, request: Request, begin: Begin, say: Say) -> Rehearsal:
    """Migrate copies of some patients on a scratch server, and report what that says of all.

    Every session on `servers` is read-only. The scratch server is removed whatever happens. Raises what `migrate`
    raises, and RefusedError without room on the disk, or a pg_dump that fits.
    """
    remove_left_over(request.home)
    source = read_only(servers)
    before = positions(source)
    found, planned = survey_all(source, request, begin, say)
    wanted = request.patient_ids or choose_sample(planned, request.sample)
    chosen = choose(found, wanted)
    names = _core_name(source), *(database.name for database in chosen)
    legacy_sizes = _sizes(source.legacy, [database.name for database in found])
    sizes = {**legacy_sizes, **_sizes(source.target, names[:1])}
    refuse_full_disk(request.home, sum(sizes[name] for name in names))
    begin(len(planned) + len(names) + len(chosen))
    sources = _sources(source, request.pg_bin, names)
    with scratch_server(request.home, keep=request.keep) as scratch:
        others = _other_schemas(source, chosen)
        started = time.monotonic()
        copied = [_copy(sources[name], scratch, name, sizes[name], others, say) for name in names]
        copy_seconds = time.monotonic() - started
        scratch.wait_for_disk(True)  # the time that is measured now is to hold for a real server
        where = Servers(make_conninfo(scratch.dsn, dbname=names[0]), scratch.dsn)
        started = time.monotonic()
        outcomes = _migrate(where, wanted, request, artifact_folder(scratch.folder), say)
        migrate_seconds = time.monotonic() - started
        rehearsed, work = examine(source, where, chosen, outcomes, request.options, migrate_seconds)
    return Rehearsal(
        patients=rehearsed,
        differences=differences({each.patient_id: each for each in planned}, rehearsed),
        copied=copied,
        copy_seconds=round(copy_seconds, 1),
        migrate_seconds=round(migrate_seconds, 1),
        prediction=_predict(planned, rehearsed, work, request.jobs, sum(legacy_sizes.values())),
        movements=movements(before, positions(source)),
        kept=kept(scratch.folder) if request.keep else None,
    )


def survey_all(source: Servers, request: Request, begin: Begin, say: Say) -> tuple[list[LegacyDatabase], list[Outcome]]:
    """Return every legacy database that has a usable id, and what the dry run says of each patient.

    Raises what `choose` raises. Without ids that includes what stops `migrate --all`.
    """
    found = discover(source.legacy)
    choose(found, request.patient_ids)
    usable = [database for database in found if is_supported(database.patient_id)]
    ids = [database.patient_id for database in usable]

    def report(outcome: Outcome) -> None:
        say(f"{outcome.patient_id}: surveyed", True)

    return usable, plan.plan(source, ids, request.options, None, begin, report)


def _core_name(source: Servers) -> str:
    with connect(source.target) as connection:
        return connection.info.dbname


def _sizes(dsn: str, names: Sequence[str]) -> dict[str, int]:
    """Return the bytes of databases of one server, by name."""
    with connect(dsn) as connection:
        rows = connection.execute(statement(__package__, "database_bytes"), {"names": list(names)}).fetchall()
    return {str(name): int(str(size)) for name, size in rows}


def _sources(source: Servers, pg_bin: Path | None, names: Sequence[str]) -> dict[str, Source]:
    """Return for each database the server to read it from, and the pg_dump for that."""
    core, legacy = (_source(dsn, pg_bin) for dsn in (source.target, source.legacy))
    return {names[0]: core, **dict.fromkeys(names[1:], legacy)}


def _source(dsn: str, pg_bin: Path | None) -> Source:
    with connect(dsn) as connection:
        version = connection.info.server_version
    if version // 10000 > bundled_major():
        raise RefusedError(
            f"That server runs PostgreSQL {version // 10000}, and the embedded {bundled_major()} cannot take a dump of "
            "a newer one: rehearse with a release of MEDIABASE that brings a newer PostgreSQL along."
        )
    return Source(dsn, find_matching("pg_dump", version, pg_bin))


def _other_schemas(source: Servers, chosen: Sequence[LegacyDatabase]) -> list[str]:
    names = [schema_name(database.patient_id) for database in chosen]
    with connect(source.target) as connection:
        rows = connection.execute(statement(__package__, "other_schemas"), {"schema_names": names}).fetchall()
    return [str(name) for (name,) in rows]


def _copy(source: Source, scratch: Scratch, name: str, size: int, others: Sequence[str], say: Say) -> Copied:
    started = time.monotonic()
    moved = 0

    def count(number: int) -> None:
        nonlocal moved
        moved += number
        say(f"{name}: copied {moved / 1e6:,.0f} MB", False)

    say(f"{name}: copying", False)
    left_out = copy_database(source, name, scratch.dsn, bundled_programs() / "pg_restore", others, count)
    seconds = round(time.monotonic() - started, 1)
    say(f"{name}: copied in {seconds:,.1f} s", True)
    return Copied(name, size, seconds, left_out)


def _migrate(where: Servers, wanted: Sequence[str], request: Request, artifacts: Path, say: Say) -> list[Outcome]:
    def report(message: Progress | Outcome) -> None:
        is_done = isinstance(message, Outcome)
        say(f"{message.patient_id}: {message.result if isinstance(message, Outcome) else message.phase}", is_done)

    return driver.migrate(where, wanted, request.options, request.jobs, artifacts, None, lambda _: None, report)


def _predict(
    planned: Sequence[Outcome], rehearsed: Sequence[Rehearsed], work: Work, jobs: int, legacy_bytes: int
) -> Prediction:
    counted = [outcome for outcome in planned if outcome.result != "failed"]
    to_migrate = [outcome for outcome in planned if outcome.result == "migrated"]
    line = fit([each.measured for each in rehearsed if each.outcome.result != "failed"])
    return Prediction(
        patients=len(counted),
        fail=[outcome.patient_id for outcome in planned if outcome.result == "failed"],
        to_migrate=len(to_migrate),
        schema_bytes=predict_bytes(line, counted),
        seconds=round(predict_seconds(work, to_migrate, jobs), 1),
        jobs=jobs,
        legacy_bytes=legacy_bytes,
    )
