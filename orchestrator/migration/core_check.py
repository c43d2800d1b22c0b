"""A look at the whole core, without writing: versions, every table's rows and digest, and what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from orchestrator import journal
from orchestrator.legacy.databases import NARROW
from orchestrator.migration.consistency import GENES, consistency, genes_without_transcripts, has_keys
from orchestrator.migration.core import check_version
from orchestrator.migration.findings import Finding
from orchestrator.migration.requeue import Affected, affected
from orchestrator.migration.versions import Version, history
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.tables import TableDigest, digests, pin, tables
from orchestrator.wording import some

MOST_NAMES = 10
REMEDY = "Move them: mediabase migrate --requeue-quarantine --all."


@dataclass(frozen=True)
class CoreCheck:
    """What a core holds and what was found, all of one moment."""

    versions: list[Version]
    tables: list[TableDigest]
    findings: list[Finding]
    affected: list[Affected]
    """Patients of whom rows are where this core does not want them."""

    @property
    def may_go_on(self) -> bool:
        """Tell whether nothing was found that should stop a migration."""
        return all(finding.severity != "stop" for finding in self.findings)


def check_core(target_dsn: str, begin: Callable[[int], None], report: Callable[[TableDigest], None]) -> CoreCheck:
    """Look at the core in one snapshot; `begin` is told how many tables there are, `report` what each holds.

    Works on a standby, for a role that may only read, and on a v0.5.0 core. Raises RefusedError for a database that
    is no core, or that the role may not read.
    """
    with connect(target_dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        check_version(connection)
        present = tables(connection)
        connection.rollback()
        pin(connection, present)
        begin(len(present))
        found = consistency(connection)
        if has_keys({relation.name: relation for relation in present}, GENES, NARROW):
            found.append(genes_without_transcripts(connection))
        concerned = _affected(connection, found)
        return CoreCheck(history(connection), digests(connection, present, report), found, concerned)


def _affected(connection: Connection, found: list[Finding]) -> list[Affected]:
    """Return the patients that the core has changed under, and add to `found` what there is to do."""
    if not journal.exists(connection):
        return []
    try:
        with connection.transaction():
            concerned = affected(connection)
    except psycopg.errors.InsufficientPrivilege:
        found.append(Finding("patients", "warn", "patients", "This role may not read them: they were not looked at.",
                             "Run this as their owner."))  # fmt: skip
        return []
    for kind, named, message in (
        ("orphaned-rows", [each for each in concerned if each.orphaned],
         "Stored rows of {} patients have no transcript any more: {}."),
        ("storable-rows", [each for each in concerned if each.storable],
         "Quarantined rows of {} patients have a transcript now: {}."),
    ):  # fmt: skip
        if named:
            ids = some([each.patient_id for each in named], MOST_NAMES)
            found.append(Finding(kind, "warn", "patients", message.format(len(named), ids), REMEDY))
    return concerned
