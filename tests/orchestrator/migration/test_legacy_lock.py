"""`mediabase legacy lock` and `unlock`, and migrations with a strategy."""

import os
import signal
from collections.abc import Iterator

import psycopg
import pytest
from access_helpers import OVERRIDE, READ, access, client, done, dsn, standing, write
from helpers import PREFIX, Lab, complaint, eventually

from orchestrator.migration import core
from orchestrator.migration.retire import retire

P, Q = "Case-1", "Case-2"
DATABASE = PREFIX + P


@pytest.fixture
def clinic(lab: Lab) -> Iterator[Lab]:
    """Return the laboratory with two more patients, and a role that may read and write theirs."""
    lab.execute("create role app login", "postgres")
    for patient_id in (P, Q):
        lab.add_patient(patient_id, "grant select, update on all tables in schema public to app")
    try:
        yield lab
    finally:
        for patient_id in (P, Q):
            lab.drop_patient(patient_id)
        lab.execute("drop role app", "postgres")


@pytest.mark.parametrize(
    "setting",
    [
        None,
        "set default_transaction_read_only = off",
        "set default_transaction_read_only = 'true'",
        "set default_transaction_read_only = on",
    ],
)
def test_locked_and_given_back(clinic: Lab, setting: str | None) -> None:
    """A client reads and cannot write; unlocking gives back what was set, whatever that was."""
    clinic.execute(f"alter database \"{DATABASE}\" set work_mem = '5MB'", "postgres")
    if setting:
        clinic.execute(f'alter database "{DATABASE}" {setting}', "postgres")
    before, other = access(clinic, DATABASE), access(clinic, PREFIX + Q)

    locked = done(clinic, "lock", P)[P]
    assert (locked["result"], locked["is_changed"], locked["message"]) == ("read-only", True, "")
    with client(clinic, P) as session:
        assert session.execute(READ.encode()).fetchone() == (600,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            session.execute(write(3.25))
        again = done(clinic, "lock", P)[P]
    assert not again["is_changed"] and "app from that machine, application LabApp" in again["message"]
    assert access(clinic, PREFIX + Q) == other

    assert done(clinic, "unlock", P)[P] | {"message": ""} == {
        "patient_id": P, "database": DATABASE, "result": "open", "is_changed": True, "message": "",
    }  # fmt: skip
    assert access(clinic, DATABASE) == before
    twice = done(clinic, "unlock", P)[P]
    assert not twice["is_changed"] and twice["message"] == "Nothing to undo."
    assert access(clinic, DATABASE) == before
    assert clinic.query("select command, exit_code from migration.run order by run_id") == [
        ("legacy lock", 0), ("legacy lock", 0), ("legacy unlock", 0), ("legacy unlock", 0),
    ]  # fmt: skip


def test_unlock_all_finds_what_was_locked_and_what_is_gone(clinic: Lab) -> None:
    """Without a word on those that never were locked; one that was dropped is gone, also under a new one's name."""
    assert clinic.call("legacy", "unlock", "--all").stdout.strip().endswith("Nothing to undo.")
    assert set(done(clinic, "lock", P, Q)) == {P, Q}
    clinic.drop_patient(Q)
    assert {key: each["result"] for key, each in done(clinic, "unlock", "--all").items()} == {P: "open", Q: "gone"}
    clinic.add_patient(Q)
    assert done(clinic, "unlock", "--all") == {}
    done(clinic, "lock", Q)
    clinic.drop_patient(Q)
    clinic.add_patient(Q)
    before = access(clinic, PREFIX + Q)
    assert done(clinic, "unlock", Q)[Q]["result"] == "gone"
    assert done(clinic, "lock", Q)[Q]["is_changed"]
    assert done(clinic, "unlock", Q)[Q]["is_changed"]
    assert access(clinic, PREFIX + Q) == before


def test_names_of_every_kind(clinic: Lab) -> None:
    """Quotes, spaces and a percent sign in the name of a database: the patient is called otherwise."""
    name = PREFIX + 'O\'Neil "50%"'
    quoted = name.replace('"', '""')
    clinic.execute(f'create database "{quoted}" template "{DATABASE}" strategy file_copy', "postgres")
    try:
        before = access(clinic, name)
        renamed = clinic.call("inventory", "--rename", f"{name.removeprefix(PREFIX)}=ONEIL")
        assert renamed.returncode == 0, renamed.stderr
        assert done(clinic, "lock", "ONEIL")["ONEIL"]["result"] == "read-only"
        assert access(clinic, name)[0][0] == ["default_transaction_read_only=on"]
        assert done(clinic, "unlock", "--all")["ONEIL"]["database"] == name
        assert access(clinic, name) == before
    finally:
        clinic.execute(f'drop database "{quoted}" with (force)', "postgres")


def test_without_rights(clinic: Lab) -> None:
    """A role that is neither owner nor superuser: one sentence a patient, and nothing is changed or recorded."""
    before = access(clinic, DATABASE)
    found = done(clinic, "lock", P, Q, code=1, MEDIABASE_LEGACY_DSN=dsn(clinic, "app"))
    assert {each["result"] for each in found.values()} == {"failed"}
    assert all("role app may not change" in each["message"] and "owner mediabase" in each["message"]
               for each in found.values())  # fmt: skip
    assert access(clinic, DATABASE) == before
    assert clinic.query("select 1 from migration.legacy_access") == []
    settings = {"MEDIABASE_LEGACY_DSN": dsn(clinic, "app")}
    moved = clinic.call("migrate", P, "--strategy", "parallel", **settings)
    assert moved.returncode == 1 and "may not change" in moved.stdout, (moved.stdout, moved.stderr)
    assert clinic.schemas() == []
    assert clinic.query("select patient_id, state from migration.patient") == [(P, "failed")]


@pytest.mark.parametrize("again", ["lock", "unlock"])
@pytest.mark.parametrize("is_done", [True, False], ids=["altered after all", "never altered"])
def test_killed_between_intent_and_change(clinic: Lab, is_done: bool, again: str) -> None:
    """The former setting is known whether or not the server did what a dead client had asked for."""
    clinic.execute(f"alter database \"{DATABASE}\" set default_transaction_read_only = 'false'", "postgres")
    before = access(clinic, DATABASE)
    with clinic.session("postgres") as keeper:
        keeper.execute("begin; lock table pg_db_role_setting in exclusive mode")
        with clinic.started("legacy", "lock", P) as process:
            waiting = "select pid from pg_locks where not granted and relation = 'pg_db_role_setting'::regclass"
            pid = eventually(lambda: clinic.query(waiting, "postgres"), "the change waits")[0][0]
            os.killpg(process.pid, signal.SIGKILL)
        if not is_done:
            clinic.query(f"select pg_terminate_backend({pid})", "postgres")
            eventually(lambda: not clinic.query(waiting, "postgres"), "the change is given up")
        keeper.execute("rollback")
    is_set = [(["default_transaction_read_only=on"],)]
    if is_done:
        eventually(lambda: [row[:1] for row in access(clinic, DATABASE)] == is_set, "the change is made")
    eventually(
        lambda: not clinic.query("select 1 from pg_locks where locktype = 'advisory'"), "the lock of the dead is free"
    )
    assert clinic.query("select former_read_only, locked_at from migration.legacy_access") == [("false", None)]
    if again == "lock":
        assert done(clinic, "lock", P)[P]["result"] == "read-only"
        assert [row[:1] for row in access(clinic, DATABASE)] == is_set
    assert done(clinic, "unlock", P)[P]["result"] == "open"
    assert access(clinic, DATABASE) == before


def test_strategy_parallel_notices_what_was_written_all_the_same(clinic: Lab) -> None:
    """Sessions from before, and those that override, go on writing; the next migration moves their patients again."""
    with client(clinic, Q) as open_before:
        moved = clinic.results("migrate", P, Q, "--strategy", "parallel")
        assert {each["result"] for each in moved.values()} == {"migrated"}
        assert standing(clinic) == {P: "read-only", Q: "read-only"}
        assert "read-only" in clinic.call("status").stdout
        open_before.execute(write(5.125))
        with client(clinic, P) as session:
            session.execute(OVERRIDE.encode())
            session.execute(write(3.25))
    again = clinic.results("migrate", P, Q, "--strategy", "parallel")
    assert {each["result"] for each in again.values()} == {"migrated"}
    assert {each["result"] for each in clinic.listing("parity", P, Q)} == {"same"}
    clinic.verify(P, Q)
    assert {each["result"] for each in clinic.results("migrate", P, Q).values()} == {"unchanged"}
    assert {each["result"] for each in done(clinic, "unlock", "--all").values()} == {"open"}
    assert standing(clinic) == {P: "open", Q: "open"}


def test_a_client_switches_by_search_path_alone(clinic: Lab) -> None:
    """The query of a v0.5.0 client finds the same rows in the locked legacy database and in v0.6.0."""
    clinic.change(P, write(7.5).decode())
    done(clinic, "lock", P)
    assert clinic.migrate(P, believe="cancer_transcript_base")[P].result == "migrated"
    query = (
        b"select transcript_id, gene_symbol, chromosome, product_type, expression_fold_change "
        b'from cancer_transcript_base order by transcript_id collate "C"'
    )
    with (
        client(clinic, P) as legacy,
        psycopg.connect(clinic.where.target, options="-c search_path=patient_case_1,public") as current,
    ):
        rows = legacy.execute(query).fetchall()
        assert len(rows) == 600 and any(row[4] == 7.5 for row in rows)
        assert current.execute(query).fetchall() == rows


def test_strategy_clean_retires_the_core_table_first(clinic: Lab) -> None:
    """A busy table refuses the migration before any patient moves; then it is retired, and patients move."""
    core.upgrade(clinic.where.target)
    try:
        with clinic.session() as busy:
            busy.execute("begin; lock table public.cancer_transcript_base in access share mode")
            refused = clinic.call("migrate", P, "--strategy", "clean")
            assert "in use" in complaint(refused, 5)
            busy.execute("rollback")
        assert clinic.schemas() == []
        assert clinic.query("select command, exit_code from migration.run") == [("migrate", 5)]
        assert clinic.results("migrate", P, "--strategy", "clean")[P]["result"] == "migrated"
        assert clinic.query("select to_regclass('public.cancer_transcript_base')") == [(None,)]
        assert clinic.query("select run_id, event from migration.event where event = 'retired'") == [(2, "retired")]
        assert clinic.results("migrate", P, "--strategy", "clean")[P]["result"] == "unchanged"
        assert clinic.query("select count(*) from migration.run") == [(3,)]
    finally:
        retire(clinic.where.target, undo=True)
        clinic.execute("drop schema if exists legacy cascade")


def test_what_does_not_go_together(clinic: Lab) -> None:
    """Patients of a folder have no legacy database to lock; and somebody must say which patients."""
    assert "legacy databases" in complaint(clinic.call("migrate", "--all", "--csv", "/x", "--strategy", "parallel"), 2)
    assert "either ids or --all" in complaint(clinic.call("legacy", "lock"), 2)
    assert "No legacy database" in complaint(clinic.call("legacy", "lock", "NOBODY"), 2)
