"""Targets for the same tests: a database of the laboratory's plain server, and one of a Citus cluster.

Citus comes from no registry, so that continuous integration runs the first only. For the second,
MEDIABASE_TEST_CITUS_DSN names an administrator and a database of a coordinator. Its workers are those of that database,
and must be reachable under the names that they have there; everything that is made on these nodes is gone afterwards.
"""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from helpers import Finished, Lab, clean_environment
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestrator.access.roles import API_LOGIN
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.embedded import bundled_programs

CITUS_DSN = os.environ.get("MEDIABASE_TEST_CITUS_DSN", "")
"""Read before a fixture takes all settings of the product out of the environment."""
NO_CITUS = (
    "needs Citus, which comes from no registry: name an administrator of a coordinator in MEDIABASE_TEST_CITUS_DSN "
    "(docs/SCALING.md)"
)
Engine = str
"""`postgresql` or `citus`."""
ON_CITUS = pytest.param("citus", marks=() if CITUS_DSN else pytest.mark.skip(reason=NO_CITUS))


@dataclass(frozen=True)
class Node:
    """A server of a cluster, by the name that other nodes have for it."""

    host: str
    port: int
    dsn: str


@dataclass(frozen=True)
class Place:
    """A target to which the laboratory's legacy databases are moved."""

    lab: Lab
    """The laboratory, with this target in the place of its own."""
    engine: Engine
    api: str
    nodes: tuple[Node, ...] = ()
    """Of Citus, the coordinator first."""

    @property
    def target(self) -> str:
        """Return the connection string of the target."""
        return self.lab.where.target

    @property
    def settings(self) -> dict[str, str]:
        """Return the product's settings for this target."""
        return {
            "MEDIABASE_DSN": self.target, "MEDIABASE_LEGACY_DSN": self.lab.where.legacy, "MEDIABASE_API_DSN": self.api
        }  # fmt: skip

    def run(self, *arguments: object, code: int = 0) -> Finished:
        """Run `mediabase` in a process of its own; it ends with this code."""
        return _ended(self.lab.run(*arguments, **self.settings), code)

    def call(self, *arguments: object, code: int = 0) -> Finished:
        """Run `mediabase` in this process; it ends with this code."""
        return _ended(self.lab.call(*arguments, **self.settings), code)

    def query(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement in the target."""
        with connect(self.target, autocommit=True) as connection:
            return connection.execute(text.encode(), values or None).fetchall()

    def execute(self, text: str) -> None:
        """Run a statement in the target."""
        with connect(self.target, autocommit=True) as connection:
            connection.execute(text.encode())


def _ended(done: Finished, code: int) -> Finished:
    assert done.returncode == code, (done.args, done.returncode, done.stdout, done.stderr)
    return done


@contextmanager
def place(engine: Engine, lab: Lab, *, is_core_first: bool = False) -> Iterator[Place]:
    """Yield a target with the laboratory's core.

    With `is_core_first` the extension is left to the test, which calls `become_citus`.
    """
    name = f"mediabase_test_{secrets.token_hex(4)}"
    admin = CITUS_DSN if engine == "citus" else lab.where.legacy
    nodes = _nodes(admin) if engine == "citus" else (Node("", 0, admin),)
    with ExitStack() as stack:
        for node in reversed(nodes):  # those with fewer rights over others first
            stack.enter_context(_database(node, name))
        target = make_conninfo(admin, dbname=name)
        password = secrets.token_hex(8)
        api = make_conninfo(target, user=API_LOGIN, password=password)
        beside = Lab(lab.home, Servers(target, lab.where.legacy))
        made = Place(beside, engine, api, nodes if engine == "citus" else ())
        _pour_core(lab, target)
        if engine == "citus" and not is_core_first:
            become_citus(made)
        made.run("core", "upgrade")
        made.execute(f"alter role {API_LOGIN} password '{password}'")
        yield made


def become_citus(place: Place) -> None:
    """Do to the target's database what docs/SCALING.md says: the extension on every node, and the nodes made known."""
    name = place.query("select current_database()")[0][0]
    for node in place.nodes:
        with connect(node.dsn, dbname=name, autocommit=True) as connection:
            connection.execute("create extension citus")
    coordinator, *workers = place.nodes
    with connect(place.target, autocommit=True) as connection:
        here = [coordinator.host, coordinator.port]
        connection.execute("select citus_set_coordinator_host(%s, %s)", here)
        for worker in workers:
            connection.execute("select citus_add_node(%s, %s)", [worker.host, worker.port])
        connection.execute("select citus_set_node_property(%s, %s, 'shouldhaveshards', true)", here)


def _nodes(admin: str) -> tuple[Node, ...]:
    with connect(admin, autocommit=True) as connection:
        known: list[tuple[int, str, int]] = []
        if connection.execute("select to_regclass('pg_catalog.pg_dist_node')").fetchone() != (None,):
            known = connection.execute(
                "select groupid, nodename, nodeport from pg_dist_node where isactive and noderole = 'primary'"
            ).fetchall()  # type: ignore[assignment]
        host, port = connection.info.host, connection.info.port
    coordinator = next(((name, at) for group, name, at in known if group == 0), None)
    workers = [Node(name, at, make_conninfo(admin, host=name, port=at)) for group, name, at in known if group != 0]
    return (Node(*(coordinator or ("localhost" if host.startswith("/") else host, port)), admin), *workers)


@contextmanager
def _database(node: Node, name: str) -> Iterator[None]:
    """Make a database on a node; at the end it is gone, and so are roles that were not there before."""
    with connect(node.dsn, autocommit=True) as connection:
        before = _roles(connection)
        if API_LOGIN in before and node.host:
            pytest.fail(f"There is a role {API_LOGIN} on {node.host}: the tests need a cluster that nobody uses.")
        connection.execute(
            sql.SQL("create database {} template template0 encoding 'UTF8'").format(sql.Identifier(name))
        )
    try:
        yield
    finally:
        with connect(node.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
            for role in sorted(_roles(connection) - before):
                connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))


def _roles(connection: Connection) -> set[str]:
    query = "select rolname from pg_roles where starts_with(rolname, 'reader_') or rolname = %s"
    return {str(name) for (name,) in connection.execute(query, [API_LOGIN]).fetchall()}


def _pour_core(lab: Lab, target: str) -> None:
    """Copy the laboratory's core as it was made by v0.5.0."""
    source = [bundled_programs() / "pg_dump", "--no-owner", "--no-privileges", "--schema=public", lab.where.target]
    dumped = subprocess.run(source, check=True, capture_output=True, env=clean_environment())
    command = [bundled_programs() / "psql", "--no-psqlrc", "--quiet", target]
    subprocess.run(command, check=True, input=dumped.stdout, capture_output=True, env=clean_environment())


def migrated(moved: Place, *patient_ids: str, **options: Any) -> set[str]:
    """Migrate patients with the functions that a worker calls; return what became of them."""
    return {outcome.result for outcome in moved.lab.migrate(*patient_ids, **options).values()}


def schema(patient_id: str) -> str:
    """Return the name of a demo patient's schema."""
    return f"patient_{patient_id.lower()}"


def is_sound(moved: Place, *patient_ids: str) -> None:
    """Every value is that of the legacy database, and validation passes, which asks the schema itself."""
    moved.lab.verify(*patient_ids)
    moved.call("validate", *patient_ids, "--deep")
