"""The roles of readers: one that reads the core, one for each patient, one for the cohort, and the API's login."""

from typing import cast

import psycopg
from psycopg import sql

from orchestrator.patient_id import reader_role, schema_name
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.engine import reader_options
from orchestrator.postgres.statements import statement

CORE_READER = "reader_core"
"""Role with the right to read the core; every other reader role is a member of it."""
COHORT_READER = "reader_cohort"
"""Role with the right to read what schema cohort says of all patients."""
API_LOGIN = "mediabase_api"
"""Login that has no right but to take reader roles, and the functions of schema access."""
SHARED_ROLES = (API_LOGIN, COHORT_READER, CORE_READER)
"""In the order in which they can be dropped."""
API_OPTIONS = "login noinherit"
"""Without a password nobody can use it but where the server trusts: the operator sets one."""


def ensure_shared_roles(target: Connection) -> None:
    """Make the roles that are the same for all patients, and give them their rights, as far as we may.

    Making roles takes CREATEROLE, and granting takes the tables' owner, or else PostgreSQL only warns.
    Without, patients are migrated all the same, and only the owner can read.
    """
    if not all(_ensure_role(target, role, API_OPTIONS if role == API_LOGIN else "nologin") for role in SHARED_ROLES):
        return
    try:
        with target.transaction():
            target.execute(_shared("grants"))
    except psycopg.errors.InsufficientPrivilege:
        return


def let_reader_in(target: Connection, patient_id: str) -> bool:
    """Let a patient's reader role read the patient, and the API's login take that role; return whether it can read."""
    role, schema = reader_role(patient_id), schema_name(patient_id)
    values = {"core": CORE_READER, "reader": role, "schema": sql.Identifier(schema).as_string(target)}
    found = target.execute(statement(__package__, "reader"), values).fetchone()
    is_readable, is_there, relations = cast(tuple[bool, bool, list[str]], found)
    if not (is_readable and relations and (is_there or _make_role(target, role, reader_options(target)))):
        return False
    names = {
        "schema": sql.Identifier(schema),
        "relations": sql.SQL(", ").join(sql.Identifier(schema, name) for name in relations),
        "reader": sql.Identifier(role),
    }
    try:
        with target.transaction():
            target.execute(_shared("grants_patient", **names))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def let_in_published(target: Connection) -> None:
    """Let the API's login take the roles of patients that were published before there was one.

    `target` is in autocommit mode: each patient is a transaction, because thousands in one find no room for locks.
    """
    if not (_exists(target, API_LOGIN) and _core_is_readable(target)):
        return
    query = statement(__package__, "published").format(api_login=sql.Literal(API_LOGIN))
    for (patient_id,) in target.execute(query).fetchall():
        let_reader_in(target, str(patient_id))


def drop_role(target: Connection, role: str) -> str:
    """Drop a role of ours with its rights; return why it stays, or nothing when it is gone."""
    if not _exists(target, role):
        return ""
    try:
        with target.transaction():
            target.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(role)))
    except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege) as error:
        return f"The role {role} stays ({error.diag.message_primary})."
    return ""


def _shared(name: str, **names: sql.Composable) -> sql.Composed:
    return statement(__package__, name).format(
        core_reader=sql.Identifier(CORE_READER),
        cohort_reader=sql.Identifier(COHORT_READER),
        api_login=sql.Identifier(API_LOGIN),
        **names,
    )


def _core_is_readable(target: Connection) -> bool:
    query = "select has_table_privilege(oid, 'public.transcripts', 'select') from pg_roles where rolname = %s"
    return target.execute(query, [CORE_READER]).fetchone() == (True,)


def _exists(target: Connection, role: str) -> bool:
    return target.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone() is not None


def _ensure_role(target: Connection, role: str, options: str) -> bool:
    return _exists(target, role) or _make_role(target, role, options)


def _make_role(target: Connection, role: str, options: str) -> bool:
    try:
        with target.transaction():
            target.execute(sql.SQL("create role {} " + options).format(sql.Identifier(role)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True
