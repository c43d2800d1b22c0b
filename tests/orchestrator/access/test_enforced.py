"""What reader roles may do is decided by PostgreSQL: views, functions, tokens, logins, and what everybody may."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from cells import REFUSED, TABLES, outcome
from helpers import DEMO, Lab, complaint
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestrator.access.harden import doors, harden
from orchestrator.access.roles import API_LOGIN, COHORT_READER
from orchestrator.access.tokens import Scope, create_token, hash_of
from orchestrator.patient_id import reader_role
from orchestrator.postgres.connection import Connection


@pytest.fixture(scope="module")
def migrated(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with the demo patients migrated, everything shut that everybody may do."""
    laboratory_server.reset()
    laboratory_server.migrate(*DEMO)
    with laboratory_server.session() as target:
        harden(target, other_databases=True)
    yield laboratory_server
    with laboratory_server.session("postgres") as connection:
        for (name,) in connection.execute("select datname from pg_database where not datistemplate").fetchall():
            connection.execute(
                sql.SQL("grant connect, temporary on database {} to public").format(sql.Identifier(name))
            )
    laboratory_server.reset()


def api_session(lab: Lab) -> Connection:
    """Return a session of the API's login."""
    return psycopg.connect(make_conninfo(lab.where.target, user=API_LOGIN), autocommit=True)


def test_views_functions_statistics_and_storage_lead_nowhere_else(migrated: Lab) -> None:
    """Neither the views and functions of others, nor statistics, nor storage of its own."""
    reader = reader_role("DEMO_HER2")
    with api_session(migrated) as session:
        done = {
            "own view": "select count(*) from patient_demo_her2.cancer_transcript_base",
            "own metadata": "select * from patient_demo_her2.metadata",
            "reference": "select * from cohort.biomarker_panels",
        }
        refused = {
            "another's view": "select * from patient_demo_tnbc.cancer_transcript_base",
            "cohort view": "select * from cohort.cohort_summary",
            "digest": "select migration.patient_digest('patient_demo_tnbc')",
            "facts": "select cohort.fill_patient_facts('DEMO_TNBC', 'patient_demo_tnbc')",
            "scope": "select * from access.scope('x'::bytea)",
            "record": "select access.record('x'::bytea, null, 'e', 1)",
            "temporary": "create temporary table t (n int)",
            "large object": "select lo_create(0)",
            "schema": "create schema made_by_a_reader",
            "copy": "copy patient_demo_tnbc.expression_data to stdout",
        }
        assert {name: outcome(session, reader, text) for name, text in done.items()} == dict.fromkeys(done, "done")
        assert {name: outcome(session, reader, text) for name, text in refused.items()} == dict.fromkeys(
            refused, REFUSED
        )
        with session.transaction(force_rollback=True):
            session.execute(sql.SQL("set local role {}").format(sql.Identifier(reader)))
            found = session.execute("select distinct schemaname from pg_stats where schemaname like 'patient%'")
            assert {name for (name,) in found} <= {"patient_demo_her2"}


