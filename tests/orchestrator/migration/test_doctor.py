"""The doctor names every problem that is planted, finds nothing on a healthy server, and passes nothing that
migrate then stumbles over.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from helpers import PREFIX, Lab, running_server, temporary_home
from other_server import debian_server

from orchestrator import journal
from orchestrator import sandbox as sandboxes
from orchestrator.legacy.databases import OLDEST_LEGACY
from orchestrator.migration import core
from orchestrator.migration.disk import Need, check_needs
from orchestrator.migration.doctor import CHECKS, Request, examine
from orchestrator.migration.findings import Finding
from orchestrator.migration.outcome import Options
from orchestrator.migration.preflight import LEGACY, TARGET
from orchestrator.migration.server_checks import (
    check_locks,
    check_version,
    read_server_facts,
)
from orchestrator.postgres.connection import Servers, connect

ERBB2 = "ENST00000269571"
Changes = dict[str, Any]
Plant = Callable[[Lab], AbstractContextManager[Changes]]
"""Plants a problem; yields what `look` is to be called with, and takes the problem away."""


def look(lab: Lab, **changes: Any) -> list[Finding]:
    """Return what the doctor finds on this server; `changes` are other arguments than usual."""
    request = Request(
        patient_ids=changes.pop("patients", None),
        options=Options(on_bad_rows=changes.pop("on_bad_rows", "quarantine")),
        jobs=changes.pop("jobs", 1),
        home=lab.home,
        pg_bin=None,
        backups=lab.home / "backups",
        max_disk=None,
    )
    where = changes.pop("where", lab.where)
    return examine(where, replace(request, **changes), lambda _: None, lambda _: None)


def healthy(lab: Lab) -> list[str]:
    """Return the patients of the sandbox that are as they should be."""
    return [patient_id for patient_id in lab.patients() if patient_id != "DEMO_BAD_VALUES"]


def as_role(lab: Lab, role: str) -> Servers:
    """Return the same servers, for another role."""
    return Servers(*(dsn.replace("user=mediabase", f"user={role}") for dsn in (lab.where.target, lab.where.legacy)))


@contextmanager
def role(lab: Lab, *grants: str, legacy_grants: tuple[str, ...] = ()) -> Iterator[str]:
    """Make a role that may log in, grant it this in the core, and that in DEMO_HER2's legacy database."""
    lab.execute("create role clerk login", "postgres")
    for grant in grants:
        lab.execute(grant)
    for grant in legacy_grants:
        lab.execute(grant, PREFIX + "DEMO_HER2")
    try:
        yield "clerk"
    finally:
        for database in ("mbase", PREFIX + "DEMO_HER2", "postgres"):
            lab.execute("drop owned by clerk", database)
        lab.execute("drop role clerk", "postgres")


def patient(*statements: str, like: str = "DEMO_HER2", **changes: Any) -> Plant:
    """Return a plant: a patient whose legacy database was changed like this."""

    @contextmanager
    def plant(lab: Lab) -> Iterator[Changes]:
        lab.add_patient("PLANTED", *statements, like=like)
        yield {"patients": ["PLANTED"], **changes}

    return plant


def server(statement: str, undo: str, dbname: str = "mbase", **changes: Any) -> Plant:
    """Return a plant: a statement in a database, and how to undo it."""

    @contextmanager
    def plant(lab: Lab) -> Iterator[Changes]:
        lab.execute(statement, dbname)
        try:
            yield changes
        finally:
            lab.execute(undo, dbname)

    return plant


@contextmanager
def no_change(**changes: Any) -> Iterator[Changes]:
    """Yield arguments that are a problem by themselves."""
    yield changes


@contextmanager
def odd_databases(lab: Lab, *creations: str) -> Iterator[Changes]:
    """Make legacy databases as no copy of another can be made."""
    for creation in creations:
        lab.execute(f"create database {creation}", "postgres")
    yield {}


@contextmanager
def forbidden(lab: Lab, *, select: bool, row_security: bool = False) -> Iterator[Changes]:
    """Read as a role that may not read all."""
    with role(
        lab,
        "grant select on all tables in schema public to clerk",
        legacy_grants=("grant select on all tables in schema public to clerk",) if select else (),
    ):
        if row_security:
            lab.execute("alter table cancer_transcript_base enable row level security", PREFIX + "DEMO_HER2")
        try:
            where = Servers(lab.where.target, as_role(lab, "clerk").legacy)
            yield {"where": where, "patients": ["DEMO_HER2"]}
        finally:
            lab.execute("alter table cancer_transcript_base disable row level security", PREFIX + "DEMO_HER2")


