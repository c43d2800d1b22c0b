"""Wrong settings, rights, ids and files: one sentence, the right exit code, nothing written."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import PREFIX, Finished, Lab, complaint, inline, temporary_home
from psycopg import sql

from orchestrator import journal

HOSTILE = 'x"; drop schema public cascade; --'
HOSTILE_IDS = [
    HOSTILE, "x'; drop schema public cascade; "
             "--", "100%", "%s", "y" * 46, "Ünïcode", "../x", "a b", "a\nb", ".x",
    "_x", "$mediabase$", "{{ 1 }}", "x\\",
]  # fmt: skip


@pytest.mark.parametrize("dsn", ["host=/nonexistent", "host=127.0.0.1 port=1 password=secret-word", "service=nowhere"])
def test_a_server_that_is_not_there(dsn: str) -> None:
    """Exit code 2; what to check; never a password."""
    for command in (
        ["migrate", "--all"],
        ["status"],
        ["core", "upgrade"],
        ["dbt", "parse"],
        ["migrate", "x", "--dry-run"],
    ):
        said = complaint(inline(*command, MEDIABASE_DSN=dsn), 2)
        assert "Cannot connect" in said and "MEDIABASE_DSN" in said and "secret-word" not in said


@pytest.mark.parametrize(
    "dsn", ["clerk:secret-word@db.example.org/mbase", "host=x password=secret-word and more",
            "postgresql://clerk:secret-word@host:port/mbase", "postgresql://clerk:secret-word@[host/mbase"]
)  # fmt: skip
def test_a_malformed_connection_string_is_not_repeated(dsn: str) -> None:
    """libpq quotes what it cannot read, and that may be the password."""
    done = inline("status", MEDIABASE_DSN=dsn)
    complaint(done, 2)
    assert "secret-word" not in done.stderr + done.stdout


def test_patients_must_be_named_one_way(lab: Lab) -> None:
    """Neither or both of ids and --all; an unknown one; an unknown option."""
    assert "either ids or --all" in complaint(lab.call("migrate"), 2)
    assert "either ids or --all" in complaint(lab.call("export", "X", "--all"), 2)
    assert "NOBODY" in complaint(lab.call("migrate", "DEMO_HER2", "NOBODY"), 2)
    assert "demo_her2" in complaint(lab.call("migrate", "demo_her2", "--dry-run"), 2)
    for arguments in (
        ["--jobs", "0"],
        ["--jobs", "many"],
        ["--on-bad-rows", "drop"],
        ["--surface", "x"],
        ["-x"],
    ):
        done = lab.call("migrate", "--all", *arguments)
        assert done.returncode == 2 and "Traceback" not in done.stderr, arguments
    assert lab.schemas() == []


def test_status_before_anything_was_migrated(lab: Lab) -> None:
    """Refused, and said why."""
    lab.forget_upgrade()
    assert "no journal yet" in complaint(lab.call("status"), 5)
    assert lab.call("core", "upgrade").returncode == 0


@pytest.fixture
def clerk(lab: Lab) -> Iterator[str]:
    """Return the DSN of a role that may connect and read, and nothing else."""
    lab.execute("drop role if exists clerk; create role clerk login", "postgres")
    lab.execute("grant select on all tables in schema public to clerk")
    yield lab.where.target.replace("user=mediabase", "user=clerk")
    lab.execute("drop owned by clerk")
    lab.execute("drop role clerk", "postgres")


@pytest.mark.parametrize("command", [["migrate", "--all"], ["export", "--all"], ["core", "upgrade"]])
def test_a_role_without_rights_is_refused(lab: Lab, clerk: str, command: list[str]) -> None:
    """Exit code 5 and the missing right, also on a core that was not upgraded."""
    lab.forget_upgrade()
    said = complaint(lab.call(*command, MEDIABASE_DSN=clerk), 5)
    assert "clerk" in said and "CREATE" in said
    assert lab.query("select to_regnamespace('staging'), to_regclass('public.schema_versions')") == [(None, None)]
    assert lab.call("core", "upgrade").returncode == 0
    lab.execute("grant select on public.schema_versions to clerk")
    said = complaint(lab.call(*command, MEDIABASE_DSN=clerk), 5)
    assert "clerk" in said


def test_a_role_without_any_right_gets_one_sentence(lab: Lab) -> None:
    """It may not even see the version: still a refusal."""
    lab.execute("drop role if exists stranger; create role stranger login", "postgres")
    try:
        said = complaint(
            lab.call("migrate", "--all", MEDIABASE_DSN=lab.where.target.replace("user=mediabase", "user=stranger")),
            5,
        )
        assert "stranger" in said
    finally:
        lab.execute("drop role stranger", "postgres")


def test_a_second_operator_is_told_who_works_and_since_when(lab: Lab) -> None:
    """Exit code 4, nothing done; reading goes on."""
    assert lab.call("core", "upgrade").returncode == 0
    with journal.locked(lab.where.target) as holder:
        ((pid, since),) = holder.execute(
            "select pid, to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS') from pg_stat_activity "
            "where pid = pg_backend_pid()"
        ).fetchall()
        for command in (["migrate", "--all"], ["export", "DEMO_HER2"]):
            said = complaint(lab.call(*command), 4)
            assert f"mediabase from this machine, process {pid}, since {since}" in said
        assert lab.query("select count(*) from migration.run") == [(0,)]
        assert lab.call("migrate", "DEMO_HER2", "--dry-run").returncode == 0
        assert str(pid) in lab.run("status", "--json").stdout
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "migrated"


def test_a_home_that_cannot_be_used(tmp_path: Path) -> None:
    """A file in the way, a folder that cannot be made, a path too long for a socket."""
    (tmp_path / "file").write_text("")
    for home in (
        tmp_path / "file",
        tmp_path / "file" / "below",
        Path("/proc/nowhere"),
        tmp_path / ("long" * 30),
    ):
        assert "MEDIABASE_HOME" in complaint(inline("status", MEDIABASE_HOME=str(home)), 2)


def test_a_home_that_is_unusual_works() -> None:
    """A blank or a quote in its path, and a path relative to where the command runs."""
    with temporary_home() as parent:
        for home in ("with blank", "with'quote"):
            done = inline("status", MEDIABASE_HOME=str(parent / home))
            assert 'database "mbase" does not exist' in complaint(done, 2), home
            assert (parent / home / "data").is_dir()
        done = inline("status", MEDIABASE_HOME=os.path.relpath(parent / "relative"))
        assert 'database "mbase" does not exist' in complaint(done, 2)
        assert (parent / "relative" / "data").is_dir()


# ---- hostile ids ----


def unharmed(lab: Lab) -> None:
    """The core and the server are as they were."""
    assert lab.query("select count(*) from public.transcripts") == [(600,)]
    assert lab.schemas() == []


def test_hostile_ids_on_the_command_line(lab: Lab) -> None:
    """Each is refused as unknown; nothing of it is executed."""
    for hostile in HOSTILE_IDS:
        done = lab.call("migrate", "--", hostile)
        assert done.returncode == 2 and "Traceback" not in done.stderr, hostile
    for command in ("export", "migrate"):
        assert lab.call(command, "-x").returncode == 2
    unharmed(lab)


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_hostile_names_of_legacy_databases(lab: Lab, hostile: str) -> None:
    """--all is refused and names them; other patients can be named and are moved."""
    name = PREFIX + hostile
    if len(name.encode()) > 63:
        name = name[:61] + "é"  # as PostgreSQL cuts a name
    with lab.session("postgres") as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        try:
            said = complaint(lab.call("migrate", "--all"), 5)
            assert repr(name) in said
            assert lab.call("migrate", "--", hostile).returncode == 2
            unharmed(lab)
            assert lab.plan("DEMO_HER2")["DEMO_HER2"].result == "migrated"
        finally:
            admin.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))


def test_ids_that_fold_to_one_schema_are_refused_with_both_names(lab: Lab) -> None:
    """Also when only one of them is asked for; others are not kept from moving."""
    lab.add_patient("A-1")
    lab.add_patient("a.1")
    for command in (
        ["migrate", "--all"],
        ["migrate", "A-1"],
        ["migrate", "a.1", "--dry-run"],
        ["export", "a.1"],
    ):
        said = complaint(lab.call(*command), 5)
        assert "A-1" in said and "a.1" in said
    unharmed(lab)
    assert lab.call("migrate", "DEMO_HER2", "--dry-run").returncode == 0


def test_an_id_that_folds_to_the_schema_of_a_moved_patient_is_refused(lab: Lab) -> None:
    """The other legacy database is gone, its schema is not."""
    lab.add_patient("A-1")
    lab.migrate("A-1")
    lab.drop_patient("A-1")
    lab.add_patient("a.1")
    before = lab.query("select t::text from patient_a_1.expression_data as t order by 1")
    for dry in ([], ["--dry-run"]):
        said = complaint(lab.call("migrate", "a.1", *dry), 5)
        assert "A-1" in said and "a.1" in said
    assert lab.query("select t::text from patient_a_1.expression_data as t order by 1") == before


@pytest.mark.parametrize(
    "variables",
    [
        *(f'{{"patient_id": {each!r}}}' for each in ("x; drop", "y" * 46, "-x", "../x", "")),
        '{"patient_id": "x\\"; drop schema public cascade; --"}',
        '{"patient_ids": ["DEMO_HER2", "x\\"; drop schema public cascade; --"]}',
        '{"patient_ids": [["DEMO_HER2"]]}',
        '{"patient_ids": {"DEMO_HER2": 1}}',
        '{"patient_ids": "DEMO_HER2"}',
        '{"patient_ids": true}',
        '{"patient_ids": [1]}',
        '{"patient_ids": []}',
        '{"patient_id": ["DEMO_HER2"]}',
        '{"patient_id": "DEMO_HER2", "patient_ids": ["DEMO_HER2"]}',
        "patient_id: 1",
        "patient_id: true",
        "patient_id: 2020-01-01",
        "patient_id: 'DEMO_HER2\n\n'",
        '{"patient_id": "DEMO_HER2\\n"}',
        '{"patient_id": "DEMO_HER2", "on_bad_rows": "drop"}',
        '{"patient_id": "DEMO_HER2", "on_bad_rows": "x\'; drop schema public cascade; --"}',
    ],
)
def test_hostile_variables_of_dbt(lab: Lab, variables: str) -> None:
    """Refused before any statement: numbers, truths, lists in lists, text that would be SQL, a wrong
    policy.
    """
    lab.export("DEMO_HER2")
    success, said = lab.dbt("run", "--vars", variables)
    assert not success, said
    unharmed(lab)


def test_hostile_ids_in_the_short_form_of_vars(lab: Lab) -> None:
    """`mediabase dbt` hands the text on as text: dbt refuses it."""
    done = lab.run("dbt", "run", "--vars", f"patient_id={HOSTILE}")
    assert done.returncode == 2 or done.returncode == 1
    assert "Not a patient id" in done.stdout
    unharmed(lab)


# ---- the core's version ----

SHAPES = {
    "schema_version(version_name, description, applied_at)": """
        create table schema_version
            (version_name varchar(20) primary key, description text, applied_at timestamptz);
        insert into schema_version values ('v0.4.0', '', '2024-01-01'), ('{}', '', '2025-01-01')
    """,
    "schema_version(version, applied_at)": """
        create table schema_version (version text, applied_at timestamp);
        insert into schema_version values ('{}', '2025-01-01'), ('v0.4.0', '2024-01-01')
    """,
    "schema_versions(version, applied_at)": """
        create table schema_versions (version text, applied_at timestamp);
        insert into schema_versions values ('{}', '2025-01-01'), ('v0.4.0', '2024-01-01')
    """,
    "schema_version(id, version, created_at)": """
        create table schema_version
            (id serial primary key, version varchar(50) not null, created_at timestamp);
        insert into schema_version (version, created_at) values ('v0.4.0', '2024-01-01'), ('{}', '2025-01-01')
    """,
    "schema_versions(id, version, created_at)": """
        create table schema_versions
            (id serial primary key, version varchar(50) not null, created_at timestamp);
        insert into schema_versions (version, created_at)
        values ('v0.4.0', '2024-01-01'), ('{}', '2025-01-01')
    """,
}


@pytest.fixture
def core(lab: Lab) -> Iterator[Lab]:
    """Return the laboratory with a second core, `othercore`, that records no version."""
    lab.execute("create database othercore template mbase", "postgres")
    lab.execute(
        "drop table if exists schema_version, schema_versions; drop schema if exists staging, "
        "migration, cohort cascade",
        "othercore",
    )
    yield lab
    lab.execute("drop database othercore with (force)", "postgres")


def upgrade(lab: Lab, *command: str) -> Finished:
    """Run a command on the second core."""
    dsn = lab.where.target.replace("dbname=mbase", "dbname=othercore")
    return lab.call(*(command or ("core", "upgrade", "--json")), MEDIABASE_DSN=dsn)


def snapshot(lab: Lab) -> list[tuple[object, ...]]:
    """Return all of the catalog that is not the system's, and the content of every table."""
    with lab.session("othercore") as connection:
        catalog = connection.execute(
            """
            select 'class', c.oid::regclass::text, c.relkind::text, c.relacl::text, c.relfilenode::text, ''
            from pg_class as c where c.relnamespace::regnamespace::text !~ '^pg_|^information_schema'
            union all select 'attribute', attrelid::regclass::text, attname, atttypid::regtype::text, '', ''
            from pg_attribute where attnum > 0 and attrelid in (
                select oid from pg_class where relnamespace::regnamespace::text !~ '^pg_|^information_schema')
            union all select 'namespace', nspname, nspacl::text, '', '', '' from pg_namespace
            where nspname !~ '^pg_t'
            union all select 'comment', objoid::text, objsubid::text, description, '', '' from pg_description
            where objoid >= 16384
            order by 1, 2, 3, 4
            """
        ).fetchall()
        tables = connection.execute(
            "select oid::regclass::text from pg_class where relkind = 'r' "
            "and relnamespace::regnamespace::text in ('public', 'staging', 'migration', 'cohort') order by 1"
        ).fetchall()
        content = [
            connection.execute(
                f"select {sql.Literal(name).as_string()}, count(*), "
                "md5(coalesce(string_agg(t::text, '' order by t::text), '')) "
                f"from {name} as t".encode()
            ).fetchall()
            for (name,) in tables
        ]
    return [*catalog, *(row for rows in content for row in rows)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_core_upgrade_only_adds_and_twice_changes_nothing(core: Lab, shape: str) -> None:
    """Every shape in which servers record their version; digests of all core tables are equal before and
    after.
    """
    core.execute(SHAPES[shape].replace("{}", "v0.5.0"), "othercore")
    before = {row[0]: row for row in snapshot(core) if len(row) == 3}
    first = upgrade(core)
    assert first.returncode == 0, first.stderr
    assert '"changed": true' in first.stdout
    after = snapshot(core)
    counted = {row[0]: row for row in after if len(row) == 3}
    assert {name: counted[name] for name in before if name != "schema_versions"} == {
        name: row for name, row in before.items() if name != "schema_versions"
    }
    assert core.query("select count(*) from schema_versions where version = 'v0.6.0_baseline'", "othercore") == [(1,)]
    second = upgrade(core)
    assert '"changed": false' in second.stdout
    assert snapshot(core) == after


@pytest.mark.parametrize("version", ["v0.4.2", "v1.0", "v0.50.0", "0.55", "", None])
def test_a_core_of_another_version_is_refused(core: Lab, version: str | None) -> None:
    """Exit code 5 with what was found, nothing written; every command that writes, and the dry run."""
    if version is not None:
        core.execute(SHAPES["schema_version(version, applied_at)"].replace("{}", version), "othercore")
    before = snapshot(core)
    for command in (
        ["core", "upgrade"],
        ["migrate", "--all"],
        ["export", "--all"],
        ["migrate", "--all", "--dry-run"],
    ):
        said = complaint(upgrade(core, *command), 5)
        assert (version or "schema version") in said and "othercore" in said
    assert snapshot(core) == before


def test_a_database_that_is_no_core_is_refused(lab: Lab) -> None:
    """It records a version that would do, and lacks the tables."""
    lab.execute("create database othercore template template0", "postgres")
    try:
        lab.execute(SHAPES["schema_version(version, applied_at)"].replace("{}", "v0.5.0"), "othercore")
        assert "no table" in complaint(upgrade(lab, "core", "upgrade"), 5)
    finally:
        lab.execute("drop database othercore with (force)", "postgres")


# ---- manifest ----


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("patient_id,favourite_colour\nDEMO_HER2,red\n", "favourite_colour"),
        ("cancer_type\nBreast\n", "needs patient_id"),
        ("patient_id\nDEMO_HER2\nDEMO_HER2\n", "DEMO_HER2"),
        (f"patient_id\n{HOSTILE}\n", "line 2"),
        ("patient_id,read_depth_millions\nDEMO_HER2,deep\n", "read_depth_millions"),
        ("patient_id,cancer_type,cancer_type\nDEMO_HER2,a,b\n", "cancer_type"),
        ("patient_id,cancer_type\nDEMO_HER2,a,b\n", "line 2"),
        ("", "patient_id"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_manifest_is_refused_before_any_write(lab: Lab, tmp_path: Path, text: str | None, says: str) -> None:
    """Unknown or missing columns, a patient twice, no patient id, no number, no file."""
    path = tmp_path / "patients.csv"
    if text is not None:
        path.write_text(text)
    lab.call("core", "upgrade")
    said = complaint(lab.call("migrate", "DEMO_HER2", "--manifest", path), 2)
    assert says in said
    assert lab.query("select count(*) from migration.run") == [(0,)]
    unharmed(lab)


def test_a_manifest_reaches_the_metadata(lab: Lab, tmp_path: Path) -> None:
    """Facts in any order of columns, with a byte order mark; quotes and statements are text."""
    path = tmp_path / "patients.csv"
    path.write_text(
        'read_depth_millions,patient_id,cancer_type,clinical_notes\nDEPTH,DEMO_HER2,Breast Cancer,"NOTES"\n'.replace(
            "DEPTH", "42.5"
        ).replace("NOTES", HOSTILE.replace('"', '""')),
        encoding="utf-8-sig",
    )
    done = lab.run("migrate", "DEMO_HER2", "--manifest", path)
    assert done.returncode == 0, done.stderr
    assert lab.query(
        "select patient_id, cancer_type, clinical_notes, read_depth_millions, cancer_subtype from "
        "patient_demo_her2.metadata"
    ) == [("DEMO_HER2", "Breast Cancer", HOSTILE, 42.5, None)]
    assert lab.query("select count(*) from public.transcripts") == [(600,)]


def test_a_manifest_for_a_patient_that_is_done_is_not_ignored(lab: Lab, tmp_path: Path) -> None:
    """Its facts reach the metadata, although no value needs to be moved."""
    lab.migrate("DEMO_HER2")
    path = tmp_path / "patients.csv"
    path.write_text("patient_id,cancer_type\nDEMO_HER2,Breast Cancer\n")
    assert lab.run("migrate", "DEMO_HER2", "--manifest", path).returncode == 0
    assert lab.query("select cancer_type from patient_demo_her2.metadata") == [("Breast Cancer",)]
