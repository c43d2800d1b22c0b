"""The core database: which version it is, and the additive part of its upgrade."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

import psycopg

from orchestrator.access.roles import ensure_shared_roles, let_in_published
from orchestrator.errors import RefusedError
from orchestrator.legacy.survey import CoreIds, fingerprint, transcript_ids
from orchestrator.migration.matching import genes_named
from orchestrator.migration.versions import history
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.engine import share
from orchestrator.postgres.statements import statement

BASELINE = "v0.6.0_baseline"
OLDEST_TARGET = 150000
"""PostgreSQL 15, the first with security_invoker views."""

CORE_TABLES = ("genes", "transcripts", "gene_annotations", "gene_cross_references", "gene_pathways",
               "gene_drug_interactions", "transcript_go_terms")  # fmt: skip
"""Tables of the core that the patient views read."""


def versions(connection: Connection) -> list[str]:
    """Return the recorded schema versions, the latest first; empty when none is recorded."""
    return [recorded.version for recorded in history(connection)]


def check_version(connection: Connection) -> list[str]:
    """Return the recorded versions; raise RefusedError unless it is a v0.5.x core, or one that was upgraded already."""
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
    return found


def check(connection: Connection) -> None:
    """Raise RefusedError unless this is a v0.5.x core, or one that was upgraded already, with all its tables."""
    check_version(connection)
    absent = [
        table for table in CORE_TABLES
        if connection.execute("select to_regclass(%s)", [f"public.{table}"]).fetchone() == (None,)
    ]  # fmt: skip
    if absent:
        raise RefusedError(f"{connection.info.dbname} is not a MEDIABASE core: it has no table {', '.join(absent)}.")


def upgrade(target_dsn: str) -> bool:
    """Bring the core to v0.6.0 by adding what is missing; return whether anything was new.

    Raises RefusedError for a core of another version, or without the rights to add to it.
    """
    with connect(target_dsn, autocommit=True) as connection:
        with connection.transaction():
            is_new = add(connection)
        let_in_published(connection)
        return is_new


def add(connection: Connection) -> bool:
    """Do what `upgrade` does, in the transaction of `connection`."""
    check(connection)
    is_new = BASELINE not in versions(connection)
    try:
        share(connection, CORE_TABLES)
        connection.execute(statement(__package__, "upgrade"))
        connection.execute(statement("orchestrator.access", "schema"))
        ensure_shared_roles(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError(
            f"The role {connection.info.user} may not upgrade {connection.info.dbname} "
            f"({error.diag.message_primary}): grant it CREATE on the database and on schema public, "
            "and SELECT on the core's tables."
        ) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise RefusedError(
            f"{connection.info.dbname} takes no writes: it is a standby, or set to read only."
        ) from error
    return is_new


def core_ids(connection: Connection) -> CoreIds:
    """Return the core's transcript ids; the ids themselves are read when they are first asked for."""
    loaded: list[frozenset[str]] = []

    def load() -> frozenset[str]:
        if not loaded:
            loaded.append(frozenset(transcript_ids(connection, "transcripts")))
        return loaded[0]

    @cache
    def named(kind: str, rule: str) -> Mapping[str, Sequence[str]]:
        return genes_named(connection, kind, rule)

    return CoreIds(fingerprint(connection, "transcripts"), load, named)