def test_the_login_of_the_api_reads_nothing_itself(migrated: Lab) -> None:
    """It takes roles; without one it reads no table, and it gets into no other database."""
    with api_session(migrated) as session:
        for schema, table, _ in (("patient_demo_her2", "expression_data", ""), *TABLES.values()):
            assert outcome(session, None, f"select * from {schema}.{table}") == REFUSED, table
        assert outcome(session, "mediabase", "select 1") == REFUSED
    for database in ("postgres", "mediabase_patient_DEMO_HER2"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(make_conninfo(migrated.where.target, user=API_LOGIN, dbname=database))


def test_what_is_made_anew_can_be_read_by_the_same_readers(migrated: Lab) -> None:
    """Default privileges hold for what somebody makes later."""
    migrated.execute("create table patient_demo_her2.later (n int); create table cohort.patient_later (n int)")
    try:
        with api_session(migrated) as session:
            assert outcome(session, reader_role("DEMO_HER2"), "table patient_demo_her2.later") == "done"
            assert outcome(session, COHORT_READER, "table cohort.patient_later") == "done"
            assert outcome(session, reader_role("DEMO_HER2"), "table cohort.patient_later") == REFUSED
    finally:
        migrated.execute("drop table patient_demo_her2.later, cohort.patient_later")


def test_every_view_across_patients_reads_with_the_rights_of_who_asks(migrated: Lab) -> None:
    """No view of ours reads with the rights of its owner, and readers of the cohort can use those of the cohort."""
    views = migrated.query(
        "select oid::regclass::text, coalesce(reloptions::text, '') from pg_class where relkind = 'v' "
        "and relnamespace in ('cohort'::regnamespace, 'staging'::regnamespace)"
    )
    assert views
    assert [name for name, options in views if "security_invoker=true" not in options] == []
    with api_session(migrated) as session:
        for name, _ in views:
            expected = "done" if name.startswith("cohort.") else REFUSED
            assert outcome(session, COHORT_READER, f"select * from {name} limit 1") == expected, name


def test_a_token_opens_its_patients_until_it_ends(migrated: Lab) -> None:
    """The database takes the role that the token opens, for one transaction, and no other."""
    soon = datetime.now(UTC) + timedelta(hours=1)
    with migrated.session() as target:
        text = create_token(target, "one", Scope(("DEMO_HER2",)), soon)
        stored = target.execute("select token_hash from access.token").fetchall()
    assert stored == [(hash_of(text),)]
    with api_session(migrated) as session:
        enter = "select access.enter_patient(%s, %s)"
        with session.transaction():
            session.execute(enter, [hash_of(text), "DEMO_HER2"])
            assert session.execute("select current_user").fetchone() == (reader_role("DEMO_HER2"),)
        assert session.execute("select current_user").fetchone() == (API_LOGIN,)
        for token, patient_id, code in (
            (hash_of(text), "DEMO_TNBC", "MB404"), (hash_of(text), "NOBODY", "MB404"), (b"", "DEMO_HER2", "MB401"),
        ):  # fmt: skip
            with pytest.raises(psycopg.Error) as refused:
                session.execute(enter, [token, patient_id])
            assert refused.value.sqlstate == code
        with pytest.raises(psycopg.Error) as refused:
            session.execute("select access.enter_cohort(%s)", [hash_of(text)])
        assert refused.value.sqlstate == "MB403"
        assert migrated.call("token", "revoke", "one").returncode == 0
        with pytest.raises(psycopg.Error) as refused:
            session.execute(enter, [hash_of(text), "DEMO_HER2"])
        assert refused.value.sqlstate == "MB401"


def test_logins_are_given_patients_and_lose_them(migrated: Lab) -> None:
    """A login of somebody reads as the guide shows, with search_path, what it was granted."""
    migrated.execute(
        'drop role if exists "ward 7"; create role "ward 7" login; grant connect on database mbase to "ward 7"'
    )
    try:
        assert migrated.call("access", "grant", "ward 7", "--patients", "DEMO_HER2").returncode == 0
        assert {each["opens"] for each in migrated.listing("access", "list")} == {"DEMO_HER2"}
        with psycopg.connect(make_conninfo(migrated.where.target, user="ward 7")) as session:
            session.execute("set search_path = patient_demo_her2, public")
            assert session.execute("select count(*) from cancer_transcript_base").fetchone() == (600,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("select * from patient_demo_tnbc.expression_data")
        assert migrated.call("access", "revoke", "ward 7", "--patients", "DEMO_HER2").returncode == 0
        assert migrated.listing("access", "list") == []
        for login, patients in (("nobody here", "DEMO_HER2"), (API_LOGIN, "DEMO_HER2"), ("ward 7", "NOBODY")):
            complaint(migrated.call("access", "grant", login, "--patients", patients), 2)
    finally:
        migrated.execute('drop owned by "ward 7"; drop role "ward 7"')


def test_functions_with_their_owners_rights_are_named_and_shut(migrated: Lab) -> None:
    """A function that somebody planted with the rights of its owner is found."""
    migrated.execute("create function public.door() returns int language sql security definer as 'select 1'")
    try:
        with migrated.session() as target:
            assert [each.may for each in doors(target)] == ["run door() with the rights of its owner"]
            harden(target, other_databases=False)
            assert doors(target) == []
        with api_session(migrated) as session:
            assert outcome(session, reader_role("DEMO_HER2"), "select public.door()") == REFUSED
    finally:
        migrated.execute("drop function public.door()")


@pytest.mark.parametrize("arguments", [
    ("create", "x"), ("create", "x", "--patients", "NOBODY"), ("create", "x", "--cohort", "--expires", "soon"),
    ("create", "x", "--cohort", "--expires", "2001-01-01"), ("create", "\x1b[2J", "--cohort"), ("revoke", "nobody"),
    ("create", "x", "--patients", "DEMO_HER2", "--all-patients"),
])  # fmt: skip
def test_a_token_that_cannot_be_made_is_one_sentence(migrated: Lab, arguments: tuple[str, ...]) -> None:
    """Bad names, scopes and times are refused, and nothing is made."""
    complaint(migrated.call("token", *arguments), 2)
