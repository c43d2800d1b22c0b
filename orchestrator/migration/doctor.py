"""The doctor: everything that would stop or spoil a migration, found before it starts."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import MediabaseError, PatientError, RefusedError
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration import core, inventory, journal
from orchestrator.migration.batch import settled_by_data
from orchestrator.migration.consistency import consistency
from orchestrator.migration.disk import Need, backup_need, check_limit, check_needs, data_folder, target_need
from orchestrator.migration.findings import Finding
from orchestrator.migration.inventory import Entry
from orchestrator.migration.names import legacy_databases
from orchestrator.migration.outcome import Options
from orchestrator.migration.server_checks import (
    DRIVER_SESSIONS,
    LEGACY_SESSIONS,
    OLDEST_LEGACY,
    WORKER_SESSIONS,
    check_journal,
    check_locks,
    check_operator,
    check_server,
    check_target,
    check_writable,
    read_server_facts,
    read_target_facts,
)
from orchestrator.migration.source import find
from orchestrator.patient_id import is_supported, schema_name
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.programs import find_matching

TARGET, LEGACY = "target", "legacy server"

CHECKS = {
    "server-version": "target is PostgreSQL 15 or newer, legacy server 12 or newer",
    "writable": "target takes writes",
    "core": "target is a MEDIABASE core of v0.5 or v0.6.0",
    "core-consistency": "core's genes and transcripts fit together and are at baseline",
    "target-rights": "role may create what a migration creates",
    "reader-roles": "role may make reader roles and let them read the core",
    "operator": "nobody else works on the target",
    "schema-taken": "schemas of the patients are free, or the journal's",
    "legacy-table": "no unmigrated query reads the core's cancer_transcript_base",
    "event-triggers": "nothing else runs when tables are made",
    "collation-version": "indexes on text were built with the system's collation",
    "connections": "enough connections for this number of jobs",
    "locks": "enough locks for a pg_dump of this number of patients",
    "replication-slots": "no replication slot keeps WAL or a legacy database",
    "prepared-transactions": "no prepared transaction keeps locks",
    "pg_dump": "a pg_dump that fits each server",
    "disk": "enough disk for schemas, staging and backups",
    "home": "data folder can be written to",
    "legacy-databases": "there are legacy databases",
    "patient-id": "names of the legacy databases hold usable patient ids",
    "id-collision": "no two ids lead to one schema name",
    "connect": "legacy databases can be connected to",
    "legacy-rights": "legacy tables can be read, every row of them",
    "legacy-tables": "legacy tables hold rows with fold changes that can be moved exactly",
    "repeated-ids": "no transcript id is repeated",
    "surfaces-disagree": "both legacy tables agree on the values, or one has none",
    "primary-key": "legacy tables have their primary keys",
    "transcripts": "legacy databases have the core's transcripts",
    "symbols": "legacy databases have the core's gene symbols",
    "bad-rows": "every value can be stored",
    "custom-objects": "nothing was added to legacy databases",
    "encoding": "legacy databases have the core's encoding",
    "collation": "legacy databases have the core's collation",
    "sessions": "nobody is connected to a legacy database",
    "moved-before": "patients that were moved were not changed on both sides since, and come from the same server",
}
"""Every check by name, with what is as it should be when it finds nothing."""


@dataclass(frozen=True)
class Surroundings:
    """What a doctor needs to know beside the servers."""

    home: Path
    """The data folder."""
    pg_bin: Path | None
    """Where to look for pg_dump."""
    backups: Path
    """Where backups will go."""
    max_disk: int | None
    """Bytes that the target may take; None: what its file system has."""


def examine(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    options: Options,
    jobs: int,
    around: Surroundings,
    begin: Callable[[int], None],
    report: Callable[[Entry], None],
) -> list[Finding]:
    """Return what every check found, in the order of CHECKS; nothing of a check that found all well.

    Reads only. Raises UsageError when a server cannot be reached or a patient is unknown.
    """
    try:
        databases = legacy_databases(servers)
    except RefusedError as error:
        return [Finding("target-rights", "stop", TARGET, str(error))]
    wanted = databases if patient_ids is None else inventory.named(databases, patient_ids)
    found = [*check_servers(servers.target, servers.legacy, wanted, jobs), *_check_home(around.home)]
    if not databases:
        remedy = "Give the server that has them in MEDIABASE_LEGACY_DSN."
        found.append(Finding("legacy-databases", "stop", LEGACY, "It has no legacy database.", remedy))
    with connect(servers.target, autocommit=True) as target, connect(servers.legacy, autocommit=True) as legacy:
        target.execute("set default_transaction_read_only = on")
        found += [*check_operator(TARGET, target), *_check_pg_dump(target, legacy, around.pg_bin)]
        core_found = _check_core(target)
        found += core_found
        if not any(each.severity == "stop" and each.check == "core" for each in core_found):
            entries = inventory.take(servers, patient_ids, options, jobs, begin, report)
            found += [finding for entry in entries for finding in entry.findings]
            found += _check_disk(target, entries, jobs, around)
            found += _check_moved(servers.legacy, target, wanted, options)
    order = list(CHECKS)
    return sorted(found, key=lambda finding: order.index(finding.check))


def check_servers(
    target_dsn: str, legacy_dsn: str | None, wanted: Sequence[LegacyDatabase], jobs: int
) -> list[Finding]:
    """Return what is wrong with the servers and the target database: all that can be known in a few queries.

    Without a `legacy_dsn` the patients come from files.
    """
    schemas = {schema_name(each.patient_id): each.patient_id for each in wanted if is_supported(each.patient_id)}
    in_target, in_legacy = DRIVER_SESSIONS + WORKER_SESSIONS * jobs, LEGACY_SESSIONS * jobs
    found = []
    with connect(target_dsn, autocommit=True) as target:
        if legacy_dsn:
            with connect(legacy_dsn, autocommit=True) as legacy:
                if _identity(legacy) == _identity(target):
                    in_target += in_legacy
                else:
                    found += check_server(LEGACY, read_server_facts(legacy), OLDEST_LEGACY, in_legacy)
        facts = read_server_facts(target)
        found += [*check_server(TARGET, facts, core.OLDEST_TARGET, in_target), *check_writable(TARGET, facts)]
        if facts.version < core.OLDEST_TARGET:
            return found
        of_target = read_target_facts(target)
        found += check_locks(TARGET, facts, len(wanted))
        found += check_target(TARGET, of_target, target.info.user)
        found += check_journal(TARGET, target, of_target, schemas)
    return found


def refuse_hopeless(servers: Servers, patient_ids: Sequence[str] | None, csv: Path | None, jobs: int) -> list[Finding]:
    """Raise RefusedError when a migration cannot succeed; return what its operator should know otherwise.

    Takes few queries. Raises also what finding the patients raises; see `source.find`.
    """
    _, wanted = find(servers, csv, patient_ids)
    found = check_servers(servers.target, None if csv else servers.legacy, wanted, jobs)
    stops = [finding for finding in found if finding.severity == "stop"]
    if stops:
        more = f" ({len(stops) - 1} more: mediabase doctor)" if stops[1:] else ""
        raise RefusedError(f"{stops[0].subject}: {stops[0].message} {stops[0].remedy}{more}")
    return found


def _identity(connection: Connection) -> object:
    return connection.execute("select system_identifier from pg_control_system()").fetchone()


def _check_core(target: Connection) -> list[Finding]:
    try:
        core.check(target)
        return [replace(finding, check="core-consistency") for finding in consistency(target)]
    except RefusedError as error:
        return [Finding("core", "stop", TARGET, str(error), "Give the core's database in MEDIABASE_DSN.")]


def _check_home(home: Path) -> list[Finding]:
    nearest = next(path for path in (home.absolute(), *home.absolute().parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return []
    remedy = "Set MEDIABASE_HOME to a folder that you may write to."
    return [Finding("home", "stop", str(home), "Nothing can be written there.", remedy)]


def _check_pg_dump(target: Connection, legacy: Connection, preferred: Path | None) -> list[Finding]:
    found: dict[int, Finding] = {}
    for subject, connection in ((TARGET, target), (LEGACY, legacy)):
        version = connection.info.server_version
        try:
            find_matching("pg_dump", version, preferred)
        except MediabaseError as error:
            found.setdefault(
                version // 10000, Finding("pg_dump", "warn", subject, str(error), "Backups and rehearsals need it.")
            )
    return list(found.values())


def _check_disk(target: Connection, entries: Sequence[Entry], jobs: int, around: Surroundings) -> list[Finding]:
    facts = read_server_facts(target)
    known = journal.patients(target) if journal.exists(target) else {}
    to_do = [entry for entry in entries if entry.patient_id not in known or not known[entry.patient_id].built_at]
    needed = target_need(to_do, jobs, facts.max_wal_bytes)
    (core_bytes,) = target.execute("select pg_database_size(current_database())").fetchone() or (0,)
    needs = [Need("backups", backup_need(int(str(core_bytes)), entries), around.backups, "warn")]
    folder = data_folder(target, facts)
    if around.max_disk is not None:
        return [check_limit(needed, around.max_disk), *check_needs(needs)]
    if folder is None:
        message = f"{needed / 1e9:,.2f} GB needed; what is free cannot be seen from here: compare, or pass --max-disk."
        return [Finding("disk", "ok", TARGET, message), *check_needs(needs)]
    return check_needs([Need(TARGET, needed, folder, "stop"), *needs])


def _check_moved(
    legacy_dsn: str, target: Connection, wanted: Sequence[LegacyDatabase], options: Options
) -> list[Finding]:
    """Check that patients that were moved were not changed on both sides, and come from the same server."""
    if not journal.exists(target):
        return []
    known, ids, found = journal.patients(target), core.core_ids(target), []
    for database in wanted:
        patient = known.get(database.patient_id)
        try:
            if patient and patient.published_at:
                settled_by_data(legacy_dsn, target, ids, database, patient, options)
        except PatientError as error:
            if error.code in ("MB022", "MB024"):  # the inventory has named all others
                remedy = "Find out which data is right before this patient is moved again."
                found.append(Finding("moved-before", "stop", database.name, str(error), remedy))
        except MediabaseError:
            continue  # the inventory has said why it cannot be read
    return found
