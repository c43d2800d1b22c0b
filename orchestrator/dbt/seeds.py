"""dbt's seeds in the target: loaded when the files are others than those that were loaded last."""

from typing import Any

import psycopg
from psycopg import sql

from orchestrator.dbt.runner import Project, run_seeds
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import Connection

LOCK_KEY = 0x73656564  # "seed"


def ensure_seeds(project: Project, target: Connection) -> None:
    """Load the seeds unless the tables are those of the files; each table's comment has the checksum of its file.

    One process at a time, the others wait. `target` is in autocommit mode. Raises MediabaseError when dbt fails.
    """
    target.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
    try:
        if _outdated(project, target) and not run_seeds(project):
            raise MediabaseError(
                "The seeds could not be loaded. What dbt itself says: mediabase dbt seed --full-refresh."
            )
    finally:
        target.execute("select pg_advisory_unlock(%s)", [LOCK_KEY])


def check_seeds(project: Project, target: Connection) -> None:
    """Raise MediabaseError, with file and row, for a seed without rows or a pattern that is no regular expression."""
    for seed in _seeds(project):
        table = sql.Identifier(seed.schema, seed.alias)
        if target.execute(sql.SQL("select exists (select from {})").format(table)).fetchone() != (True,):
            raise MediabaseError(f"The seed {seed.original_file_path} has no rows: give it some, and run again.")
    claims = "select signature, unnest(array[cancer_type_pattern, subtype_pattern]) from cohort.phenotype_claims"
    for signature, pattern in target.execute(claims).fetchall():
        try:
            target.execute("select '' ~* %s", [pattern])
        except psycopg.errors.InvalidRegularExpression as error:
            raise MediabaseError(
                f"A pattern of {signature} in seeds/phenotype_claims.csv is no regular expression: {pattern}"
            ) from error


def _seeds(project: Project) -> list[Any]:
    return [node for node in project.manifest.nodes.values() if node.resource_type == "seed"]


def _outdated(project: Project, target: Connection) -> bool:
    query = "select obj_description(to_regclass(%s), 'pg_class') like '%%[' || %s || ']'"
    return any(
        target.execute(query, [f"{seed.schema}.{seed.alias}", seed.checksum.checksum]).fetchone() != (True,)
        for seed in _seeds(project)
    )
