"""The matrix of isolation: who does what where, and what PostgreSQL answers."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import psycopg
from psycopg import sql

from orchestrator.access.roles import API_LOGIN, COHORT_READER, CORE_READER
from orchestrator.patient_id import reader_role, schema_name
from orchestrator.postgres.connection import Connection

REFUSED = "42501"
PLACES = ("own", "other", "core", "cohort", "values", "journal", "staging", "tokens")
STATEMENTS = {
    "select": "select * from {table} limit 1",
    "insert": "insert into {table} default values",
    "update": "update {table} set {column} = {column} where false",
    "delete": "delete from {table} where false",
    "truncate": "truncate {table}",
    "lock": "lock table {table} in access exclusive mode",
    "create": "create table {schema}.made_by_a_reader (n int)",
    "set role": "set role {role}",
}
TABLES = {
    "core": ("public", "transcripts", "gene_id"),
    "cohort": ("cohort", "patient_facts", "patient_id"),
    "values": ("cohort", "cohort_rows", "patient_id"),
    "journal": ("migration", "event", "event"),
    "staging": ("staging", "legacy_export", "patient_id"),
    "tokens": ("access", "audit", "endpoint"),
}
ROLES = {"core": CORE_READER, "cohort": COHORT_READER, "values": COHORT_READER, "staging": "pg_read_all_data",
         "tokens": API_LOGIN}  # fmt: skip
"""What somebody would take to get into a place; the operator for the journal."""
MAY = {("own", "select"), ("core", "select"), ("own", "set role"), ("core", "set role")}


def outcome(session: Connection, role: str | None, text: sql.Composable | str) -> str:
    """Return `done`, or the SQLSTATE, of a statement in a role; nothing of it stays."""
    try:
        with session.transaction(force_rollback=True):
            if role:
                session.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            session.execute(text.encode() if isinstance(text, str) else text)
    except psycopg.Error as error:
        return error.sqlstate or "lost"
    return "done"


def cells(patient_ids: Sequence[str], session_of: Callable[[str], Connection], operator: str) -> Mapping[str, str]:
    """Try every cell as the login of each patient; return what came of each.

    `session_of` connects as the login that was granted a patient; `operator` is the role that owns everything.
    """
    found = {}
    for index, patient_id in enumerate(patient_ids):
        other = patient_ids[index - 1]
        with session_of(patient_id) as session:
            for place, act in product(PLACES, STATEMENTS):
                text = _statement(act, place, {"own": patient_id, "other": other}.get(place), operator)
                found[f"{patient_id} {place} {act}"] = outcome(session, None, text)
    return found


def wrong(found: Mapping[str, str]) -> list[str]:
    """Return the cells that are not as they are meant: done, or refused by PostgreSQL."""
    expected = {cell: "done" if tuple(cell.split(" ", 2)[1:]) in MAY else REFUSED for cell in found}
    return [f"{cell}: {code}" for cell, code in found.items() if code != expected[cell]]


def role_cells(patient_ids: Sequence[str], api: Connection) -> Mapping[str, str]:
    """Try the same in the API's session, which takes the role of each patient as a request does.

    SET ROLE is left out: what that login may take next is decided by tokens.
    """
    found = {}
    for index, patient_id in enumerate(patient_ids):
        other = patient_ids[index - 1]
        for place, act in product(PLACES, STATEMENTS):
            if act != "set role":
                text = _statement(act, place, {"own": patient_id, "other": other}.get(place), "")
                found[f"{patient_id} {place} {act}"] = outcome(api, reader_role(patient_id), text)
    return found


def _statement(act: str, place: str, patient_id: str | None, operator: str) -> sql.Composed:
    schema, table, column = (
        (schema_name(patient_id), "expression_data", "transcript_id") if patient_id else TABLES[place]
    )
    role = reader_role(patient_id) if patient_id else ROLES.get(place, operator)
    return sql.SQL(STATEMENTS[act]).format(  # type: ignore[arg-type]
        table=sql.Identifier(schema, table), schema=sql.Identifier(schema), column=sql.Identifier(column),
        role=sql.Identifier(role),
    )  # fmt: skip