@contextmanager
def no_connect(lab: Lab) -> Iterator[Changes]:
    """Read as a role that may not connect to a legacy database."""
    with role(lab, "grant select on all tables in schema public to clerk"):
        lab.execute(f'revoke connect on database "{PREFIX}DEMO_HER2" from public', "postgres")
        try:
            where = Servers(lab.where.target, as_role(lab, "clerk").legacy)
            yield {"where": where, "patients": ["DEMO_HER2"]}
        finally:
            lab.execute(f'grant connect on database "{PREFIX}DEMO_HER2" to public', "postgres")


@contextmanager
def target_role(lab: Lab, *grants: str) -> Iterator[Changes]:
    """Work in the target as a role that may read, and was granted this."""
    with role(lab, "grant select on all tables in schema public to clerk", *grants):
        yield {"where": Servers(as_role(lab, "clerk").target, lab.where.legacy), "patients": ["DEMO_HER2"]}


@contextmanager
def fresh_core(lab: Lab, plant: AbstractContextManager[Changes]) -> Iterator[Changes]:
    """Plant on a core that was never upgraded, so that nothing of the journal belongs to somebody else."""
    lab.forget_upgrade()
    with plant as changes:
        yield changes


@contextmanager
def of_others(lab: Lab, plant: AbstractContextManager[Changes]) -> Iterator[Changes]:
    """Plant on a core that another role upgraded."""
    core.upgrade(lab.where.target)
    with plant as changes:
        yield changes


@contextmanager
def open_session(lab: Lab) -> Iterator[Changes]:
    """Leave a session open in a legacy database."""
    with connect(lab.where.legacy, dbname=PREFIX + "DEMO_HER2", autocommit=True) as session:
        session.execute("set application_name = 'report'")
        yield {"patients": ["DEMO_HER2"]}


@contextmanager
def locked_table(lab: Lab) -> Iterator[Changes]:
    """Keep a legacy table locked."""
    with connect(lab.where.legacy, dbname=PREFIX + "DEMO_HER2") as session:
        session.execute("lock table transcripts in access exclusive mode")
        yield {"patients": ["DEMO_HER2"]}


@contextmanager
def operator(lab: Lab) -> Iterator[Changes]:
    """Hold the target's lock."""
    with journal.locked(lab.where.target):
        yield {}


@contextmanager
def moved(lab: Lab, *changes_in_target: str, legacy: tuple[str, ...] = ()) -> Iterator[Changes]:
    """Migrate a patient, then change it on either side."""
    lab.migrate("DEMO_HER2")
    lab.add_patient("UNUSED")
    for statement in changes_in_target:
        lab.execute(statement)
    for statement in legacy:
        lab.change("DEMO_HER2", statement)
    try:
        yield {"patients": ["DEMO_HER2"]}
    finally:
        if legacy:
            lab.drop_patient("DEMO_HER2")
            lab.add_patient("DEMO_HER2", like="UNUSED")


@contextmanager
def of_another_server(lab: Lab) -> Iterator[Changes]:
    """Migrate a patient whose legacy server is another one now, with other data."""
    lab.add_patient("PLANTED")
    lab.migrate("PLANTED")
    lab.change("PLANTED", SET_WIDE.format(9))
    lab.change("PLANTED", SET_NARROW.format(9))
    lab.execute("update migration.patient set legacy_system = '1'")
    yield {"patients": ["PLANTED"]}


@contextmanager
def moved_from_elsewhere(lab: Lab) -> Iterator[Changes]:
    """Migrate a patient whose legacy database is gone, and have another database of that name."""
    lab.migrate("DEMO_HER2")
    lab.execute("update migration.patient set source_database = 'mediabase_patient_former'")
    yield {"patients": ["DEMO_HER2"]}


@contextmanager
def cohort_of_others(lab: Lab) -> Iterator[Changes]:
    """Work as a role that has every right but on a schema that another role made."""
    with target_role(lab, *MAY_CREATE) as changes:
        lab.execute("create schema cohort")
        try:
            yield changes
        finally:
            lab.execute("drop schema cohort")


