"""The custom objects of a legacy database, made in the patient's schema: what became of each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast

import psycopg
from psycopg import sql

from orchestrator import journal
from orchestrator.errors import ExitCode, RefusedError
from orchestrator.journal.made import EVENT, Made, can_be_known, custom_objects
from orchestrator.legacy.databases import WIDE, discover, snapshot
from orchestrator.patient_id import reader_role
from orchestrator.postgres.connection import Connection, Servers, connect, read_only
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.statements import statement
from orchestrator.queries.context import Context, load_context
from orchestrator.queries.custom_objects import Found, find
from orchestrator.queries.custom_plan import Planned, Surroundings, plan

Result = Literal["created", "replaced", "unchanged", "refused", "failed"]
ABOUT_NAMES = ("42", "2B", "0A")
"""Classes of SQLSTATE whose messages are about objects, never about a patient's values."""
SOMEBODYS = "the patient's schema has one that this command did not make, or that was changed since: drop or rename it"


@dataclass(frozen=True)
class Done:
    """A custom object of the legacy database, and what became of it; without --apply, what would."""

    kind: str
    legacy_name: str
    found: str
    """How it was found to read the wide table."""
    result: Result
    name: str
    """What it is called in the patient's schema."""
    notes: Sequence[str]
    statements: Sequence[str]
    """Those that make it."""

    @property
    def is_there(self) -> bool:
        """Tell whether the patient has it."""
        return self.result in ("created", "replaced", "unchanged")


@dataclass(frozen=True)
class Report:
    """All custom objects of one patient."""

    patient_id: str
    schema: str
    database: str
    is_applied: bool
    opening: Sequence[str]
    """Statements that set what the others need, and drop what they replace."""
    objects: Sequence[Done]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code: something could not be migrated, or all could."""
        return ExitCode.DONE if all(each.is_there for each in self.objects) else ExitCode.FAILED


def migrate_custom_objects(where: Servers, patient_id: str, *, is_applied: bool) -> Report:
    """Find the custom objects of a patient's legacy database, and make those in its schema that can be; see `Report`.

    Writes nothing unless it is applied: then in one transaction, in which each object fails alone. Raises RefusedError
    when the patient was not moved, or its legacy database cannot be looked at, and LockedError.
    """
    with _target(where, is_applied=is_applied) as target:
        context = load_context(target, patient_id)
        if is_applied and not can_be_known(target):
            raise RefusedError("An earlier release upgraded this core: run `mediabase core upgrade`, then this again.")
        with target.transaction():
            found = _find(where, target, context)
            planned = plan(found.objects, context, _surroundings(target, context, found))
            settings = _settings(context, found)
            for each in settings:
                target.execute(each.encode())
            there = {each.name: each for each in custom_objects(target, patient_id, context.patient.schema)}
            making = _Making(target, planned, there, is_applied=is_applied)
            report = Report(
                patient_id=patient_id,
                schema=context.patient.schema,
                database=context.patient.legacy_database,
                is_applied=is_applied,
                opening=[*settings, *making.drops],
                objects=making.make(),
            )
            if is_applied:
                _record(target, report, planned)
    return report


@contextmanager
def _target(where: Servers, *, is_applied: bool) -> Iterator[Connection]:
    """Yield an autocommit connection to the target: the one that holds its lock, or one that cannot write."""
    if is_applied:
        with journal.locked(where.target) as lock:
            yield lock
    else:
        with connect(read_only(where).target, autocommit=True) as connection:
            yield connection


def _find(where: Servers, target: Connection, context: Context) -> Found:
    patient = context.patient
    if patient.legacy_database not in [each.name for each in discover(where.legacy)]:
        raise RefusedError(
            f"There is no {patient.legacy_database} on that server, and v0.6.0 does not have its custom objects: check "
            "MEDIABASE_LEGACY_DSN, or restore it from its archive first."
        )
    moved_from = journal.patients(target, [patient.patient_id])[patient.patient_id].legacy_system
    with snapshot(where.legacy, patient.legacy_database) as legacy:
        system = legacy.execute(b"select system_identifier::text from pg_control_system()").fetchone()
        if moved_from not in (None, *(system or ())):
            raise RefusedError(f"{patient.patient_id} was moved from another server: check MEDIABASE_LEGACY_DSN.")
        return find(legacy, target)


def _surroundings(target: Connection, context: Context, found: Found) -> Surroundings:
    patient = context.patient
    values = {
        "schema": patient.schema,
        "reader": reader_role(patient.patient_id),
        "names": [each.object.new_name.partition("(")[0] for each in found.objects],
    }
    has_view, reader, built_in = target.execute(statement(__package__, "custom_surroundings"), values).fetchone() or ()
    if not has_view:
        raise RefusedError(f"Schema {patient.schema} has no {WIDE}: see `mediabase validate {patient.patient_id}`.")
    return Surroundings(cast("str | None", reader), cast("list[str]", built_in))


def _settings(context: Context, found: Found) -> list[str]:
    """Return what is set before the objects are made: names without a schema are the patient's first."""
    schemas = dict.fromkeys([context.patient.schema, *found.schemas])
    path = sql.SQL(", ").join(map(sql.Identifier, schemas))
    return [sql.SQL("SET LOCAL search_path = {}").format(path).as_string(), "SET LOCAL check_function_bodies = on"]


