"""The inventory: every legacy database, read once, and what a migration would make of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar
from weakref import WeakSet

import psycopg

from orchestrator import journal
from orchestrator.errors import MediabaseError
from orchestrator.legacy.databases import LegacyDatabase, choose, database_facts, snapshot
from orchestrator.legacy.profile import (
    Catalog,
    SurfaceProfile,
    chosen_surface,
    predict_rows,
    profile_surfaces,
    read_catalog,
    surface_class,
)
from orchestrator.legacy.survey import CoreIds
from orchestrator.legacy.symbols import gene_symbols, symbol_sum
from orchestrator.migration import core
from orchestrator.migration.database_checks import (
    check_catalog,
    check_facts,
    check_ids,
    check_prediction,
    check_symbols,
    custom_objects,
    unreadable,
)
from orchestrator.migration.findings import Finding
from orchestrator.migration.names import legacy_databases
from orchestrator.migration.outcome import Options
from orchestrator.migration.reference import Reference, read_reference
from orchestrator.migration.size import schema_bytes
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.threads import in_threads

T = TypeVar("T")
PATIENCE_SECONDS = 5
"""How long to wait for somebody who keeps a table of a legacy database locked."""


@dataclass(frozen=True)
class Entry:
    """A legacy database in the inventory: sizes in bytes, counts in legacy rows, None where it could not be read."""

    patient_id: str
    database: str
    server_version: str
    size_bytes: int | None
    findings: tuple[Finding, ...] = ()
    schema_version: str | None = None
    surface_class: str | None = None
    surface: str | None = None
    """The table that a migration would take the values from."""
    legacy_rows: int | None = None
    stored: int | None = None
    baseline: int | None = None
    quarantined: int | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    missing: int | None = None
    """Core transcripts that it lacks."""
    custom_objects: list[str] = field(default_factory=list)
    """What somebody made in it and the core does not have."""
    last_write: datetime | None = None
    """The latest write that it tells of: commit times, updated_at, or the server's last automatic look at it."""
    counted_writes: int | None = None
    """Rows written since the server's statistics were last reset."""
    predicted_bytes: int | None = None
    """Of the patient's schema in v0.6.0."""

    @property
    def saving_bytes(self) -> int | None:
        """Return how much smaller the patient becomes, once the legacy database is gone."""
        if self.size_bytes is None or self.predicted_bytes is None:
            return None
        return self.size_bytes - self.predicted_bytes


def take(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    options: Options,
    jobs: int,
    begin: Callable[[int], None],
    report: Callable[[Entry], None],
    also: Callable[[LegacyDatabase, CoreIds], list[Finding]] = lambda _, __: [],
) -> list[Entry]:
    """Return an entry per legacy database, of the named patients or of all, by name.

    Each is read once, `jobs` at a time, in read-only transactions. What is wrong with one is a finding of its
    entry, and so is what `also` finds. Raises UsageError when a server cannot be reached or a patient is unknown,
    RefusedError when the target is no core, or may not be read.
    """
    databases = legacy_databases(servers)
    id_findings = check_ids(databases)
    wanted = databases if patient_ids is None else named(databases, patient_ids)
    version, facts = database_facts(servers.legacy)
    reference = read_reference(servers.target)
    surfaces = _known_surfaces(servers.target)
    begin(len(wanted))

    def look(database: LegacyDatabase, in_hand: WeakSet[Connection]) -> Entry:
        fact = facts[database.name]
        findings = (*id_findings.get(database.name, ()), *check_facts(fact, reference))
        entry = Entry(database.patient_id, database.name, _readable(version), fact.size_bytes, findings)
        if not (fact.allows_connections and fact.may_connect):
            return entry
        believe = options.believe or surfaces.get(database.patient_id)
        seen = _look(servers.legacy, entry, reference, replace(options, believe=believe), in_hand)
        return replace(seen, findings=(*seen.findings, *also(database, reference.ids)))

    entries = in_threads(look, [database for database in wanted if database.name in facts], jobs, report)
    return sorted(entries, key=lambda entry: entry.database)


