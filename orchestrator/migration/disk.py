"""Disk space: what a migration and its backups need, and what there is."""

import os
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.migration.findings import Finding, Severity
from orchestrator.migration.inventory import Entry
from orchestrator.migration.server_checks import ServerFacts
from orchestrator.postgres.connection import Connection
from orchestrator.wording import size

STAGED_ROW_BYTES = 110
"""A staged row and its place in the index, measured with ids of 15 characters."""
STAGED_PATIENTS = 128
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
    if facts.data_directory is None or not _is_local(target, facts.data_directory):
        return None
    return Path(facts.data_directory) if _is_there(facts.data_directory) else None


def _is_local(connection: Connection, data_directory: str) -> bool:
    """Tell whether that folder of this machine is the server's: through a loopback address, a tunnel may lead away."""
    if connection.info.host.startswith("/"):
        return True
    try:
        port = Path(data_directory, "postmaster.pid").read_text().splitlines()[3]
    except (OSError, IndexError):
        return False
    return connection.info.hostaddr in ("127.0.0.1", "::1") and port == str(connection.info.port)


def check_needs(needs: Sequence[Need]) -> list[Finding]:
    """Check that each file system has room for all that is to go there."""
    together: defaultdict[int, list[Need]] = defaultdict(list)
    for need in needs:
        together[existing(need.folder).stat().st_dev].append(need)
    found = []
    for of_one in together.values():
        free = shutil.disk_usage(existing(of_one[0].folder)).free
        for need in sorted(of_one, key=lambda need: need.severity != "stop"):
            found.append(compare(need.what, need.needed, free, need.severity))
            free -= need.needed
    return found


def compare(what: str, needed: int, available: int, severity: Severity) -> Finding:
    """Return whether what is needed is there; `severity` is for when it is not. Bytes."""
    figures = f"{size(needed)} needed, {size(max(available, 0))} free."
    if needed <= available:
        return Finding("disk", "ok", what, figures)
    return Finding("disk", severity, what, figures, "Make room, or move fewer patients at a time.")


def existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if _is_there(path))


def _is_there(path: str | Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  # that of Path raises below a folder that may not be entered
