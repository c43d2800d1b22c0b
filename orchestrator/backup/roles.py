"""Roles of a backup's server, made on the scratch server."""

import re

import psycopg

from orchestrator.postgres.connection import connect

CREATE_ROLE = re.compile(r"CREATE ROLE .*;")


def create_roles(dsn: str, roles: str) -> None:
    """Create the roles that policies and user mappings name; what they may do on the scratch server does not matter."""
    with connect(dsn, autocommit=True) as connection:
        for create in CREATE_ROLE.findall(roles):
            try:
                connection.execute(create.encode())
            except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                continue  # of another backup