@contextmanager
def other_legacy_server(lab: Lab) -> Iterator[Changes]:
    """Look for legacy databases on a server that has none."""
    with temporary_home() as home, running_server(home) as empty:
        yield {"where": Servers(lab.where.target, empty.legacy)}


@contextmanager
def old_pg_dump(lab: Lab) -> Iterator[Changes]:
    """Prefer a pg_dump of another version than the server's."""
    program = lab.home / "old" / "pg_dump"
    program.parent.mkdir(exist_ok=True)
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    program.chmod(0o755)
    yield {"pg_bin": program.parent}


@contextmanager
def home_is_a_file(lab: Lab) -> Iterator[Changes]:
    """Name a data folder below a file."""
    (lab.home / "file").touch()
    yield {"home": lab.home / "file" / "home"}


@contextmanager
def prepared(lab: Lab) -> Iterator[Changes]:
    """Leave a prepared transaction in the core."""
    with lab.session() as session:
        session.execute("begin; lock table genes in access share mode; prepare transaction 'forgotten'")
        try:
            yield {}
        finally:
            session.execute("rollback prepared 'forgotten'")


@contextmanager
def on_a_standby(lab: Lab) -> Iterator[Changes]:
    """Work on a server in recovery; skip where Debian's PostgreSQL 15 is absent, which makes one here."""
    with debian_server() as primary:
        where = Servers(primary.dsn("mbase"), primary.dsn("postgres"))
        sandboxes.up(where, sandboxes.SandboxSpec(sandboxes.Generated(transcripts=200)))
        with primary.standby() as standby:
            yield {"where": Servers(standby.dsn("mbase"), lab.where.legacy), "patients": ["DEMO_HER2"]}


@contextmanager
def many_jobs(_lab: Lab) -> Iterator[Changes]:
    """Ask for more than the server has connections for."""
    yield {"jobs": 32}


SAY_ALL = ("target-rights", "core", "schema-taken")
"""Checks whose message says what to do, because others say it too."""

MAY_CREATE_SCHEMAS = "grant create on database mbase to clerk"
MAY_CREATE = (MAY_CREATE_SCHEMAS, "grant create on schema public to clerk")
READ_ONLY = "alter role mediabase set default_transaction_read_only = on"
WRITABLE = "set transaction read write; alter role mediabase reset default_transaction_read_only"
OUTDATED = "update pg_database set datcollversion = {} where datname = 'mbase'"
KEYLESS = "alter table cancer_transcript_base drop constraint cancer_transcript_base_pkey"
REPEATED = "insert into cancer_transcript_base select * from cancer_transcript_base limit 1"
OF_ERBB2 = f"where transcript_id = '{ERBB2}'"
SET_WIDE = f"update cancer_transcript_base set expression_fold_change = {{}} {OF_ERBB2}"
SET_NARROW = f"update transcripts set expression_fold_change = {{}} {OF_ERBB2}"
EMPTIED = "truncate cancer_transcript_base; truncate transcripts cascade"
NUMERIC = "alter table cancer_transcript_base alter expression_fold_change type numeric"
NEITHER = "drop table cancer_transcript_base, transcripts cascade"
EVENT_TRIGGER = """
    create function watch() returns event_trigger language plpgsql as 'begin end';
    create event trigger watch on ddl_command_start execute function watch()
"""
ODD_VERSIONS = "create table schema_versions (version varchar(10), applied_at timestamptz, author text not null)"
NO_VERSION = "alter table schema_version rename to odd"
HAS_VERSION = "alter table odd rename to schema_version"
TAKEN = "create schema patient_demo_her2 create table expression_data (transcript_id text)"
REPEAT_IN_CORE = """
    alter table transcripts drop constraint transcripts_pkey cascade;
    insert into transcripts select * from transcripts limit 1
"""
REPAIR_CORE = """
    delete from transcripts
    where ctid in (select max(ctid) from transcripts group by transcript_id having count(*) > 1);
    alter table transcripts add primary key (transcript_id)
"""
VIEW = "create view strong as select * from cancer_transcript_base where expression_fold_change > 4"
FUNCTION = "create function twice(float8) returns float8 language sql as 'select $1 * 2'"

