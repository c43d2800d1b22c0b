"""What reader roles may do is decided by PostgreSQL: views, functions, tokens, logins, and what everybody may."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from cells import REFUSED, TABLES, outcome
from helpers import DEMO, Lab, complaint, whole
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestrator.access.harden import doors, harden
from orchestrator.access.roles import API_LOGIN, COHORT_READER
from orchestrator.access.server_login import check_api_login
from orchestrator.access.tokens import Scope, create_token, hash_of
from orchestrator.errors import RefusedError
from orchestrator.patient_id import reader_role, schema_name
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
            "values of all": "select * from cohort.cohort_expression",
            "who is current": "select * from cohort.cohort_patients",
            "what varies": "select * from cohort.cohort_variable",
            "refresh": "select cohort.fill_cohort_rows('DEMO_TNBC', 'patient_demo_tnbc')",
            "variability": "select cohort.fill_cohort_variability()",
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


def test_views_that_lead_to_a_patient_are_neither_granted_nor_left_open(migrated: Lab) -> None:
    """An upgrade grants no view of the core; one that somebody granted is named, with those below it, and shut."""
    migrated.execute(
        "create view public.leak as select * from patient_demo_tnbc.expression_data; "
        "create view public.leak_of_leak as select * from public.leak; "
        "create materialized view public.copied as select * from public.leak; "
        "create view public.of_the_core as select * from public.transcripts; "
        "create view public.as_who_asks with (security_invoker) as select * from public.leak; "
        "create view patient_demo_her2.neighbour as select * from patient_demo_tnbc.metadata; "
        "create view patient_demo_her2.own as select * from patient_demo_her2.cancer_transcript_base; "
        "grant select on patient_demo_tnbc.metadata to public"  # nobody gets into its schema by that
    )
    views = ("leak", "leak_of_leak", "copied", "of_the_core", "as_who_asks")
    reader = reader_role("DEMO_HER2")
    try:
        assert migrated.call("core", "upgrade").returncode == 0
        with api_session(migrated) as session:
            assert {outcome(session, reader, f"table public.{view}") for view in views} == {REFUSED}
            migrated.execute(
                "grant select on public.of_the_core, public.leak_of_leak, public.as_who_asks to reader_core"
            )
            migrated.execute("grant select on public.copied to public")
            with migrated.session() as target:
                named = {(each.who, each.may.removesuffix(", which reads what it may not")) for each in doors(target)}
                assert named == {
                    ("reader_core", "read leak_of_leak"), ("everybody", "read copied"),
                    (reader, "read patient_demo_her2.neighbour"),
                }  # fmt: skip
                harden(target, other_databases=False)
                assert doors(target) == []
            found = {view: outcome(session, reader, f"table public.{view}") for view in views}
            assert found == {**dict.fromkeys(views, REFUSED), "of_the_core": "done"}
            assert outcome(session, reader, "table patient_demo_her2.neighbour") == REFUSED
            assert outcome(session, reader, "table patient_demo_her2.own") == "done"
    finally:
        migrated.execute(
            "drop view patient_demo_her2.neighbour, patient_demo_her2.own, public.as_who_asks, public.of_the_core; "
            "drop view public.leak_of_leak; drop materialized view public.copied; drop view public.leak"
        )


def test_a_core_of_a_release_without_tokens_is_brought_here(migrated: Lab) -> None:
    """One sentence before; after the upgrade the API's login takes the roles of patients published before it."""
    migrated.execute(f"drop schema access cascade; drop owned by {API_LOGIN}; drop role {API_LOGIN}")
    for command in (("token", "list"), ("access", "list"), ("access", "harden")):
        assert "mediabase core upgrade" in complaint(migrated.call(*command), 5)
    assert migrated.call("core", "upgrade").returncode == 0
    migrated.execute(f"grant connect on database mbase to {API_LOGIN}")
    with api_session(migrated) as session:
        for patient_id in DEMO:
            own = f"table {schema_name(patient_id)}.expression_data"
            assert outcome(session, reader_role(patient_id), own) == "done"


def test_the_text_of_a_token_is_nowhere_in_the_database(migrated: Lab) -> None:
    """Not in a dump, as text or as hex; its sha256 is."""
    text = str(json.loads(migrated.call("token", "create", "dumped", "--cohort", "--json").stdout)["token"])
    dumped = "\n".join(whole(migrated, "mbase"))
    assert hash_of(text).hex() in dumped
    assert text not in dumped and text.encode().hex() not in dumped and text.removeprefix("mb_") not in dumped


def test_a_token_outlives_its_patient_and_opens_nothing(migrated: Lab) -> None:
    """A patient that was rolled back is not found; when it is migrated again the token opens it again."""
    soon = datetime.now(UTC) + timedelta(hours=1)
    with migrated.session() as target:
        token = hash_of(create_token(target, "crc", Scope(("DEMO_CRC_MSI", "DEMO_HER2")), soon))
    migrated.call("rollback", "DEMO_CRC_MSI")
    with api_session(migrated) as session:
        listed = "select patient_id from access.patients(%s)"
        assert session.execute(listed, [token]).fetchall() == [("DEMO_HER2",)]
        with pytest.raises(psycopg.Error) as refused:
            session.execute("select access.enter_patient(%s, 'DEMO_CRC_MSI')", [token])
        assert refused.value.sqlstate == "MB404"
        migrated.migrate("DEMO_CRC_MSI")
        assert session.execute(listed, [token]).fetchall() == [("DEMO_CRC_MSI",), ("DEMO_HER2",)]
        with session.transaction():
            session.execute("select access.enter_patient(%s, 'DEMO_CRC_MSI')", [token])
            assert session.execute("select count(*) > 0 from patient_demo_crc_msi.expression_data").fetchone() == (
                True,
            )


def test_a_group_that_would_open_patients_to_the_apis_login_is_refused(migrated: Lab) -> None:
    """What it inherits it would read without any token: it does not serve as such a login."""
    migrated.execute(f"create role ward; grant ward to {API_LOGIN}")
    try:
        assert migrated.call("access", "grant", "ward", "--patients", "DEMO_HER2").returncode == 0
        with api_session(migrated) as session:
            check_api_login(session)
            assert outcome(session, None, "table patient_demo_her2.expression_data") == REFUSED
        migrated.execute(f"alter role {API_LOGIN} inherit; revoke ward from {API_LOGIN}; grant ward to {API_LOGIN}")
        with (
            api_session(migrated) as session,
            pytest.raises(RefusedError, match="reads cohort, patient_demo_her2 without"),
        ):
            check_api_login(session)
    finally:
        migrated.execute(f"alter role {API_LOGIN} noinherit; drop owned by ward; drop role ward")


def test_an_operator_without_createrole_is_told(migrated: Lab) -> None:
    """Granting takes the right to: one sentence, and nothing granted."""
    migrated.execute(
        "create role clerk login; create role someone login; "
        "grant usage on schema migration, access to clerk; "
        "grant select on all tables in schema migration, access to clerk; grant connect on database mbase to clerk"
    )
    dsn = migrated.where.target.replace("user=mediabase", "user=clerk")
    try:
        said = complaint(migrated.call("access", "grant", "someone", "--patients", "DEMO_HER2", MEDIABASE_DSN=dsn), 5)
        assert "The role clerk may not do that" in said
        assert migrated.listing("access", "list") == []
        said = complaint(migrated.call("token", "create", "mine", "--cohort", MEDIABASE_DSN=dsn), 1)
        assert "permission denied for table token" in said
    finally:
        migrated.execute("drop owned by clerk; drop role clerk, someone")
