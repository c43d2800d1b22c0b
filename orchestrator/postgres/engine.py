"""The engine of a target: plain PostgreSQL, or Citus, where what a statement must say differs; docs/SCALING.md."""

from psycopg import sql

from orchestrator.errors import RefusedError
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement


def is_citus(connection: Connection) -> bool:
    """Tell whether this database is one of Citus: the one place in Python where that is found out."""
    return connection.execute("select 1 from pg_extension where extname = 'citus'").fetchone() is not None


def table_bytes(connection: Connection) -> sql.SQL:
    """Return SQL for the bytes of the table `pg_class.oid`, with its indexes and TOAST, on whichever nodes it is."""
    if not is_citus(connection):
        return sql.SQL("pg_total_relation_size(pg_class.oid)")
    return statement(__package__, "citus_table_bytes")


def dump_options(connection: Connection) -> list[str]:
    """Return pg_dump's options that leave Citus itself out of a dump, which then restores anywhere."""
    if not is_citus(connection):
        return []
    others = connection.execute("select extname from pg_extension where not starts_with(extname, 'citus')").fetchall()
    return [f'--extension="{name}"' for (name,) in others]


def reader_options(connection: Connection) -> str:
    """Return with which options a role is made that reads a patient after SET ROLE.

    Citus reads the tables of a patient on another node by connecting there as that role. Without a password nobody else
    can, but where a server trusts.
    """
    return "login" if is_citus(connection) else "nologin"


def patients_a_transaction(connection: Connection, elsewhere: int) -> int:
    """Return how many patients share a transaction: on Citus one, else `elsewhere`.

    On Citus a commit fails for all of them when the connection to the node of one is lost.
    """
    return 1 if is_citus(connection) else elsewhere


def share(connection: Connection, tables: tuple[str, ...]) -> None:
    """On Citus, have these tables of `public`, and those that refer to them, on every node; in its transaction.

    Their rows stay as they are, and what Citus leaves behind of them is emptied. Raises RefusedError for a cluster that
    does not know its coordinator.
    """
    if not is_citus(connection):
        return
    if connection.execute("select 1 from pg_dist_node where groupid = 0").fetchone() is None:
        raise RefusedError(
            f"{connection.info.dbname} is a database of Citus that has no coordinator in pg_dist_node, which it needs: "
            "select citus_set_coordinator_host('HOST', PORT)."
        )
    found = connection.execute(statement(__package__, "citus_unshared"), {"tables": list(tables)}).fetchall()
    connection.execute("set local citus.enable_unsafe_triggers = on")  # a core may have triggers that look at their row
    for (table,) in found:
        connection.execute("select create_reference_table(%s::regclass)", [table])
    for (table,) in found:
        connection.execute("select truncate_local_data_after_distributing_table(%s::regclass)", [table])