PLANTS: list[tuple[str, str, Plant]] = [
    ("writable", "stop", server(READ_ONLY, WRITABLE, "postgres")),
    ("writable", "stop", on_a_standby),
    ("core", "stop", lambda lab: fresh_core(lab, server(NO_VERSION, HAS_VERSION)(lab))),
    ("core", "stop", server("alter table gene_pathways rename to odd", "alter table odd rename to gene_pathways")),
    ("core", "stop", lambda lab: fresh_core(lab, server(ODD_VERSIONS, "drop table schema_versions")(lab))),
    ("core-consistency", "warn", server(SET_NARROW.format(2), SET_NARROW.format(1))),
    ("core-consistency", "stop", server(REPEAT_IN_CORE, REPAIR_CORE)),
    ("target-rights", "stop", lambda lab: fresh_core(lab, target_role(lab))),
    ("target-rights", "stop", lambda lab: fresh_core(lab, target_role(lab, MAY_CREATE_SCHEMAS))),
    ("target-rights", "stop",
     lambda lab: fresh_core(lab, target_role(lab, *MAY_CREATE, "revoke select on transcripts from clerk"))),
    ("target-rights", "stop", lambda lab: of_others(lab, target_role(lab, *MAY_CREATE))),
    ("target-rights", "stop", lambda lab: fresh_core(lab, cohort_of_others(lab))),
    ("reader-roles", "warn", lambda lab: fresh_core(lab, target_role(lab, *MAY_CREATE))),
    ("operator", "stop", operator),
    ("schema-taken", "stop", server("create schema patient_demo_her2 create view metadata as select 1 as one",
                                    "drop schema patient_demo_her2 cascade")),
    ("schema-taken", "stop", moved_from_elsewhere),
    ("schema-taken", "stop", server(TAKEN, "drop schema patient_demo_her2 cascade")),
    ("legacy-table", "warn", moved),
    ("event-triggers", "warn", server(EVENT_TRIGGER, "drop event trigger watch; drop function watch()")),
    ("collation-version", "warn", server(OUTDATED.format("'2.1'"), OUTDATED.format("null"))),
    ("connections", "stop", many_jobs),
    ("replication-slots", "warn", server("select pg_create_physical_replication_slot('idle', true)",
                                         "select pg_drop_replication_slot('idle')")),
    ("prepared-transactions", "warn", prepared),
    ("pg_dump", "warn", old_pg_dump),
    ("disk", "stop", lambda _: no_change(max_disk=1000)),
    ("home", "stop", home_is_a_file),
    ("legacy-databases", "stop", other_legacy_server),
    ("patient-id", "stop", lambda lab: odd_databases(lab, f'"{PREFIX}P 1"')),
    ("id-collision", "stop", lambda lab: odd_databases(lab, f'"{PREFIX}p-1"', f'"{PREFIX}P.1"')),
    ("connect", "stop", patient(f"update pg_database set datallowconn = false where datname = '{PREFIX}PLANTED'")),
    ("connect", "stop", no_connect),
    ("legacy-rights", "stop", lambda lab: forbidden(lab, select=False)),
    ("legacy-rights", "stop", lambda lab: forbidden(lab, select=True, row_security=True)),
    ("legacy-tables", "stop", patient(NEITHER)),
    ("legacy-tables", "stop", patient(NUMERIC)),
    ("legacy-tables", "stop", patient(EMPTIED)),
    ("repeated-ids", "stop", patient(KEYLESS, REPEATED)),
    ("surfaces-disagree", "stop", patient(SET_NARROW.format(7))),
    ("primary-key", "warn", patient(KEYLESS)),
    ("transcripts", "warn", patient(f"delete from cancer_transcript_base {OF_ERBB2}",
                                    f"delete from transcripts {OF_ERBB2}")),
    ("transcripts", "warn", patient(f"update cancer_transcript_base set transcript_id = 'ENST1' {OF_ERBB2}",
                                    "update transcripts set expression_fold_change = 1")),
    ("symbols", "warn", patient("update genes set gene_symbol = 'HER2' where gene_symbol = 'ERBB2'")),
    ("bad-rows", "warn", patient(like="DEMO_BAD_VALUES")),
    ("bad-rows", "stop", patient(like="DEMO_BAD_VALUES", on_bad_rows="fail")),
    ("custom-objects", "warn", patient(VIEW)),
    ("custom-objects", "warn", patient(FUNCTION)),
    ("custom-objects", "warn", patient("alter table cancer_transcript_base add note text")),
    ("encoding", "warn", lambda lab: odd_databases(lab, f'"{PREFIX}L" encoding latin1 locale "C" template template0')),
    ("collation", "warn", lambda lab: odd_databases(lab, f'"{PREFIX}C" locale "C" template template0')),
    ("sessions", "warn", open_session),
    ("sessions", "stop", locked_table),
    ("moved-before", "stop", of_another_server),
    ("moved-before", "stop",
     lambda lab: moved(lab, "update patient_demo_her2.expression_data set expression_fold_change = 3",
                       legacy=(SET_WIDE.format(9), SET_NARROW.format(9)))),
]  # fmt: skip

