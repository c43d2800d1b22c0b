"""A sandbox as a whole: made by `up`, removed by `down`, never anything that is not its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict

from orchestrator.errors import RefusedError, UsageError
from orchestrator.patient_id import legacy_database
from orchestrator.postgres.connection import CORE_DATABASE, Servers
from orchestrator.postgres.statements import statement
from orchestrator.sandbox import generated
from orchestrator.sandbox.core_files import CoreFiles
from orchestrator.sandbox.databases import Found, Kind, Server, explained, open_server
from orchestrator.sandbox.loading import CORE_STEPS, load_core, load_patient, measure
from orchestrator.sandbox.patient_files import read_patients
from orchestrator.sandbox.rows import Content, CoreRows, Patient
from orchestrator.sandbox.spec import FromFiles, Generated, SandboxSpec
from orchestrator.wording import some

SHOWN = 5
"""Names in a message; of more only how many."""


@dataclass(frozen=True)
class Step:
    """What is being done now: step `number` of `total`, which is 0 as long as it is not known."""

    number: int
    total: int
    text: str


@dataclass(frozen=True)
class DatabaseFacts:
    """A database of the sandbox: rows of its wide table, those not at 1.0, and bytes on disk."""

    name: str
    rows: int
    not_at_baseline: int
    size_bytes: int


@dataclass(frozen=True)
class Removed:
    """What `down` removed, and what it left because a sandbox did not make it or others need it."""

    databases: tuple[str, ...]
    roles: tuple[str, ...]
    left_alone: tuple[str, ...]


Report = Callable[[Step], None]

Survey = list[tuple[Server, Found]]
"""Databases under a sandbox's names, each with its server."""


def _silent(_step: Step) -> None:
    """Report nothing."""


def up(servers: Servers, spec: SandboxSpec, report: Report = _silent) -> tuple[DatabaseFacts, ...]:
    """Build the core and one legacy database per patient, and return what there is now.

    Raises UsageError for input that cannot be read, a database in use, or a sandbox that exists while
    `spec.replace` is not set; RefusedError when a database that is not a sandbox's has a name that is needed;
    LockedError while another sandbox command is at work. After an error or an interruption `up` with
    `replace`, or `down`, starts afresh.
    """
    with _locked(servers) as (target, legacy):
        survey = _survey(target, legacy)
        _refuse_foreign(survey, [CORE_DATABASE])
        if not spec.replace:
            _refuse_existing(survey)
        report(Step(0, 0, "reading the input"))
        content = _read(spec.source)  # before anything is dropped: the input may be wrong
        _refuse_foreign(survey, [legacy_database(patient.patient_id) for patient in content.patients])
        cores = _distinct(target, legacy)
        ours = _ours(survey)
        steps = _Steps(report, len(ours) + CORE_STEPS * len(cores) + len(content.patients))
        _remove(target, ours, steps)
        facts = [_build_core(server, content.core, steps) for server in cores]
        return (facts[0], *(_build_patient(legacy, patient, steps) for patient in content.patients))


def down(servers: Servers, report: Report = _silent) -> Removed:
    """Remove the sandbox's databases, and the reader roles of the patients that were moved into its core.

    Raises RefusedError when there is no sandbox but databases under its names that it did not make;
    UsageError when a database is in use; LockedError while another sandbox command is at work.
    """
    with _locked(servers) as (target, legacy):
        survey = _survey(target, legacy)
        ours = _ours(survey)
        foreign = [found.name for _, found in survey if found.kind is Kind.FOREIGN]
        if foreign and not ours:
            raise RefusedError(
                f"There is no sandbox here. {some(foreign, SHOWN)} did not come from `mediabase sandbox up` "
                "and will not be dropped."
            )
        roles, roles_left = _remove(target, ours, _Steps(report, len(ours)))
        return Removed(tuple(found.name for _, found in ours), roles, (*foreign, *roles_left))


