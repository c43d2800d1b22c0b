"""Twenty patients, each with a login of its own: everything that is not meant is refused by PostgreSQL itself."""

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest
from cells import PLACES, REFUSED, STATEMENTS, cells, outcome, role_cells, wrong
from helpers import DEMO, Lab
from other_server import PASSWORD, OtherServer, mediabase, sandbox
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestrator.access.logins import grant
from orchestrator.access.roles import API_LOGIN
from orchestrator.patient_id import reader_role, schema_name
from orchestrator.postgres.connection import Connection, connect

PATIENTS = (*DEMO, *(f"COPY_{n:02}" for n in range(20 - len(DEMO))))
CELLS_A_PATIENT = len(PLACES) * len(STATEMENTS)
GONE = {"42P01", "3F000", "22023"}
"""No such table, no such schema, no such role."""


def login_of(patient_id: str) -> str:
    """Return the name of a login that is granted this patient only."""
    return f"ward of {patient_id}"


def make_logins(target: Connection, patient_ids: tuple[str, ...], password: str = "") -> None:
    """Make a login for each patient."""
    for patient_id in patient_ids:
        target.execute(
            sql.SQL("create role {} login password {}").format(sql.Identifier(login_of(patient_id)), password)
        )


def drop_logins(target: Connection, patient_ids: tuple[str, ...]) -> None:
    """Drop them again."""
    for patient_id in patient_ids:
        target.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(login_of(patient_id))))


@pytest.fixture(scope="module")
def wards(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with twenty patients migrated, and a login for each that may read it."""
    laboratory_server.reset()
    for patient_id in PATIENTS[len(DEMO) :]:
        laboratory_server.add_patient(patient_id)
    laboratory_server.migrate(*PATIENTS)
    with laboratory_server.session() as target:
        make_logins(target, PATIENTS)
        grant_each(target, *PATIENTS)
        yield laboratory_server
        drop_logins(target, PATIENTS)
    laboratory_server.reset()


def grant_each(target: Connection, *patient_ids: str) -> None:
    """Grant each login its patient, as `mediabase access grant` does."""
    for patient_id in patient_ids:
        assert grant(target, login_of(patient_id), [patient_id], cohort=False) == [reader_role(patient_id)]


def as_ward(lab: Lab) -> Callable[[str], Connection]:
    """Return how to connect as the login of a patient."""
    return lambda patient_id: psycopg.connect(
        make_conninfo(lab.where.target, user=login_of(patient_id)), autocommit=True
    )


def as_meant(lab: Lab, *patient_ids: str) -> int:
    """Try all cells of these patients, as their logins and as the API does; return how many there were."""
    found = cells(patient_ids, as_ward(lab), "mediabase")
    with psycopg.connect(make_conninfo(lab.where.target, user=API_LOGIN), autocommit=True) as api:
        taken = role_cells(patient_ids, api)
    assert wrong(found) == [] and wrong(taken) == []
    return len(found) + len(taken)


def test_twenty_patients_in_every_state(wards: Lab) -> None:
    """When they are new, after a rebuild and a rerun, beside patients that were rolled back, and when those return."""
    assert as_meant(wards, *PATIENTS) == len(PATIENTS) * (2 * CELLS_A_PATIENT - len(PLACES)) > 500
    wards.migrate(*PATIENTS[:10], force=True)
    wards.migrate(*PATIENTS)
    as_meant(wards, *PATIENTS)

    gone, kept = PATIENTS[-5:], PATIENTS[:-5]
    done = wards.call("rollback", *gone, "--json")
    assert [each["result"] for each in json.loads(done.stdout)["patients"]] == ["rolled back"] * len(gone)
    as_meant(wards, *kept)
    left_over = cells(gone, as_ward(wards), "mediabase")
    assert {code for cell, code in left_over.items() if " own " in cell or " other " in cell} <= GONE | {REFUSED}
    assert {code for cell, code in left_over.items() if " own " not in cell and " other " not in cell} == {REFUSED}

    wards.migrate(*gone)
    assert {code for cell, code in cells(gone, as_ward(wards), "mediabase").items()} == {REFUSED}  # not granted again
    with wards.session() as target:
        grant_each(target, *gone)
    as_meant(wards, *PATIENTS)


def test_views_and_statistics_of_twenty_patients(wards: Lab) -> None:
    """The view of v0.5.0 opens for its own reader only, and statistics are those of its own tables."""
    wards.execute("analyze")
    for patient_id in PATIENTS:
        own = schema_name(patient_id)
        with as_ward(wards)(patient_id) as session:
            for other in PATIENTS:
                expected = "done" if other == patient_id else REFUSED
                view = f"select * from {schema_name(other)}.cancer_transcript_base limit 1"
                assert outcome(session, None, view) == expected, (patient_id, other)
                quarantine = f"select * from {schema_name(other)}.quarantined_expression limit 1"
                assert outcome(session, None, quarantine) == expected, (patient_id, other)
            schemas = {name for (name,) in session.execute("select distinct schemaname from pg_stats")}
            assert own in schemas and schemas <= {own, "public", "cohort", "pg_catalog", "information_schema"}


def test_on_debians_server(debian: OtherServer) -> None:
    """PostgreSQL 15 decides the same, for logins with passwords."""
    settings = {"MEDIABASE_DSN": "service=other", "MEDIABASE_LEGACY_DSN": "service=other_legacy", **debian.environment}
    with sandbox(settings), connect(debian.dsn("mbase"), autocommit=True) as target:
        assert mediabase(settings, "migrate", "--all").returncode == 3  # a patient with quarantined rows
        make_logins(target, DEMO, PASSWORD)
        try:
            grant_each(target, *DEMO)

            def session_of(patient_id: str) -> Connection:
                parts = {"user": login_of(patient_id), "password": PASSWORD, "passfile": ""}
                return psycopg.connect(make_conninfo(debian.dsn("mbase"), **parts), autocommit=True)

            found = cells(DEMO, session_of, "owner")
            assert wrong(found) == [] and len(found) == len(DEMO) * CELLS_A_PATIENT
            taken = {patient_id: outcome(target, reader_role(patient_id), "select 1") for patient_id in DEMO}
            assert set(taken.values()) == {"done"}
        finally:
            drop_logins(target, DEMO)
