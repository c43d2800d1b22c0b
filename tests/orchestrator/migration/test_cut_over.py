"""`mediabase legacy cut-over`: nobody may connect, nobody is in, and nothing changed since."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from access_helpers import OVERRIDE, READ, access, client, done, dsn, standing, write
from helpers import PREFIX, Lab, complaint, eventually, running_server, temporary_home
from other_server import OtherServer

from orchestrator.postgres.connection import connect

P, Q = "Case-1", "Case-2"
DATABASE = PREFIX + P
INTENT = "select cut_over_intended_at, former_connect from migration.legacy_access"
ODD = 'O\'Neil "50%"'
QUOTED = '"' + ODD.replace('"', '""') + '"'
ROLES = ("app", "ann", "keeper", QUOTED)


@pytest.fixture
def clinic(lab: Lab) -> Iterator[Lab]:
    """Return the laboratory with a patient that was moved, one that was not, and roles that read theirs."""
    for role in ROLES:
        lab.execute(f"create role {role} login", "postgres")
    for patient_id in (P, Q):
        lab.add_patient(patient_id, "grant select, update on all tables in schema public to app, keeper")
    try:
        assert lab.migrate(P)[P].result == "migrated"
        yield lab
    finally:
        for patient_id in (P, Q):
            lab.drop_patient(patient_id)
        for role in ROLES:
            lab.execute(f"drop role if exists {role}", "postgres")


def refuses(lab: Lab, user: str, patient_id: str = P) -> bool:
    """Tell whether a role cannot connect to a legacy database."""
    try:
        client(lab, patient_id, user).close()
    except psycopg.OperationalError as error:
        return "permission denied" in str(error)
    return False


PASSED_ON = f"""
    revoke connect on database "{DATABASE}" from public;
    grant connect on database "{DATABASE}" to app;
    grant connect, create on database "{DATABASE}" to ann with grant option;
    set role ann;
    grant connect on database "{DATABASE}" to {QUOTED};
    reset role
