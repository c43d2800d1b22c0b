"""Old queries on the legacy database and new ones on v0.6.0: do both say the same?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator import journal
from orchestrator.errors import ExitCode, RefusedError
from orchestrator.legacy.databases import discover
from orchestrator.postgres.connection import Servers
from orchestrator.queries.audit import ORDER, Check, Sides, audit, explaining
from orchestrator.queries.context import Context, Patient, load_context, with_custom_objects
from orchestrator.queries.files import migrate_files
from orchestrator.queries.leeway import Leeway, read_leeway
from orchestrator.queries.outcome import Migrated, Options, Style
from orchestrator.queries.run import reading_session, transaction, varying_functions
from orchestrator.queries.script import TABLE
from orchestrator.queries.verdict import Query, Result, Verdict, judge

_EXIT_CODES = {
    Result.IDENTICAL: ExitCode.DONE,
    Result.TIES: ExitCode.DONE,
    Result.NOT_RUN: ExitCode.DONE,
    Result.DIFFERS: ExitCode.FAILED,
}
"""What is neither proven to be the same nor to differ stands aside, as rows in quarantine do."""


@dataclass(frozen=True)
class Limits:
    """How long one query may take, and how many rows of it are compared."""

    timeout_seconds: int
    most_rows: int


@dataclass(frozen=True)
class Verified:
    """A statement of a file, and what was found of it."""

    path: str
    line: int
    style: str
    """How it was migrated."""
    verdict: Verdict

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that this asks for."""
        return _EXIT_CODES.get(self.verdict.result, ExitCode.QUARANTINED)


@dataclass(frozen=True)
class _Queries:
    """What is run on both sides for a statement."""

    old: str
    new: str
    view: str | None
    """The old text reading the patient's view, which says what is right in v0.6.0."""
    leeway: Leeway
    """What the old query leaves open."""


@dataclass(frozen=True)
class _Pair:
    """A statement of a file, before and after."""

    path: str
    migrated: Migrated
    queries: _Queries | None
    """None where there is nothing to run."""

    def tables(self, context: Context) -> set[str]:
        """Return the tables of v0.5.0 that it may read."""
        return set(self.queries.leeway.names & {TABLE, *context.tables}) if self.queries else set()


def verify(
    servers: Servers,
    patient_id: str,
    paths: list[Path],
    options: Options,
    limits: Limits,
    begin: Callable[[Sequence[Check], int], None],
    report: Callable[[Verified], None],
) -> list[Verified]:
    """Run each query of some files on both sides, and compare; writes nothing.

    `begin` is told what the audit found and how many statements there are, `report` of each. Raises UsageError for
    what is no patient id or no readable file, RefusedError when the patient is not in v0.6.0, or its legacy database
    is gone.
    """
    with reading_session(servers.target) as new:
        context = with_custom_objects(load_context(new, patient_id), new)
        patient = journal.patients(new, [patient_id])[patient_id]
        new.rollback()
        _require_legacy(servers, context.patient)
        pairs = list(_pairs(paths, context, options))
        with reading_session(servers.legacy, context.patient.legacy_database) as old:
            sides = Sides(old, new)
            tables = {table for pair in pairs for table in pair.tables(context)}
            with transaction(old, limits.timeout_seconds), transaction(new, limits.timeout_seconds):
                checks = audit(sides, patient, tables)
            begin(checks, len(pairs))
            verified = []
            for pair in pairs:
                verdict = _verify(sides, context, checks, pair, limits)
                verified.append(Verified(pair.path, pair.migrated.line, pair.migrated.outcome, verdict))
                report(verified[-1])
    return verified


def _require_legacy(servers: Servers, patient: Patient) -> None:
    if patient.legacy_database not in {each.name for each in discover(servers.legacy)}:
        raise RefusedError(
            f"There is no {patient.legacy_database} on the legacy server to compare with: restore it from its archive "
            "(mediabase backups), or set MEDIABASE_LEGACY_DSN."
        )