def _look(legacy_dsn: str, entry: Entry, reference: Reference, options: Options, in_hand: WeakSet[Connection]) -> Entry:
    """Read one legacy database, as far as that is possible; its connection is `in_hand` meanwhile."""
    name = entry.database
    findings = list(entry.findings)
    try:
        with snapshot(legacy_dsn, name, PATIENCE_SECONDS) as legacy:
            in_hand.add(legacy)
            catalog = read_catalog(legacy)
            entry = replace(
                entry,
                schema_version=_if_possible(legacy, _schema_version),
                custom_objects=custom_objects(catalog, reference),
                counted_writes=catalog.counted_writes,
            )
            findings += check_catalog(name, catalog, reference)
            compare = partial(_differing_symbols, reference=reference)
            findings += check_symbols(name, _if_possible(legacy, compare) if catalog.has_symbols else None)
            profiles = profile_surfaces(legacy, catalog)
            entry = replace(
                entry,
                surface_class=surface_class(profiles),
                legacy_rows=profiles[0].ids.rows,
                last_write=_last_write(catalog, profiles),
            )
            predicted = predict_rows(legacy, reference.ids, chosen_surface(profiles, options.believe))
        findings += check_prediction(name, predicted, options.on_bad_rows)
        stored, quarantined = predicted.dispositions.get("stored", 0), sum(predicted.reasons.values())
        entry = replace(
            entry,
            surface=predicted.surface,
            legacy_rows=predicted.rows,
            stored=stored,
            baseline=predicted.dispositions.get("baseline", 0),
            quarantined=quarantined,
            reasons=predicted.reasons,
            missing=predicted.missing,
            predicted_bytes=schema_bytes(stored, quarantined),
        )
    except (MediabaseError, psycopg.Error) as error:
        findings.append(unreadable(name, error))
    return replace(entry, findings=tuple(findings))


def _if_possible(connection: Connection, read: Callable[[Connection], T]) -> T | None:
    """Return what `read` returns; None where the server refuses, because a migration does not need it."""
    try:
        with connection.transaction():
            return read(connection)
    except psycopg.errors.QueryCanceled:  # an interrupt
        raise
    except psycopg.Error:
        if connection.closed:
            raise
        return None


def _schema_version(connection: Connection) -> str | None:
    return next(iter(core.versions(connection)), None)


def _differing_symbols(legacy: Connection, reference: Reference) -> int:
    if symbol_sum(legacy) == reference.symbols:
        return 0
    ours, theirs = reference.load_symbols(), gene_symbols(legacy)
    return sum(ours.get(gene_id) != theirs.get(gene_id) for gene_id in ours.keys() | theirs.keys())


def _last_write(catalog: Catalog, profiles: Sequence[SurfaceProfile]) -> datetime | None:
    times = [catalog.autoanalyzed_at, *(profile.written_at for profile in profiles)]
    return max((time for time in times if time), default=None)


def named(databases: Sequence[LegacyDatabase], patient_ids: Sequence[str]) -> list[LegacyDatabase]:
    """Return the databases of these patients; raises UsageError when there is none for one of them."""
    by_id = {database.patient_id: database for database in databases}
    unknown = [patient_id for patient_id in patient_ids if patient_id not in by_id]
    if unknown:
        choose(list(databases), unknown)
    return [by_id[patient_id] for patient_id in dict.fromkeys(patient_ids)]


def _known_surfaces(target_dsn: str) -> dict[str, str]:
    """Return which surface each patient was moved from, where it was."""
    with connect(target_dsn, autocommit=True) as target:
        known = journal.patients(target).values() if journal.exists(target) else []
        return {patient.patient_id: patient.surface for patient in known if patient.surface}


def _readable(version: int) -> str:
    return f"{version // 10000}.{version % 10000}"