"""
RIGHTS = {
    "as it was made": "",
    "by name and passed on": PASSED_ON,
    "not the owner": f'revoke connect on database "{DATABASE}" from public, mediabase',
    "set otherwise, too": f'alter database "{DATABASE}" set default_transaction_read_only = off',
}


@pytest.mark.parametrize("rights", RIGHTS)
def test_cut_over_and_undone(clinic: Lab, rights: str) -> None:
    """No role but superusers can connect; commands go on working; the former rights come back, each exactly."""
    if RIGHTS[rights]:
        clinic.execute(RIGHTS[rights], "postgres")
    before = access(clinic, DATABASE)
    done(clinic, "lock", P)
    first = done(clinic, "cut-over", P)[P]
    assert (first["result"], first["is_changed"]) == ("cut over", True)
    assert first["message"] == "Still let in: mediabase."
    assert all(refuses(clinic, user) for user in ("app", "ann", "keeper", ODD))
    assert standing(clinic) == {P: "cut over"}
    assert "cut over 20" in clinic.call("status").stdout
    again = done(clinic, "cut-over", P)[P]
    assert again["result"] == "cut over" and not again["is_changed"] and "already" in again["message"]

    assert clinic.migrate(P)[P].result == "unchanged"
    assert [each["result"] for each in clinic.listing("parity", P)] == ["same"]
    assert clinic.call("validate", P).returncode == 0 and clinic.call("inventory", P).returncode == 0

    assert done(clinic, "unlock", P)[P]["is_changed"]
    assert access(clinic, DATABASE) == before
    assert not done(clinic, "unlock", P)[P]["is_changed"]
    assert access(clinic, DATABASE) == before
    assert standing(clinic) == {P: "open"}


def test_roles_that_are_gone_by_then(clinic: Lab) -> None:
    """A role that was dropped meanwhile is named, all others get their rights back."""
    clinic.execute(PASSED_ON, "postgres")
    assert done(clinic, "cut-over", P)[P]["result"] == "cut over"
    clinic.execute(f"drop role {QUOTED}", "postgres")
    opened = done(clinic, "unlock", "--all")[P]
    assert opened["result"] == "open" and "gone and cannot be let in: O'Neil" in opened["message"]
    assert not refuses(clinic, "app") and not refuses(clinic, "ann") and refuses(clinic, "keeper")


def test_open_sessions_are_named_and_ended_only_when_asked(clinic: Lab) -> None:
    """A refused cut-over changes nothing; --terminate ends those of this database, and no others."""
    before = access(clinic, DATABASE)
    with client(clinic, P) as inside, client(clinic, Q) as elsewhere, clinic.session(DATABASE) as admin:
        pids = (inside.info.backend_pid, admin.info.backend_pid)
        refused = done(clinic, "cut-over", P, code=1)[P]
        assert refused["result"] == "failed" and "--terminate" in refused["message"]
        assert all(f"process {pid}, since 20" in refused["message"] for pid in pids)
        assert "app from that machine, application LabApp" in refused["message"]
        assert access(clinic, DATABASE) == before and not refuses(clinic, "app")
        assert inside.execute(READ.encode()).fetchone() == (600,)
        assert clinic.query(INTENT) == [(None, None)]

        assert done(clinic, "cut-over", P, "--terminate")[P]["result"] == "cut over"
        for ended in (inside, admin):
            with pytest.raises(psycopg.OperationalError):
                ended.execute(READ.encode())
        assert elsewhere.execute(READ.encode()).fetchone() == (600,)
    assert refuses(clinic, "app") and not refuses(clinic, "app", Q)


def test_one_that_changed_is_refused_and_moved_again(clinic: Lab) -> None:
    """The digest is taken behind closed doors: a difference opens them again, and says what to do."""
    before = access(clinic, DATABASE)
    with client(clinic, P) as session:
        session.execute(write(3.25))
    refused = done(clinic, "cut-over", P, code=1)[P]
    assert "changed since it was moved: mediabase migrate Case-1, then again" in refused["message"]
    assert access(clinic, DATABASE) == before and not refuses(clinic, "app")
    assert clinic.migrate(P, believe="cancer_transcript_base")[P].result == "migrated"
    assert done(clinic, "cut-over", P)[P]["result"] == "cut over"

    clinic.change(P, f"{OVERRIDE}; {write(4.25).decode()}")  # a superuser
    late = done(clinic, "cut-over", P, code=1)[P]
    assert "changed since it was moved" in late["message"]
    assert refuses(clinic, "app"), "clients of one that was cut over are elsewhere"
    assert clinic.migrate(P)[P].result == "migrated"
    assert "already" in done(clinic, "cut-over", P)[P]["message"]


def test_only_patients_that_can_be_read_in_v060(clinic: Lab) -> None:
    """One that was never moved, or whose last attempt failed, keeps its clients; the others are cut over."""
    before = access(clinic, PREFIX + Q)
    found = done(clinic, "cut-over", P, Q, code=1)
    assert found[P]["result"] == "cut over"
    assert found[Q]["result"] == "failed" and "mediabase migrate Case-2" in found[Q]["message"]
    assert access(clinic, PREFIX + Q) == before
    clinic.execute("update migration.patient set is_valid = false")
    assert "validated" in done(clinic, "cut-over", P, code=1)[P]["message"]
    clinic.execute("update migration.patient set is_valid = true, legacy_system = '1'")
    assert "another legacy server" in done(clinic, "cut-over", P, code=1)[P]["message"]
    assert clinic.query("select event, count(*) from migration.event where event ~ 'legacy' group by 1 order by 1") == [
        ("legacy_access_failed", 3),
        ("legacy_cut_over", 1),
    ]


def test_before_anything_was_moved(lab: Lab) -> None:
    """Every patient is refused with what to do, or the target has no journal at all."""
    found = done(lab, "cut-over", "DEMO_HER2", code=1)
    assert "mediabase migrate DEMO_HER2" in found["DEMO_HER2"]["message"]
    with lab.session() as other:
        other.execute("select pg_advisory_lock(%s)", [0x6D656469616261])
        for arguments in (["lock"], ["unlock"], ["cut-over"]):
            assert "Another operator" in complaint(lab.call("legacy", *arguments, "--all"), 4)


def test_prepared_transactions_count_as_open(clinic: Lab) -> None:
    """Nobody ends them but the operator: whoever prepared one relies on it."""
    before = access(clinic, DATABASE)
    with client(clinic, P) as session:
        session.execute(b"begin")
        session.execute(write(9.5))
        session.execute(b"prepare transaction 'half way'")
    refused = done(clinic, "cut-over", P, "--terminate", code=1)[P]
    assert "'half way' of app, prepared 20" in refused["message"] and "ROLLBACK PREPARED" in refused["message"]
    assert access(clinic, DATABASE) == before
    clinic.execute("rollback prepared 'half way'", DATABASE)
    assert done(clinic, "cut-over", P)[P]["result"] == "cut over"


def test_an_owner_that_is_no_superuser(clinic: Lab) -> None:
    """It lets itself in, whatever its rights were; and ends sessions of others only if it may."""
    clinic.execute(
        f'alter database "{DATABASE}" owner to keeper; revoke connect on database "{DATABASE}" from public, keeper; '
        f'grant connect on database "{DATABASE}" to app, public',
        "postgres",
    )
    before = access(clinic, DATABASE)
    settings = {"MEDIABASE_LEGACY_DSN": dsn(clinic, "keeper")}
    with client(clinic, P) as inside:
        refused = done(clinic, "cut-over", P, "--terminate", code=1, **settings)[P]
        assert "role keeper may not end" in refused["message"]
        assert (
            f"app from an address not shown to us, application LabApp, process {inside.info.backend_pid}"
            in refused["message"]
        )
        assert inside.execute(READ.encode()).fetchone() == (600,)
        assert access(clinic, DATABASE) == before
        clinic.execute("grant pg_signal_backend to keeper", "postgres")
        closed = done(clinic, "cut-over", P, "--terminate", code=0, **settings)[P]
        assert closed["message"] == "Still let in: keeper, mediabase."
        with pytest.raises(psycopg.OperationalError):
            inside.execute(READ.encode())
    assert refuses(clinic, "app") and not refuses(clinic, "keeper")
    assert done(clinic, "unlock", P, **settings)[P]["is_changed"]
    assert access(clinic, DATABASE) == before


def test_without_rights(clinic: Lab) -> None:
    """A role that does not own the database is told so; so is an owner that cannot give back what others passed on."""
    before = access(clinic, DATABASE)
    failed = done(clinic, "cut-over", P, code=1, MEDIABASE_LEGACY_DSN=dsn(clinic, "app"))[P]
    assert "role app may not change" in failed["message"] and access(clinic, DATABASE) == before
    clinic.execute(PASSED_ON + f'; alter database "{DATABASE}" owner to keeper', "postgres")
    before = access(clinic, DATABASE)
    failed = done(clinic, "cut-over", P, code=1, MEDIABASE_LEGACY_DSN=dsn(clinic, "keeper"))[P]
    assert "permission denied to set role" in failed["message"]
    assert access(clinic, DATABASE) == before
    assert clinic.query(INTENT) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("again", ["cut-over", "unlock"])
def test_stopped_behind_closed_doors(clinic: Lab, number: signal.Signals, again: str) -> None:
    """After a crash the former rights are known; an interrupt puts them back by itself."""
    clinic.execute(PASSED_ON, "postgres")
    before = access(clinic, DATABASE)
    with clinic.session("postgres") as keeper:
        # What is held while a session connects; the command waits for it to be in before it looks who is there.
        keeper.execute(f"begin; comment on database \"{DATABASE}\" is 'x'".encode())
        with clinic.started("legacy", "cut-over", P) as process:
            eventually(lambda: refuses(clinic, "app"), "the doors are closed")
            assert standing(clinic) == {P: "cut-over unfinished"}
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
        keeper.execute("rollback")
    if number == signal.SIGINT:
        assert process.returncode == 130 and "interrupted" in err
        assert access(clinic, DATABASE) == before
        assert standing(clinic) == {P: "open"}
    else:
        assert refuses(clinic, "app")
    eventually(
        lambda: not clinic.query("select 1 from pg_locks where locktype = 'advisory'"), "the lock of the dead is free"
    )
    if again == "cut-over":
        assert done(clinic, "cut-over", P)[P]["result"] == "cut over"
        assert refuses(clinic, "app")
    assert done(clinic, "unlock", P)[P]["result"] == "open"
    assert access(clinic, DATABASE) == before


def test_on_another_server_of_another_version(debian: OtherServer) -> None:
    """Legacy databases on Debian's PostgreSQL 15, of an owner there, with the journal on this one."""
    mediabase = Path(sys.executable).with_name("mediabase")
    with temporary_home() as home, running_server(home) as where:
        settings = {**os.environ, **debian.environment, "MEDIABASE_DSN": where.target,
                    "MEDIABASE_LEGACY_DSN": "service=other_legacy"}  # fmt: skip

        def run(*arguments: str) -> str:
            ended = subprocess.run([mediabase, *arguments], env=settings, capture_output=True, text=True)
            assert ended.returncode == 0, (arguments, ended.stdout, ended.stderr)
            return ended.stdout

        run("sandbox", "up", "--replace", "--transcripts", "600")
        database = PREFIX + "DEMO_HER2"
        try:
            with connect(debian.dsn("postgres"), autocommit=True) as admin:
                before = admin.execute("select count(*) from pg_db_role_setting").fetchone()
                run("migrate", "DEMO_HER2", "--strategy", "parallel")
                with connect(debian.dsn(database), autocommit=True) as session:
                    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                        session.execute(write(2.5))
                    closed = json.loads(run("legacy", "cut-over", "DEMO_HER2", "--terminate", "--json"))
                    assert closed[0]["result"] == "cut over"
                    with pytest.raises(psycopg.OperationalError):
                        session.execute(b"select 1")
                right = "select has_database_privilege('pg_monitor', %s, 'connect')"
                assert admin.execute(right, [database]).fetchone() == (False,)
                run("parity", "DEMO_HER2")
                run("legacy", "unlock", "--all")
                assert admin.execute(right, [database]).fetchone() == (True,)
                assert admin.execute("select count(*) from pg_db_role_setting").fetchone() == before
        finally:
            run("sandbox", "down")