CANNOT_BE_MADE = {"server-version", "locks"}
"""Servers older than PostgreSQL 12 and thousands of patients: tested with the facts of a real server, changed."""


@pytest.mark.parametrize(
    ("check", "severity", "plant"), PLANTS, ids=[f"{name}-{i}" for i, (name, *_) in enumerate(PLANTS)]
)
def test_a_planted_problem_is_named(lab: Lab, check: str, severity: str, plant: Plant) -> None:
    """With its severity, whom it concerns, and what to do."""
    with plant(lab) as changes:
        found = [finding for finding in look(lab, **changes) if finding.check == check and finding.severity != "ok"]
    assert severity in {finding.severity for finding in found}
    for finding in found:
        assert finding.subject and finding.message.endswith(".") and (finding.remedy or check in SAY_ALL)


NOT_OF_MIGRATE = {"connections", "sessions", "disk", "encoding", "collation", "home", "pg_dump"}
"""Checks of more than a migration of these patients, or planted by an argument that only the doctor has."""


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("check", "severity", "plant"),
    [each for each in PLANTS if each[0] not in NOT_OF_MIGRATE],
    ids=[check for check, *_ in PLANTS if check not in NOT_OF_MIGRATE],
)
def test_migrate_works_where_the_doctor_only_warns(lab: Lab, check: str, severity: str, plant: Plant) -> None:
    """And ends without success where it says stop, always in a sentence."""
    with plant(lab) as changes:
        where = changes.get("where", lab.where)
        policy = ["--on-bad-rows", changes.get("on_bad_rows", "quarantine")]
        servers = {"MEDIABASE_DSN": where.target, "MEDIABASE_LEGACY_DSN": where.legacy}
        done = lab.call("migrate", *changes.get("patients", ["--all"]), *policy, **servers)
    assert "Traceback" not in done.stderr
    if severity == "warn":
        assert done.returncode in (0, 3), done.stderr + done.stdout
    elif check != "core-consistency":  # the doctor's own knowledge: such a core is wrong with and without patients
        assert done.returncode not in (0, 3)


def test_every_check_is_tested() -> None:
    """At least twenty, and none that nobody planted."""
    assert {check for check, *_ in PLANTS} | CANNOT_BE_MADE == set(CHECKS)


def test_a_healthy_server_gets_no_stop_and_no_warning(lab: Lab) -> None:
    """Before anything was upgraded, on an upgraded core, and after a migration whose legacy table was retired."""
    lab.forget_upgrade()
    assert {finding.severity for finding in look(lab, patients=healthy(lab))} == {"ok"}
    lab.migrate(*healthy(lab))
    lab.execute("create schema legacy; alter table cancer_transcript_base set schema legacy")
    try:
        assert {finding.severity for finding in look(lab, patients=healthy(lab))} == {"ok"}
    finally:
        lab.execute("alter table legacy.cancer_transcript_base set schema public; drop schema legacy")


