"""`mediabase core retire-legacy-table`: the table goes out of the way, and comes back."""

import json
import time
from collections.abc import Iterator

import psycopg
import pytest
from helpers import Lab, complaint, eventually, running_server, temporary_home

from orchestrator import journal
from orchestrator import sandbox as sandboxes
from orchestrator.migration import core
from orchestrator.migration.retire import retire
from orchestrator.sandbox.lifecycle import SandboxSpec

TABLE = "cancer_transcript_base"
RETIRE = ("core", "retire-legacy-table")
UNDO = (*RETIRE, "--undo")


@pytest.fixture
def upgraded(lab: Lab) -> Iterator[Lab]:
    """Return the laboratory with its core upgraded; whatever a test did, the table is back afterwards."""
    core.upgrade(lab.where.target)
    try:
        yield lab
    finally:
        retire(lab.where.target, undo=True)
        lab.execute("drop schema if exists legacy cascade")


def place(lab: Lab) -> list[tuple[object, ...]]:
    """Return where the table is, which one it is, and in which file its rows are."""
    return lab.query(
        "select relnamespace::regnamespace::text, oid, relfilenode from pg_class "
        f"where relname = '{TABLE}' and relkind = 'r'"
    )


def written(lab: Lab) -> list[tuple[object, ...]]:
    """Return what a refused command must not change."""
    return [*place(lab), *lab.query("select count(*), to_regnamespace('legacy')::text from migration.run")]


def test_the_table_goes_and_comes_back(upgraded: Lab) -> None:
    """Migrated patients read on, an unmigrated query fails loudly, and migrating goes on."""
    lab = upgraded
    lab.migrate("DEMO_HER2")
    query = f"set search_path = patient_demo_her2, public; select * from {TABLE} order by transcript_id"
    ((_, oid, file),) = place(lab)
    core_rows = lab.query(f"select md5(string_agg(t::text, '' order by transcript_id)) from {TABLE} as t")
    with lab.session() as connection:
        connection.execute(b"set search_path = patient_demo_her2, public")
        wanted = connection.execute(f"select * from {TABLE} order by transcript_id".encode()).fetchall()
        done = lab.call(*RETIRE, "--json")
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["is_moved"] is True and said["schema"] == "legacy"
        assert said["before"] == said["after"] == {"oid": oid, "kind": "r", "file": file}
        assert place(lab) == [("legacy", oid, file)]
        # In the session that was open, and in a new one.
        assert connection.execute(f"select * from {TABLE} order by transcript_id".encode()).fetchall() == wanted
    with lab.session() as connection:
        connection.execute(query.partition(";")[0].encode())
        assert connection.execute(query.partition(";")[2].encode()).fetchall() == wanted
    assert any(row != 1.0 for (row,) in lab.query(f"select expression_fold_change from patient_demo_her2.{TABLE}"))
    for unmigrated in (f"select * from public.{TABLE}", f"select expression_fold_change from {TABLE}"):
        with pytest.raises(psycopg.errors.UndefinedTable):
            lab.query(unmigrated)

    again = lab.call(*RETIRE)
    assert again.returncode == 0 and "already" in again.stdout
    assert lab.migrate("DEMO_TNBC", "DEMO_BAD_VALUES")["DEMO_TNBC"].result == "migrated"
    lab.verify("DEMO_HER2", "DEMO_TNBC", "DEMO_BAD_VALUES")
    assert lab.call("status").returncode == 0 and lab.call("core", "check").returncode == 0

    back = lab.call(*UNDO)
    assert back.returncode == 0 and "public" in back.stdout and "already" not in back.stdout
    assert place(lab) == [("public", oid, file)]
    assert lab.query(f"select md5(string_agg(t::text, '' order by transcript_id)) from {TABLE} as t") == core_rows
    assert "already" in lab.call(*UNDO).stdout
    assert lab.query(
        "select command, options ->> 'undo', exit_code, finished_at is not null, event, detail ->> 'oid' "
        "from migration.run inner join migration.event using (run_id) where command ~ 'retire' order by run_id"
    ) == [
        ("core retire-legacy-table", "false", 0, True, "retired", str(oid)),
        ("core retire-legacy-table", "true", 0, True, "restored", str(oid)),
    ]


