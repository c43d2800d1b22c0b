"""Publish: readers are let in, as the last step and in one transaction with the journal."""

import psycopg
from psycopg import sql

from orchestrator.errors import PatientError
from orchestrator.journal import Patient
from orchestrator.patient_id import reader_role
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

CORE_READER = "reader_core"
"""Role with the right to read the core; every patient's reader role is a member of it."""


def allow_core_reader(target: Connection) -> None:
    """Let the role of all readers read the core, as far as we may.

    Making roles takes CREATEROLE, and granting takes the tables' owner, or else PostgreSQL only warns.
    Without, patients are migrated all the same, and only the owner can read.
    """
    if _ensure_role(target, CORE_READER):
        reader = sql.Identifier(CORE_READER)
        target.execute(sql.SQL("grant select on all tables in schema public to {}").format(reader))


def publish(target: Connection, patient: Patient, digest: str) -> bool:
    """Let the patient's reader role in, and record `digest` as that of the published rows.

    Returns whether readers can read it; see `allow_core_reader`. Raises PatientError when the view
    cancer_transcript_base is missing, because dbt ended before it was made.
    """
    role = reader_role(patient.patient_id)
    with target.transaction():
        has_reader = _core_is_readable(target) and _ensure_role(target, role) and _grant(target, patient, role)
        values = {"patient_id": patient.patient_id, "digest": digest}
        if target.execute(statement(__package__, "publish"), values).rowcount != 1:
            raise PatientError("MB023", "Its compatibility view is missing: run again.")
    return has_reader


def _grant(target: Connection, patient: Patient, role: str) -> bool:
    names = {
        "schema": sql.Identifier(patient.schema_name),
        "reader": sql.Identifier(role),
        "core_reader": sql.Identifier(CORE_READER),
    }
    try:
        with target.transaction():
            target.execute(statement(__package__, "grants").format(**names))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _core_is_readable(target: Connection) -> bool:
    query = "select has_table_privilege(oid, 'public.transcripts', 'select') from pg_roles where rolname = %s"
    return target.execute(query, [CORE_READER]).fetchone() == (True,)


def _exists(target: Connection, role: str) -> bool:
    return target.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone() is not None


def _ensure_role(target: Connection, role: str) -> bool:
    if _exists(target, role):
        return True
    try:
        with target.transaction():
            target.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True
