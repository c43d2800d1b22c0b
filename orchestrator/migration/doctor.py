"""The doctor: everything that would stop or spoil a migration, found before it starts."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg

from orchestrator import journal
from orchestrator.errors import MediabaseError, PatientError, RefusedError
from orchestrator.journal import Patient
from orchestrator.legacy.databases import OLDEST_LEGACY, LegacyDatabase
from orchestrator.legacy.survey import CoreIds
from orchestrator.migration import core, inventory
from orchestrator.migration.batch import settled_by_data
from orchestrator.migration.consistency import consistency
from orchestrator.migration.disk import (
    Need,
    backup_need,
    check_needs,
    compare,
    data_folder,
    existing,
    target_need,
)
from orchestrator.migration.findings import Finding
from orchestrator.migration.inventory import Entry
from orchestrator.migration.names import legacy_databases
from orchestrator.migration.outcome import Options
from orchestrator.migration.preflight import LEGACY, TARGET, check_servers
from orchestrator.migration.server_checks import check_operator, check_version, read_server_facts
from orchestrator.postgres.connection import Connection, Servers, connect, database_bytes
from orchestrator.postgres.programs import find_matching
from orchestrator.wording import size

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
class Request:
    """The migration that is meant, and its surroundings beside the servers."""

    patient_ids: Sequence[str] | None
    """None: all."""
    options: Options
    jobs: int
    home: Path
    """The data folder."""
    pg_bin: Path | None
    """Where to look for pg_dump."""
    backups: Path
    """Where backups will go."""
    max_disk: int | None
    """Bytes that the target may take; None: what its file system has."""


def examine(
    servers: Servers, request: Request, begin: Callable[[int], None], report: Callable[[Entry], None]
) -> list[Finding]:
    """Return what every check found, in the order of CHECKS; nothing of a check that found all well.

    Reads only. Raises UsageError when a server cannot be reached or a patient is unknown.
    """
    found = [*_check_versions(servers, request.pg_bin), *_check_home(request.home)]
    if not any(finding.check == "server-version" for finding in found):
        try:
            databases = legacy_databases(servers)
            wanted = databases if request.patient_ids is None else inventory.named(databases, request.patient_ids)
            found += _check_databases(databases)
            found += check_servers(servers.target, servers.legacy, wanted, request.jobs)
            found += _check_data(servers, request, begin, report)
        except RefusedError as error:  # something may not be read, and the sentence says what
            found.append(Finding("target-rights", "stop", TARGET, str(error)))
    order = list(CHECKS)
    return sorted(found, key=lambda finding: order.index(finding.check))


def _check_versions(servers: Servers, preferred: Path | None) -> list[Finding]:
    """Check both servers' versions, and that there is a pg_dump for each."""
    found: dict[object, list[Finding]] = {}
    for subject, dsn, oldest in (
        (TARGET, servers.target, core.OLDEST_TARGET // 10000),
        (LEGACY, servers.legacy, OLDEST_LEGACY),
    ):
        with connect(dsn) as connection:
            version = connection.info.server_version
        found[subject] = check_version(subject, version, oldest)
        try:
            find_matching("pg_dump", version, preferred)
        except MediabaseError as error:
            missing = Finding("pg_dump", "warn", subject, str(error), "Backups and rehearsals need it.")
            found.setdefault(version // 10000, [missing])
    return [finding for of_one in found.values() for finding in of_one]


def _check_home(home: Path) -> list[Finding]:
    nearest = existing(home)
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return []
    remedy = "Set MEDIABASE_HOME to a folder that you may write to."
    return [Finding("home", "stop", str(home), "Nothing can be written there.", remedy)]


def _check_databases(databases: Sequence[LegacyDatabase]) -> list[Finding]:
    if databases:
        return []
    remedy = "Give the server that has them in MEDIABASE_LEGACY_DSN."
    return [Finding("legacy-databases", "stop", LEGACY, "It has no legacy database.", remedy)]


def _check_data(
    servers: Servers, request: Request, begin: Callable[[int], None], report: Callable[[Entry], None]
) -> list[Finding]:
    """Check the core, every legacy database, and what both come to on the disk."""
    with connect(servers.target, autocommit=True) as target:
        target.execute("set default_transaction_read_only = on")
        found = check_operator(TARGET, target)
        try:
            core.check(target)
        except RefusedError as error:
            return [*found, Finding("core", "stop", TARGET, str(error))]
        found += [replace(finding, check="core-consistency") for finding in consistency(target)]
        known = journal.patients(target) if journal.exists(target) else {}
        moved = partial(_check_moved, servers.legacy, target, known, request.options)
        entries = inventory.take(servers, request.patient_ids, request.options, request.jobs, begin, report, moved)
        found += [finding for entry in entries for finding in entry.findings]
        to_do = [each for each in entries if each.patient_id not in known or not known[each.patient_id].built_at]
        return found + _check_disk(target, entries, to_do, request)


def _check_moved(
    legacy_dsn: str,
    target: Connection,
    known: dict[str, Patient],
    options: Options,
    database: LegacyDatabase,
    ids: CoreIds,
) -> list[Finding]:
    """Check that a patient that was moved was not changed on both sides, and comes from the same server."""
    patient = known.get(database.patient_id)
    try:
        if patient and patient.published_at:
            settled_by_data(legacy_dsn, target, ids, database, patient, options)
    except PatientError as error:
        if error.code in ("MB022", "MB024"):
            remedy = "Find out which data is right before this patient is moved again."
            return [Finding("moved-before", "stop", database.name, str(error), remedy)]
    except (MediabaseError, psycopg.Error):
        return []  # the inventory has said why the database cannot be read, other checks what this role may not
    return []


def _check_disk(
    target: Connection, entries: Sequence[Entry], to_do: Sequence[Entry], request: Request
) -> list[Finding]:
    facts = read_server_facts(target)
    needed = target_need(to_do, request.jobs, facts.max_wal_bytes)
    needs = [Need("backups", backup_need(database_bytes(target), entries), request.backups, "warn")]
    folder = data_folder(target, facts)
    if request.max_disk is not None:
        return [compare(TARGET, needed, request.max_disk, "stop"), *check_needs(needs)]
    if folder is None:
        message = f"{size(needed)} needed; what is free cannot be seen from here: compare, or pass --max-disk."
        return [Finding("disk", "ok", TARGET, message), *check_needs(needs)]
    return check_needs([Need(TARGET, needed, folder, "stop"), *needs])