def test_nobody_is_given_rights(upgraded: Lab) -> None:
    """A role that read the table cannot reach it any more, and can again after --undo."""
    upgraded.execute("drop role if exists onlooker; create role onlooker login in role reader_core", "postgres")
    session = psycopg.connect(upgraded.where.target.replace("user=mediabase", "user=onlooker"), autocommit=True)
    try:
        session.execute(f"select 1 from public.{TABLE}".encode())
        assert upgraded.call(*RETIRE).returncode == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(f"select 1 from legacy.{TABLE}".encode())
        assert upgraded.query("select nspacl::text from pg_namespace where nspname = 'legacy'") == [(None,)]
        assert upgraded.call(*UNDO).returncode == 0
        session.execute(f"select 1 from public.{TABLE}".encode())
    finally:
        session.close()
        upgraded.execute("drop role onlooker", "postgres")


REFUSALS = {
    "both are there": (
        f"create schema legacy; create table legacy.{TABLE} (a int)", "drop schema legacy cascade", "exists too", RETIRE
    ),
    "the name of an index is taken": (
        "create schema legacy; create table legacy.idx_gene_symbol (a int)", "drop schema legacy cascade",
        "idx_gene_symbol", RETIRE,
    ),
    "the name of its type is taken": (
        f"create schema legacy; create type legacy.{TABLE} as enum ()", "drop schema legacy cascade", TABLE, RETIRE
    ),
    "no such table": (
        f"alter table {TABLE} rename to elsewhere", f"alter table elsewhere rename to {TABLE}", "no table", RETIRE
    ),
    "a view": (
        f"alter table {TABLE} rename to elsewhere; create view {TABLE} as select * from elsewhere",
        f"drop view {TABLE}; alter table elsewhere rename to {TABLE}", "not a plain table", RETIRE,
    ),
    "undo, and the name is taken": (
        f"create schema legacy; alter table {TABLE} set schema legacy; create view {TABLE} as select 1 as a",
        f"drop view {TABLE}; alter table legacy.{TABLE} set schema public; drop schema legacy", "exists too", UNDO,
    ),
    "undo, and there is none": (
        f"alter table {TABLE} rename to elsewhere", f"alter table elsewhere rename to {TABLE}", "no table", UNDO
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_refused(upgraded: Lab, case: str) -> None:
    """Exit code 5, one sentence, nothing written."""
    planted, removed, says, command = REFUSALS[case]
    upgraded.execute(planted)
    try:
        before = written(upgraded)
        assert says in complaint(upgraded.call(*command), 5)
        assert written(upgraded) == before
    finally:
        upgraded.execute(removed)


def test_a_core_that_was_not_upgraded_is_refused(lab: Lab) -> None:
    """Without a journal nothing is moved."""
    core.upgrade(lab.where.target)
    lab.execute("drop schema migration cascade")
    before = place(lab)
    try:
        assert "core upgrade" in complaint(lab.call(*RETIRE), 5)
        assert place(lab) == before
    finally:
        core.upgrade(lab.where.target)


@pytest.mark.parametrize(
    "rights",
    [
        "",
        "grant usage on schema migration to clerk;"
        "grant select, insert, update on all tables in schema migration to clerk;"
        "grant usage on all sequences in schema migration to clerk; grant create on database mbase to clerk",
    ],
)
def test_a_role_that_does_not_own_the_table_is_refused(upgraded: Lab, rights: str) -> None:
    """With and without rights to all the rest."""
    upgraded.execute("drop role if exists clerk; create role clerk login", "postgres")
    upgraded.execute("grant select on all tables in schema public to clerk;" + rights)
    try:
        before = written(upgraded)
        clerk = upgraded.where.target.replace("user=mediabase", "user=clerk")
        said = complaint(upgraded.call(*RETIRE, MEDIABASE_DSN=clerk), 5)
        assert "clerk" in said and "own the table" in said
        assert written(upgraded) == before
    finally:
        upgraded.execute("drop owned by clerk")
        upgraded.execute("drop role clerk", "postgres")


def test_a_busy_table_is_not_waited_for(upgraded: Lab) -> None:
    """Seconds, then who keeps it busy since when; readers go on, and afterwards it works."""
    before = written(upgraded)
    with psycopg.connect(upgraded.where.target, application_name="ward round") as reader:
        reader.execute(f"select 1 from {TABLE} limit 1".encode())
        pid = reader.info.backend_pid
        begun = time.monotonic()
        said = complaint(upgraded.call(*RETIRE), 5)
        assert time.monotonic() - begun < 10
        assert f"process {pid}" in said and "user mediabase" in said and "ward round" in said and "since 2" in said
        assert written(upgraded) == before
        upgraded.query(f"select 1 from {TABLE} limit 1")  # nobody waits behind it
    assert upgraded.call(*RETIRE).returncode == 0


def test_another_operator_is_waited_for_by_nobody(upgraded: Lab) -> None:
    """Exit code 4, nothing written."""
    before = written(upgraded)
    with journal.locked(upgraded.where.target):
        assert "Another operator" in complaint(upgraded.call(*RETIRE), 4)
    assert written(upgraded) == before


def test_killed_before_the_move_it_starts_afresh(upgraded: Lab) -> None:
    """Journal and table are one transaction."""
    before = written(upgraded)
    with upgraded.gate("ALTER TABLE", "set schema") as gate, upgraded.started(*RETIRE) as process:
        server_process = gate.reached(process)
        process.kill()
        gate.open()
        alive = f"select 1 from pg_stat_activity where pid = {server_process}"
        eventually(lambda: not upgraded.query(alive), "the server noticed")
        # It may have committed what it was told before it noticed: then both are done, otherwise neither.
        moved = place(upgraded)[0][0] == "legacy"
        assert upgraded.query("select count(*) from migration.run where command ~ 'retire'") == [(int(moved),)]
        assert moved or written(upgraded) == before
    assert upgraded.call(*RETIRE).returncode == 0
    assert place(upgraded)[0][0] == "legacy"


def test_what_depends_on_the_table_is_listed(upgraded: Lab) -> None:
    """Views and parsed functions read on at baseline, functions by name fail, foreign keys stay; all are named."""
    upgraded.execute(
        f"""
        create schema reports;
        create view reports.high as select * from {TABLE} where expression_fold_change > 2;
        create view public.low as select * from {TABLE} where expression_fold_change < 0.5;
        create materialized view reports.counted as select count(*) from {TABLE};
        create function reports.by_name() returns bigint language sql as 'select count(*) from public.{TABLE}';
        create function reports.parsed() returns bigint language sql begin atomic select count(*) from {TABLE}; end;
        create function reports.unrelated() returns text language sql as 'select ''x{TABLE}''';
        create table reports.notes (id int primary key, transcript_id text references {TABLE});
        """
    )
    try:
        said = json.loads(upgraded.call(*RETIRE, "--json").stdout)["dependents"]
        assert [each["subject"] for each in said] == [
            "bound function reports.parsed()",
            "foreign key notes_transcript_id_fkey of reports.notes",
            "function reports.by_name()",
            "view public.low",
            "view reports.counted",
            "view reports.high",
        ]
        assert {each["severity"] for each in said} == {"warn"} and all(each["remedy"] for each in said)
        assert upgraded.query("select count(*) from reports.high") == [(0,)]
        assert upgraded.query("select reports.parsed()") == [(600,)]
        with pytest.raises(psycopg.errors.UndefinedTable):
            upgraded.query("select reports.by_name()")
        assert "reports.high" in upgraded.call(*RETIRE).stdout
        assert json.loads(upgraded.call(*UNDO, "--json").stdout)["dependents"] == []
    finally:
        upgraded.execute("drop view public.low; drop schema reports cascade")


def test_a_sandbox_with_a_retired_table_is_replaced_and_removed() -> None:
    """`sandbox up --replace` and `sandbox down` do not look for it."""
    with temporary_home() as home, running_server(home) as where:
        spec = SandboxSpec(sandboxes.Generated(transcripts=600), replace=True)
        sandboxes.up(where, spec)
        core.upgrade(where.target)
        assert retire(where.target).is_moved
        assert sandboxes.up(where, spec)[0].rows == 600
        core.upgrade(where.target)
        assert retire(where.target).is_moved
        assert "mbase" in sandboxes.down(where).databases
