"""The cheap checks: what a few queries to the servers tell, which a migration runs itself before it starts."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration import core
from orchestrator.migration.findings import Finding
from orchestrator.migration.server_checks import (
    ServerFacts,
    check_connections,
    check_journal,
    check_locks,
    check_server,
    check_target,
    check_version,
    check_writable,
    read_server_facts,
    read_target_facts,
)
from orchestrator.migration.source import find
from orchestrator.patient_id import is_supported
from orchestrator.postgres.connection import Connection, Servers, connect

TARGET, LEGACY = "target", "legacy server"
"""What findings are about, beside databases and patients."""

DRIVER_SESSIONS = 2
"""The one with the lock, and one that upgrades the core or reads its ids."""
WORKER_SESSIONS = 3
"""In the target: the one that stages, the one that builds, and dbt's."""
LEGACY_SESSIONS = 1
"""A worker's, in a legacy database."""


def preflight(servers: Servers, patient_ids: Sequence[str] | None, csv: Path | None, jobs: int) -> list[Finding]:
    """Return what stands in the way of a migration with these arguments, as far as few queries tell.

    Raises what finding the patients raises; see `source.find`.
    """
    _, wanted = find(servers, csv, patient_ids)
    return check_servers(servers.target, None if csv else servers.legacy, wanted, jobs)


def refusal(found: Sequence[Finding]) -> str | None:
    """Return why these findings stop a migration of all patients, and not only of one; None when they do not."""
    stops = [finding for finding in found if finding.severity == "stop" and finding.subject in (TARGET, LEGACY)]
    if not stops:
        return None
    more = f" ({len(stops) - 1} more: mediabase doctor)" if stops[1:] else ""
    return f"{stops[0].subject}: {stops[0].message} {stops[0].remedy}{more}"


def check_servers(
    target_dsn: str, legacy_dsn: str | None, wanted: Sequence[LegacyDatabase], jobs: int
) -> list[Finding]:
    """Return what is wrong with the servers and the target database.

    Without a `legacy_dsn` the patients come from files.
    """
    with connect(target_dsn, autocommit=True) as target:
        if too_old := check_version(TARGET, target.info.server_version, core.OLDEST_TARGET // 10000):
            return too_old
        facts, of_target = read_server_facts(target), read_target_facts(target)
        return [
            *_check_sessions(target, facts, legacy_dsn, jobs),
            *check_writable(TARGET, facts),
            *check_server(TARGET, facts),
            *check_locks(TARGET, facts, len(wanted)),
            *check_target(TARGET, of_target, target.info.user),
            *check_journal(TARGET, target, of_target, [each for each in wanted if is_supported(each.patient_id)]),
        ]


def _check_sessions(target: Connection, facts: ServerFacts, legacy_dsn: str | None, jobs: int) -> list[Finding]:
    """Check that both servers, which may be one, and each role take as many sessions as there will be."""
    in_target, in_legacy = DRIVER_SESSIONS + WORKER_SESSIONS * jobs, LEGACY_SESSIONS * jobs
    if legacy_dsn is None:
        return check_connections(TARGET, facts, in_target)
    with connect(legacy_dsn, autocommit=True) as legacy:
        of_legacy = read_server_facts(legacy)
        is_same = _identity(legacy) == _identity(target)
        found = check_connections(TARGET, facts, in_target + (in_legacy if is_same else 0))
        if not is_same or legacy.info.user != target.info.user:
            found += check_connections(LEGACY, of_legacy, in_legacy)
        return found if is_same else [*found, *check_server(LEGACY, of_legacy)]


def _identity(connection: Connection) -> object:
    return connection.execute("select system_identifier from pg_control_system()").fetchone()
