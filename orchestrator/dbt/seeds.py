"""dbt's seeds in the target: loaded when the files are others than those that were loaded last."""

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


def _outdated(project: Project, target: Connection) -> bool:
    seeds = [node for node in project.manifest.nodes.values() if node.resource_type == "seed"]
    query = "select obj_description(to_regclass(%s), 'pg_class') like '%%[' || %s || ']'"
    return any(
        target.execute(query, [f"{seed.schema}.{seed.alias}", seed.checksum.checksum]).fetchone() != (True,)
        for seed in seeds
    )
