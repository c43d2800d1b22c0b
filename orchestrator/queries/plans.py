"""How the target would run a query."""

import psycopg

from orchestrator.postgres.connection import Connection


def plan(target: Connection, query: str) -> list[str]:
    """Return the lines of the query's plan, or one line that says why there is none. Runs nothing."""
    try:
        with target.transaction(force_rollback=True):
            return [str(line) for (line,) in target.execute(b"explain (costs off) " + query.encode()).fetchall()]
    except psycopg.Error as error:
        return [f"no plan: {error.diag.message_primary or error}"]
