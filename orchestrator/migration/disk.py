"""Disk space: what a migration and its backups need, and what there is."""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from orchestrator.migration.findings import Finding, Severity
from orchestrator.migration.inventory import Entry
from orchestrator.migration.server_checks import ServerFacts
from orchestrator.postgres.connection import Connection

STAGED_ROW_BYTES = 75
"""A row of a staging partition, measured with ids of 15 characters."""
STAGED_PATIENTS = 32
"""Patients that one worker keeps staged at most: the batch that is built and the next one."""
DUMP_SHARE = 0.15
"""Size of a compressed pg_dump by that of its database. Measured: 72 MB of 978 MB, whose pages were half empty."""


@dataclass(frozen=True)
class Need:
    """Bytes that something needs below a folder."""

    what: str
    needed: int
    folder: Path
    severity: Severity
    """How bad it is when there is less."""


def target_need(entries: Sequence[Entry], jobs: int, max_wal_bytes: int) -> int:
    """Return the bytes that the target needs for patients that are still to be moved: schemas, staging, WAL."""
    predicted = sorted((entry.predicted_bytes or 0 for entry in entries), reverse=True)
    rows = sorted(((entry.stored or 0) + (entry.quarantined or 0) for entry in entries), reverse=True)
    staged = STAGED_ROW_BYTES * sum(rows[: STAGED_PATIENTS * jobs])
    return sum(predicted) + staged + min(sum(predicted), max_wal_bytes)


def backup_need(core_bytes: int, entries: Sequence[Entry]) -> int:
    """Return the bytes that compressed backups of the core and of these legacy databases take, or a little less."""
    return int(DUMP_SHARE * (core_bytes + sum(entry.size_bytes or 0 for entry in entries)))


def data_folder(target: Connection, facts: ServerFacts) -> Path | None:
    """Return the target's data folder, or None when the server is not on this machine or does not tell."""
    if facts.data_directory is None or not _is_local(target):
        return None
    folder = Path(facts.data_directory)
    return folder if folder.exists() else None


def _is_local(connection: Connection) -> bool:
    info = connection.info
    if info.host.startswith("/"):
        return True
    return bool(info.hostaddr) and ip_address(info.hostaddr).is_loopback


def check_needs(needs: Sequence[Need]) -> list[Finding]:
    """Check that each file system has room for all that is to go there."""
    together: defaultdict[int, list[Need]] = defaultdict(list)
    for need in needs:
        together[_existing(need.folder).stat().st_dev].append(need)
    found = []
    for of_one in together.values():
        free = shutil.disk_usage(_existing(of_one[0].folder)).free
        for need in sorted(of_one, key=lambda need: need.severity != "stop"):
            found.append(_judge(need, free))
            free -= need.needed
    return found


def check_limit(needed: int, limit: int) -> Finding:
    """Check what the target needs against what the operator says that it may take."""
    return _compare("target", needed, limit, "stop")


def _judge(need: Need, free: int) -> Finding:
    return _compare(need.what, need.needed, free, need.severity)


def _compare(what: str, needed: int, available: int, severity: Severity) -> Finding:
    figures = f"{needed / 1e9:,.2f} GB needed, {max(available, 0) / 1e9:,.2f} GB free."
    if needed <= available:
        return Finding("disk", "ok", what, figures)
    return Finding("disk", severity, what, figures, "Make room, or move fewer patients at a time.")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