class _Steps:
    """Counts the steps for the report."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._number = 0

    def next(self, text: str) -> None:
        self._number += 1
        self._report(Step(self._number, self._total, text))


@contextmanager
def _locked(servers: Servers) -> Iterator[tuple[Server, Server]]:
    """Yield the target and the legacy server, one object when they are the same, locked for sandboxes."""
    with ExitStack() as stack:
        target = stack.enter_context(open_server(servers.target))
        legacy = stack.enter_context(open_server(servers.legacy))
        stack.enter_context(explained("The sandbox"))
        _check_core_name(servers.target)
        if target.identity() == legacy.identity():
            legacy = target
        for server in _distinct(target, legacy):
            server.lock()
        yield target, legacy


def _check_core_name(dsn: str) -> None:
    """Raise UsageError when the core would not be where the other commands look for it."""
    dbname = conninfo_to_dict(dsn).get("dbname")
    if dbname not in (None, CORE_DATABASE):
        raise UsageError(
            f"The core of a sandbox is database {CORE_DATABASE}, but MEDIABASE_DSN names {dbname}: "
            "leave the database out."
        )


def _distinct(target: Server, legacy: Server) -> list[Server]:
    return [target] if target is legacy else [target, legacy]


def _survey(target: Server, legacy: Server) -> Survey:
    """Return the databases under a sandbox's names on both servers, each server's core last."""
    return [(server, found) for server in _distinct(target, legacy) for found in server.survey()]


def _ours(survey: Survey) -> Survey:
    return [(server, found) for server, found in survey if found.kind is not Kind.FOREIGN]


def _refuse_existing(survey: Survey) -> None:
    existing = sorted(found.name for _, found in survey if found.kind is Kind.SANDBOX)
    if existing:
        raise UsageError(
            f"A sandbox exists already ({some(existing, SHOWN)}): replace it with --replace, or remove it with "
            "`mediabase sandbox down`."
        )


def _refuse_foreign(survey: Survey, wanted: list[str]) -> None:
    """Raise RefusedError when a database that is not ours has one of the names `wanted`."""
    for _, found in survey:
        if found.name in wanted and found.kind is Kind.FOREIGN:
            raise RefusedError(
                f"Database {found.name} did not come from `mediabase sandbox up` and will not be replaced: "
                "use another server."
            )


def _remove(target: Server, ours: Survey, steps: _Steps) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Drop the databases `ours`; return the reader roles that were dropped, and those still needed."""
    for server in dict.fromkeys(server for server, _ in ours):
        server.check_unused([found.name for owner, found in ours if owner is server])
    roles = _reader_roles(target, ours)
    for server, found in ours:
        steps.next(f"removing {found.name}")
        server.drop(found.name)
    dropped = tuple(role for role in roles if target.drop_role(role))
    return dropped, tuple(role for role in roles if role not in dropped)


def _reader_roles(target: Server, ours: Survey) -> list[str]:
    """Return the reader roles of the patients in the core that is about to be dropped."""
    if (target, Found(CORE_DATABASE, Kind.SANDBOX)) not in ours:
        return []
    with target.session(CORE_DATABASE) as connection:
        schemas = connection.execute(statement("orchestrator.sandbox", "patient_schemas")).fetchall()
    return [f"reader_{schema}" for (schema,) in schemas]


def _read(source: Generated | FromFiles) -> Content:
    if isinstance(source, Generated):
        return generated.content(source)
    core = CoreFiles(source.core, source.limit_transcripts)
    patients = read_patients(source.patients, limit=source.limit_patients, left_out=core.left_out)
    return Content(core.rows(), patients)


def _build_core(server: Server, rows: CoreRows, steps: _Steps) -> DatabaseFacts:
    server.create(CORE_DATABASE)
    with explained(f"Database {CORE_DATABASE}"):
        load_core(server, rows, lambda text: steps.next(f"{CORE_DATABASE}: {text}"))
        return DatabaseFacts(CORE_DATABASE, *measure(server, CORE_DATABASE))


def _build_patient(server: Server, patient: Patient, steps: _Steps) -> DatabaseFacts:
    name = legacy_database(patient.patient_id)
    steps.next(name)
    fold_changes = patient.fold_changes()
    server.copy(CORE_DATABASE, name)
    with explained(f"Database {name}"):
        load_patient(server, name, fold_changes)
        return DatabaseFacts(name, *measure(server, name))
