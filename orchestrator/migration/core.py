"""The core database: which version it is, and the additive part of its upgrade."""

import re

import psycopg
from psycopg import sql

from orchestrator.errors import RefusedError
from orchestrator.legacy.survey import CoreIds, fingerprint, transcript_ids
from orchestrator.migration.publish import allow_core_reader
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.statements import statement

BASELINE = "v0.6.0_baseline"
OLDEST_TARGET = 150000
"""PostgreSQL 15, the first with security_invoker views."""

CORE_TABLES = ("genes", "transcripts", "gene_annotations", "gene_cross_references", "gene_pathways",
               "gene_drug_interactions", "transcript_go_terms")  # fmt: skip
"""Tables of the core that the patient views read."""


def versions(connection: Connection) -> list[str]:
    """Return the recorded schema versions, the latest first; empty when none is recorded."""
    found: list[str] = []
    for table, version, applied in connection.execute(statement(__package__, "versions")).fetchall():
        latest_first = sql.SQL("order by {} desc nulls last").format(sql.Identifier(str(applied)))
        query = sql.SQL("select {}::text from public.{} {}").format(
            sql.Identifier(str(version)), sql.Identifier(str(table)), latest_first if applied else sql.SQL("")
        )
        found += [str(row[0]) for row in connection.execute(query).fetchall()]
    return found


def check(connection: Connection) -> None:
    """Raise RefusedError unless this is a v0.5.x core, or one that was upgraded already."""
    info = connection.info
    if info.server_version < OLDEST_TARGET:
        raise RefusedError(f"The target runs PostgreSQL {info.server_version // 10000}; it must be 15 or newer.")
    try:
        found = versions(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError(
            f"The role {info.user} may not read {info.dbname}: grant it SELECT on the core's tables."
        ) from error
    if BASELINE not in found and not (found and re.match(r"v?0\.5(\D|$)", found[0])):
        raise RefusedError(
            f"{info.dbname} is not a MEDIABASE v0.5 core: "
            + (f"its latest schema version is {found[0]}." if found else "it records no schema version.")
        )
    absent = [
        table for table in CORE_TABLES
        if connection.execute("select to_regclass(%s)", [f"public.{table}"]).fetchone() == (None,)
    ]  # fmt: skip
    if absent:
        raise RefusedError(f"{info.dbname} is not a MEDIABASE core: it has no table {', '.join(absent)}.")


def upgrade(target_dsn: str) -> bool:
    """Bring the core to v0.6.0 by adding what is missing; return whether anything was new.

    Raises RefusedError for a core of another version, or without the rights to add to it.
    """
    with connect(target_dsn) as connection:
        check(connection)
        is_new = BASELINE not in versions(connection)
        try:
            connection.execute(statement(__package__, "upgrade"))
            allow_core_reader(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            raise RefusedError(
                f"The role {connection.info.user} may not upgrade {connection.info.dbname} "
                f"({error.diag.message_primary}): grant it CREATE on the database and on schema public."
            ) from error
    return is_new


def core_ids(connection: Connection) -> CoreIds:
    """Return the core's transcript ids; the ids themselves are read when they are first asked for."""
    loaded: list[frozenset[str]] = []

    def load() -> frozenset[str]:
        if not loaded:
            loaded.append(frozenset(transcript_ids(connection, "transcripts")))
        return loaded[0]

    return CoreIds(fingerprint(connection, "transcripts"), load)