class _Making:
    """Makes objects one after the other, each with those that it needs made before; or finds out what would be made."""

    def __init__(
        self, target: Connection, planned: Sequence[Planned], there: Mapping[str, Made], *, is_applied: bool
    ) -> None:  # fmt: skip
        self.target = target
        self.planned = planned
        self.there = there
        self.is_applied = is_applied
        self.replaced = self.to_replace()
        self.drops = [each.drop for each in reversed(planned) if each.custom.object.label in self.replaced]
        self.missing: set[str] = set()
        """Labels of what was refused or failed."""

    def to_replace(self) -> set[str]:
        """Return the labels of what this command made otherwise before, and of what it made on top of that."""
        labels: set[str] = set()
        for each in self.planned:
            before = self.there.get(each.name)
            is_ours = before is not None and before.source is not None
            is_current = before is not None and before.source == each.source and not each.custom.needs & labels
            if is_ours and not is_current and each.statements:
                labels.add(each.custom.object.label)
        return labels

    def make(self) -> list[Done]:
        """Return what became of each."""
        not_dropped = self.run(self.drops)
        dropped = set() if not_dropped else self.replaced
        return [
            self.made(each, is_dropped=each.custom.object.label in dropped, reason=not_dropped) for each in self.planned
        ]

    def made(self, planned: Planned, *, is_dropped: bool, reason: str) -> Done:
        """Make one object, unless it is there, or something is against it; `reason`: why nothing could be dropped."""
        before = None if is_dropped else self.there.get(planned.name)
        if before and before.source == planned.source:
            return self.done(planned, "unchanged")
        if planned.refusals:
            return self.done(planned, "refused", planned.refusals)
        if before and before.source is None:
            return self.done(planned, "refused", [SOMEBODYS])
        if lacking := sorted(planned.custom.needs & self.missing):
            return self.done(planned, "refused", [f"needs {', '.join(lacking)}"])
        if failure := (reason if before else self.run(planned.statements)):
            return self.done(planned, "failed", [failure])
        return self.done(planned, "replaced" if is_dropped else "created")

    def done(self, planned: Planned, result: Result, reasons: Sequence[str] = ()) -> Done:
        """Return what became of one object, and remember what others cannot have."""
        if reasons:
            self.missing.add(planned.custom.object.label)
        made = planned.custom.object
        return Done(
            kind=made.kind,
            legacy_name=made.label,
            found=planned.custom.found,
            result=result,
            name=planned.name,
            notes=reasons or planned.notes,
            statements=[] if result == "refused" else planned.statements,
        )

    def run(self, statements: Sequence[str]) -> str:
        """Run statements, all or none of them; return why they failed."""
        if not self.is_applied:
            return ""
        try:
            with self.target.transaction():
                for each in statements:
                    self.target.execute(each.encode())
        except psycopg.Error as error:
            if self.target.broken:
                raise
            return _explained(error)
        return ""


def _explained(error: psycopg.Error) -> str:
    code = error.sqlstate or ""
    if not code.startswith(ABOUT_NAMES):
        return describe_failure(error)[1]
    message = f"PostgreSQL error {code}: {error.diag.message_primary}."
    return " ".join(filter(None, [message, error.diag.message_detail]))


def _record(target: Connection, report: Report, planned: Sequence[Planned]) -> None:
    """Write into the journal what was made, and how PostgreSQL spells it, by which it is known again."""
    new = {each.name for each in report.objects if each.result in ("created", "replaced")}
    digests = {each.name: each.digest for each in custom_objects(target, report.patient_id, report.schema)}
    made = {
        each.name: {"source": each.source, "digest": digests[each.name]}
        for each in planned
        if each.name in new & digests.keys() and each.statements
    }
    options: dict[str, object] = {"patient": report.patient_id, "objects": len(report.objects)}
    run_id = journal.start_run(target, "query custom-objects", options)
    journal.event(target, run_id, report.patient_id, EVENT, objects=made)
    journal.finish_run(target, run_id, report.exit_code)