def _pairs(paths: list[Path], context: Context, options: Options) -> Iterator[_Pair]:
    in_style = migrate_files(paths, context, options)
    by_view = migrate_files(paths, context, replace(options, style=Style.VIEW))
    for file, same_file in zip(in_style, by_view, strict=True):
        for migrated, viewed in zip(file.migrated.statements, same_file.migrated.statements, strict=True):
            yield _Pair(file.path, migrated, _queries(migrated, viewed))


def _queries(migrated: Migrated, viewed: Migrated) -> _Queries | None:
    if migrated.outcome == "refused" or migrated.old_query is None or migrated.new_query is None:
        return None
    view = viewed.new_query if viewed.outcome == "view" else None
    return _Queries(migrated.old_query, migrated.new_query, view, read_leeway(migrated.old_query))


def _verify(sides: Sides, context: Context, checks: Sequence[Check], pair: _Pair, limits: Limits) -> Verdict:
    if pair.migrated.outcome == "refused":
        errors = [f"{each.code} {each.message}" for each in pair.migrated.findings if each.is_error]
        return Verdict(Result.REFUSED, "; ".join(errors))
    if pair.queries is None:
        return Verdict(Result.NOT_RUN, "it holds no query")
    if pair.migrated.patient_id != context.patient.patient_id:
        whom = pair.migrated.patient_id
        return Verdict(Result.NOT_COMPARABLE, f"the script connects to {whom}: verify it with --patient {whom}")
    if pair.queries.leeway.has_placeholders:
        return Verdict(Result.NOT_COMPARABLE, "a program, or psql, fills in parts of it")
    if pair.queries.leeway.makes_table:
        return Verdict(Result.NOT_COMPARABLE, "it makes a table, and nothing is written here")
    with transaction(sides.old, limits.timeout_seconds), transaction(sides.new, limits.timeout_seconds):
        called = sorted(pair.queries.leeway.functions)
        varying = {**varying_functions(sides.old, called), **varying_functions(sides.new, called)}
        volatile = [f"{name}()" for name, is_volatile in varying.items() if is_volatile]
        if volatile:
            why = "may give another value each time, or do something"
            return Verdict(Result.NOT_COMPARABLE, f"not run: {', '.join(volatile)} {why}")
        new = Query(sides.new, pair.queries.new, context.patient.schema if _reads_by_path(pair) else None)
        verdict = judge(Query(sides.old, pair.queries.old), new, pair.queries.leeway, limits.most_rows)
        if verdict.result is not Result.DIFFERS or not verdict.is_of_rows:
            return verdict
        clocks = sorted([*(f"{name}()" for name in varying), *pair.queries.leeway.clocks])
        if clocks:
            return _not_comparable(verdict, [f"{', '.join(clocks)} may be another on each side"])
        touched = pair.tables(context) | ({ORDER} if verdict.is_order_only else set())
        reasons = [f"{each.name}: {each.message}" for each in explaining(checks, touched)]
        if reasons and _is_right(pair, new, context, limits):
            return _not_comparable(verdict, reasons)
        return verdict


def _reads_by_path(pair: _Pair) -> bool:
    """Tell whether the new query finds the patient's view by search_path."""
    return (
        pair.migrated.outcome in ("view", "unchanged")
        and pair.queries is not None
        and TABLE in pair.queries.leeway.names
    )


def _not_comparable(verdict: Verdict, reasons: Sequence[str]) -> Verdict:
    return replace(verdict, result=Result.NOT_COMPARABLE, reason="; ".join([verdict.reason, *reasons]))


def _is_right(pair: _Pair, new: Query, context: Context, limits: Limits) -> bool:
    """Tell whether it is proven that the new query is right, so that a difference comes from the rows it reads.

    In another style than the guide's it is the old text on the patient's view.
    """
    if pair.migrated.outcome != "guide":
        return True
    if pair.queries is None or pair.queries.view is None:
        return False
    view = Query(new.connection, pair.queries.view, context.patient.schema)
    found = judge(view, new, read_leeway(view.text), limits.most_rows)
    return found.result in (Result.IDENTICAL, Result.TIES)