def test_the_doctor_stops_those_that_migrate_cannot_move(lab: Lab) -> None:
    """Patient by patient, no more and no fewer; and it writes nothing."""
    made = {
        "NUMERIC": (NUMERIC,),
        "EMPTY": (EMPTIED,),
        "LOST": ("truncate cancer_transcript_base",),
        "NARROW": ("drop table cancer_transcript_base cascade",),
        "NEITHER": (NEITHER,),
        "DISAGREE": (SET_NARROW.format(7),),
        "TWICE": (KEYLESS, REPEATED),
        "KEYLESS": (KEYLESS,),
        "NARROW_TWICE": (REPEAT_IN_CORE,),
        "NULL_ID": (
            KEYLESS,
            "alter table cancer_transcript_base alter transcript_id drop not null",
            f"update cancer_transcript_base set transcript_id = null {OF_ERBB2}",
        ),
        "ROW_SECURITY": ("alter table cancer_transcript_base enable row level security",),
        "REAL": ("alter table cancer_transcript_base alter expression_fold_change type real",),
        "NO_COLUMN": ("alter table cancer_transcript_base drop expression_fold_change",),
        "VIEW": ("alter table cancer_transcript_base rename to odd; create view cancer_transcript_base as table odd",),
    }
    for patient_id, statements in made.items():
        lab.add_patient(patient_id, *statements)
    before = lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text")
    stopped = {finding.subject.removeprefix(PREFIX) for finding in look(lab) if finding.severity == "stop"}
    assert lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text") == before
    outcomes = lab.migrate(*lab.patients())
    assert stopped == {patient_id for patient_id, outcome in outcomes.items() if outcome.result == "failed"}
    assert stopped >= {"NUMERIC", "EMPTY", "NEITHER", "DISAGREE", "TWICE", "NULL_ID"}


def test_several_databases_at_a_time(lab: Lab) -> None:
    """Moved patients whose ids are not the core's, in four threads: the same as one after the other."""
    patients = [lab.add_patient(f"MOVED_{number}", like="DEMO_BAD_VALUES") for number in range(8)]
    lab.migrate(*patients)
    assert findings_but_disk(lab, 4) == findings_but_disk(lab, 1)


def findings_but_disk(lab: Lab, jobs: int) -> list[Finding]:
    """Return what the doctor finds, but how much of the disk is free, which others change meanwhile."""
    return [found for found in look(lab, jobs=jobs) if found.check != "disk"]


def test_what_cannot_be_made_here(lab: Lab) -> None:
    """Old servers, thousands of patients, a full disk: real facts, changed in one point."""
    with lab.session() as session:
        facts = read_server_facts(session)
    (found,) = check_version(LEGACY, 110022, OLDEST_LEGACY)
    assert (found.check, found.severity) == ("server-version", "stop") and "PostgreSQL 11" in found.message
    assert not check_locks(TARGET, facts, 1000)
    (found,) = check_locks(TARGET, facts, 10_000)
    assert (found.check, found.severity) == ("locks", "warn")
    enough = int(found.remedy.split("max_locks_per_transaction to ")[1].split()[0])
    assert not check_locks(TARGET, replace(facts, locks_per_transaction=enough), 10_000)
    assert check_locks(TARGET, replace(facts, locks_per_transaction=enough - 1), 10_000)
    needs = [Need("target", 10**9, lab.home, "stop"), Need("backups", 10**15, lab.home / "a" / "b", "warn")]
    assert [finding.severity for finding in check_needs(needs)] == ["ok", "warn"]
    full = [Need("target", 10**15, lab.home, "stop"), Need("backups", 1, lab.home, "warn")]
    assert [finding.severity for finding in check_needs(full)] == ["stop", "warn"]


def test_the_command(lab: Lab) -> None:
    """Exit code, table and JSON; migrate runs the cheap checks itself."""
    done = lab.call("doctor", *healthy(lab))
    assert done.returncode == 0, done.stderr
    for check in CHECKS:
        assert check in done.stdout
    lab.add_patient("DISAGREE", SET_NARROW.format(7))
    done = lab.call("doctor", "--json")
    assert done.returncode == 5
    found = json.loads(done.stdout)["findings"]
    (stop,) = (finding for finding in found if finding["severity"] == "stop")
    assert stop["subject"] == PREFIX + "DISAGREE" and "--surface" in stop["message"]
    lab.execute(READ_ONLY, "postgres")
    try:
        refused = lab.call("migrate", "DEMO_HER2")
        assert refused.returncode == 5 and "default_transaction_read_only" in refused.stderr
    finally:
        lab.execute(WRITABLE, "postgres")
    assert lab.schemas() == []


def test_bad_arguments(lab: Lab) -> None:
    """One sentence each."""
    assert "--max-disk" in lab.call("doctor", "--max-disk", "much").stderr
    assert lab.call("doctor", "NOBODY").returncode == 2
