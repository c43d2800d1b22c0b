"""`mediabase core check` and `core upgrade`: digests that hold, findings that are named, nothing changed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from helpers import Finished, Lab, complaint, eventually, inline
from other_server import OtherServer

from orchestrator import journal
from orchestrator import sandbox as sandboxes
from orchestrator.errors import RefusedError
from orchestrator.migration.consistency import consistency
from orchestrator.migration.core import upgrade
from orchestrator.migration.core_upgrade import CoreState, differences
from orchestrator.migration.versions import Version
from orchestrator.postgres.connection import Servers, connect
from orchestrator.postgres.tables import TableDigest, digests, pin, tables

COPY = "corecopy"


@dataclass(frozen=True)
class Core:
    """A copy of the laboratory's core that was never upgraded."""

    lab: Lab

    @property
    def dsn(self) -> str:
        """Return where it is."""
        return self.lab.where.target.replace("dbname=mbase", f"dbname={COPY}")

    def call(self, *arguments: str, user: str = "mediabase") -> Finished:
        """Run `mediabase core` on it."""
        return self.lab.call("core", *arguments, MEDIABASE_DSN=self.dsn.replace("user=mediabase", f"user={user}"))

    def check(self, code: int = 0, user: str = "mediabase") -> dict[str, Any]:
        """Return what `core check --json` says, which ends with `code`."""
        done = self.call("check", "--json", user=user)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return dict(json.loads(done.stdout))

    def execute(self, text: str) -> None:
        """Run statements in it."""
        self.lab.execute(text, COPY)

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement in it."""
        return self.lab.query(text, COPY)


@pytest.fixture
def core(lab: Lab) -> Iterator[Core]:
    """Return a core at v0.5.0, whatever the laboratory's core went through."""
    lab.execute(f"create database {COPY} template mbase", "postgres")
    try:
        lab.execute(
            "drop table if exists schema_versions; drop schema if exists staging, migration, cohort cascade", COPY
        )
        yield Core(lab)
    finally:
        lab.execute(f"drop database {COPY} with (force)", "postgres")


@pytest.fixture
def reader(core: Core) -> Iterator[str]:
    """Return a role that may read the core's tables, and nothing else."""
    core.lab.execute("drop role if exists onlooker; create role onlooker login", "postgres")
    core.execute("grant select on all tables in schema public to onlooker")
    yield "onlooker"
    core.execute("drop owned by onlooker")
    core.lab.execute("drop role onlooker", "postgres")


def look(dsn: str) -> dict[str, TableDigest]:
    """Return the digests of all tables in schema public of a database, by name."""
    with connect(dsn) as connection:
        present = tables(connection)
        connection.rollback()
        pin(connection, present)
        return {each.table: each for each in digests(connection, present, lambda _: None)}


# ---- the digest ----


@pytest.fixture
def empty(lab: Lab) -> Iterator[str]:
    """Return the connection string of an empty database."""
    lab.execute("create database digests", "postgres")
    yield lab.where.target.replace("dbname=mbase", "dbname=digests")
    lab.execute("drop database digests with (force)", "postgres")


EQUAL = {
    "order of rows": (
        "create table {} as select i, i::text as s from generate_series(1, 500) as i",
        "create table {} as select i, i::text as s from generate_series(1, 500) as i order by -i",
    ),
    "order of columns": ("create table {} as select 1 as a, 2 as b", "create table {} as select 2 as b, 1 as a"),
    "dropped column": (
        "create table {} as select 1 as a",
        "create table {} (b int, a int); insert into {} values (7, 1); alter table {} drop column b",
    ),
    "dead rows": ("create table {} as select 1 as a", "create table {} as select 2 as a; update {} set a = 1"),
    "storage": (
        "create table {} as select repeat('x', 100000) as a",
        "create table {} (a text); alter table {} alter a set storage external;"
        "insert into {} values (repeat('x', 100000))",
    ),
    "partitions": (
        "create table {} as select i as a from generate_series(1, 9) as i",
        "create table {} (a int) partition by list (a); create schema if not exists parts;"
        "create table parts.even partition of {} for values in (2, 4, 6, 8);"
        "create table parts.rest partition of {} default; insert into {} select generate_series(1, 9)",
    ),
}  # fmt: skip
DIFFERENT = {
    "a value": ("create table {} as select 1.5::float8 as a",
                "create table {} as select 1.5000000000000002::float8 as a"),
    "null and empty": ("create table {} as select ''::text as a", "create table {} as select null::text as a"),
    "null and no row": ("create table {} (a text)", "create table {} as select null::text as a"),
    "a repeated row": ("create table {} as select 1 as a", "create table {} as select 1 as a union all select 1"),
    "pairs of repeated rows": (
        "create table {} as select unnest('{1,1,2,2}'::int[]) as a",
        "create table {} as select unnest('{3,3,4,4}'::int[]) as a",
    ),
    "values that changed columns": ("create table {} as select 1 as a, 2 as b",
                                    "create table {} as select 2 as a, 1 as b"),
    "values that changed rows": (
        "create table {} as select * from (values (1, 'x'), (2, 'y')) as v (a, b)",
        "create table {} as select * from (values (1, 'y'), (2, 'x')) as v (a, b)",
    ),
    "where a value ends": ("create table {} as select 'p,q'::text as a, 'r'::text as b",
                           "create table {} as select 'p'::text as a, 'q,r'::text as b"),
    "a quote": ("create table {} as select 'a'::text as a", "create table {} as select '\"a\"'::text as a"),
    "the name of a column": ("create table {} as select 1 as a", "create table {} as select 1 as b"),
    "minus zero": ("create table {} as select 0::float8 as a", "create table {} as select '-0'::float8 as a"),
    "a microsecond": ("create table {} as select '2024-01-01 00:00:00Z'::timestamptz as a",
                      "create table {} as select '2024-01-01 00:00:00.000001Z'::timestamptz as a"),
}  # fmt: skip


@pytest.mark.parametrize(("pairs", "is_equal"), [(EQUAL, True), (DIFFERENT, False)], ids=["equal", "different"])
def test_the_digest_sees_values_and_nothing_else(empty: str, pairs: dict[str, tuple[str, str]], is_equal: bool) -> None:
    """Rows in any order and any layout are equal; a bit, a NULL or a repetition more is not."""
    with connect(empty, autocommit=True) as connection:
        for number, statements in enumerate(pairs.values()):
            for side, statement in zip("ab", statements, strict=True):
                connection.execute(statement.replace("{}", f"t{number}_{side}").encode())
    found = look(empty)
    for number, what in enumerate(pairs):
        first, second = found[f"t{number}_a"], found[f"t{number}_b"]
        assert (first.digest == second.digest) is is_equal, what


TYPES = """
    create table every_type as
    select i, i / 3.0::float8 as double, i / 7.0::float4 as single, '1e-300'::float8 * i as tiny,
        i * 1.10::numeric as number, i * 1.1::numeric(9, 4) as exact, i::money as money,
        timestamptz '2024-02-29 23:59:59.123456+05' + i * interval '1 day' as moment,
        timestamp 'infinity' as forever, date '0044-03-15 BC' as ides, time '24:00' as midnight,
        interval '1 year -2 days 03:04:05.678' * i as period,
        decode(repeat(lpad(to_hex(i), 2, '0'), 3), 'hex') as bytes, '\\x005c22'::bytea as awkward,
        jsonb_build_object('b', i / 3.0, 'a', array['x', null], 'ü', '') as document,
        array['a', null, '', 'NULL', '"', ',', E'\\\\'] as texts,
        array[[1.5, 'NaN'], ['-Infinity', 0]]::float8[] as matrix,
        'genes'::regclass as object, tstzrange('2024-01-01 00:00Z', null) as range, '10.0.0.1/8'::inet as address,
        'größer Ω 😀'::text as text, ' x '::char(5) as padded, null::text as nothing, i % 2 = 0 as flag,
        'Fat:1 rats:2'::tsvector as words, '5e2f9c4e-7d1c-4e0f-8a55-3c1f0a6b9d11'::uuid as id
    from generate_series(1, 250) as i
"""
OTHER_TYPES = """
    create type mood as enum ('good', 'bad');
    create domain label as text;
    create function shown(mood) returns text language sql as $$ select 'no value of its own' $$;
    create cast (mood as text) with function shown(mood);
    create table other_types as
    select case when i % 2 = 0 then 'good' else 'bad' end::mood as mood, 'größer'::label as label,
        null::mood as nothing
    from generate_series(1, 250) as i
"""
"""Types of the core's own, and a cast whose text hides the value."""
AWKWARD = """
    alter database {0} set timezone = 'Asia/Kathmandu'; alter database {0} set datestyle = 'German, DMY';
    alter database {0} set extra_float_digits = -5; alter database {0} set bytea_output = 'escape';
    alter database {0} set intervalstyle = 'sql_standard'; alter database {0} set quote_all_identifiers = on;
    alter database {0} set search_path = public
"""


@pytest.fixture
def debian_core(debian: OtherServer) -> Iterator[Servers]:
    """Return PostgreSQL 15 with the sandbox that the laboratory has."""
    where = Servers(debian.dsn("mbase"), debian.dsn("postgres"))
    sandboxes.up(where, sandboxes.SandboxSpec(sandboxes.Generated(transcripts=600), replace=True))
    yield where
    sandboxes.down(where)


def test_the_digest_is_the_same_on_postgresql_15_and_18(core: Core, debian_core: Servers) -> None:
    """Every type, and the wide table of a sandbox, whatever the settings of database and session."""
    with connect(debian_core.target, autocommit=True) as connection:
        connection.execute((TYPES + ";" + OTHER_TYPES).encode())
    core.execute("set lc_monetary = 'C'; " + TYPES + ";" + OTHER_TYPES)
    core.execute(AWKWARD.format(COPY))
    newer, older = look(core.dsn), look(debian_core.target)
    for name in ("every_type", "other_types", "cancer_transcript_base"):
        assert newer[name].rows > 200
        assert newer[name] == older[name]
    with connect(debian_core.target, autocommit=True) as connection:
        connection.execute(
            "update every_type set matrix[1][1] = 1.5000000000000002 where i = 250;"
            "update other_types set mood = 'good' where mood = 'bad'"
        )
    changed = look(debian_core.target)
    for name in ("every_type", "other_types"):
        assert changed[name] != newer[name]


# ---- check ----


def test_a_reader_sees_a_core_that_was_never_upgraded(core: Core, reader: str) -> None:
    """Versions, every table, no finding that warns; the same for who may only read; nothing is written."""
    core.execute(f"alter role {reader} in database {COPY} set default_transaction_read_only = on")
    for user in ("mediabase", reader):
        seen = core.check(user=user)
        assert [(each["version"], each["table"]) for each in seen["versions"]] == [("v0.5.0", "schema_version")]
        assert {each["table"]: each["rows"] for each in seen["tables"]}["transcripts"] == 600
        assert [finding["severity"] for finding in seen["findings"]] == ["ok"]
        assert {each["table"]: each["digest"] for each in seen["tables"]} == {
            name: each.digest for name, each in look(core.dsn).items()
        }
    assert core.query("select to_regnamespace('staging'), to_regclass('schema_versions')") == [(None, None)]
    shown = core.call("check")
    assert shown.returncode == 0 and "The core is consistent." in shown.stdout
    assert "11/11" in shown.stderr and "transcripts: 600 rows" in shown.stderr


SHAPES = {
    "create table schema_version (version_name text, description text, applied_at timestamptz);"
    "insert into schema_version values ('v0.4', 'old', '2024-01-01Z'), ('v0.5.1', null, '2025-01-01Z')": "",
    "create table schema_version (id serial, version text, created_at timestamp);"
    "insert into schema_version (version, created_at) values ('v0.4', '2024-01-01'), ('v0.5.1', '2025-01-01')": None,
    "create table schema_version (version text, applied_at timestamptz, created_at date, description text);"
    "insert into schema_version values ('v0.5.1', '2025-01-01Z', null, 'x'), ('v0.4', '2024-01-01Z', null, 'old')": "x",
    "create table schema_versions (version text); insert into schema_versions values ('v0.5.1')": None,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_version_history_is_shown_in_every_shape(core: Core, shape: str) -> None:
    """Every recorded version with its time and description, the latest first."""
    core.execute("drop table schema_version;" + shape)
    seen = core.check()["versions"]
    assert seen[0]["version"] == "v0.5.1"
    assert seen[0]["description"] == (SHAPES[shape] or "")
    if len(seen) > 1:
        assert [each["version"] for each in seen] == ["v0.5.1", "v0.4"]
        assert [each["applied_at"][:10] for each in seen] == ["2025-01-01", "2024-01-01"]
    assert "v0.5.1" in core.call("check").stdout


PLANTED = {
    "alter table transcripts drop constraint transcripts_gene_id_fkey; truncate genes cascade": [
        ("stop", "no-rows", "genes"), ("warn", "transcripts-without-gene", "transcripts"),
        *(("warn", "no-rows", name) for name in
          ("gene_annotations", "gene_cross_references", "gene_pathways", "gene_drug_interactions")),
    ],
    "truncate transcripts, transcript_go_terms": [
        ("stop", "no-rows", "transcripts"), ("warn", "no-rows", "transcript_go_terms"),
        ("warn", "wide-table-ids", "cancer_transcript_base"),
    ],
    "alter table transcripts drop constraint transcripts_gene_id_fkey;"
    "update transcripts set gene_id = 'ENSG0' where transcript_id in (select min(transcript_id) from transcripts)": [
        ("warn", "transcripts-without-gene", "transcripts")
    ],
    "alter table transcripts drop constraint transcripts_pkey cascade;"
    "insert into transcripts select * from transcripts limit 1": [
        ("stop", "repeated-core-ids", "transcripts"), ("warn", "no-primary-key", "transcripts")
    ],
    "alter table transcripts drop constraint transcripts_pkey cascade;"
    "alter table transcripts alter transcript_id drop not null;"
    "update transcripts set transcript_id = null where transcript_id in (select min(transcript_id) from transcripts)": [
        ("stop", "repeated-core-ids", "transcripts"), ("warn", "no-primary-key", "transcripts"),
        ("warn", "wide-table-ids", "cancer_transcript_base"), ("warn", "wide-table-ids", "transcripts"),
    ],
    "alter table genes drop constraint genes_pkey cascade; insert into genes select * from genes limit 2": [
        ("stop", "repeated-core-ids", "genes"), ("warn", "no-primary-key", "genes")
    ],
    "update transcripts set expression_fold_change = 2": [("warn", "core-fold-changes", "transcripts")],
    "update transcripts set expression_fold_change = null": [("warn", "core-fold-changes", "transcripts")],
    "update transcripts set expression_fold_change = 'NaN'": [("warn", "core-fold-changes", "transcripts")],
    "delete from cancer_transcript_base where transcript_id in (select min(transcript_id) from transcripts)": [
        ("warn", "wide-table-ids", "transcripts")
    ],
    "insert into cancer_transcript_base (transcript_id) values ('ENST0')": [
        ("warn", "wide-table-ids", "cancer_transcript_base")
    ],
    "drop table cancer_transcript_base": [],
    "drop table opentargets_known_drugs": [("warn", "missing-table", "opentargets_known_drugs")],
    "drop table gene_pathways cascade": [("stop", "missing-table", "gene_pathways")],
    "drop table genes cascade": [("stop", "missing-table", "genes")],
    "alter table transcripts drop column gene_id cascade": [("stop", "missing-column", "transcripts")],
    "truncate transcript_go_terms": [("warn", "no-rows", "transcript_go_terms")],
    "create table \"odd \"\" name\" (a int)": [("warn", "no-primary-key", 'odd " name')],
}  # fmt: skip


@pytest.mark.parametrize("damage", PLANTED)
def test_what_is_wrong_is_named(lab: Lab, damage: str) -> None:
    """Each planted fault is found, with what to do, and nothing else."""
    with connect(lab.where.target) as connection:
        assert consistency(connection) == []
        connection.execute(damage.encode())
        named = consistency(connection)
        connection.rollback()
    assert sorted((each.severity, each.check, each.subject) for each in named) == sorted(PLANTED[damage])
    assert all(each.message and each.remedy for each in named)


def test_a_fault_is_shown_and_a_stop_ends_with_5(core: Core) -> None:
    """A warning leaves the exit code at 0."""
    core.execute("drop table opentargets_known_drugs")
    warned = core.call("check")
    assert warned.returncode == 0 and "opentargets_known_drugs" in warned.stdout
    assert "consistent" not in warned.stdout
    core.execute("drop table gene_pathways")
    stopped = core.call("check")
    assert stopped.returncode == 5 and "gene_pathways" in stopped.stdout
    assert [each["severity"] for each in core.check(code=5)["findings"]] == ["stop", "warn", "ok"]


def test_genes_without_transcripts_are_counted_and_do_no_harm(core: Core) -> None:
    """Information, not a warning."""
    core.execute("insert into genes (gene_id, gene_symbol) values ('ENSG0', 'NOTHING')")
    (finding,) = core.check()["findings"]
    assert (finding["severity"], finding["subject"]) == ("ok", "genes") and "1 genes" in finding["message"]


def test_tables_that_cannot_be_read_in_full_are_a_refusal(core: Core, reader: str) -> None:
    """One sentence that names the table and the right; rows that a policy hides are not left out silently."""
    core.execute(f"revoke select on genes from {reader}")
    said = complaint(core.call("check", user=reader), 5)
    assert "genes" in said and reader in said and "SELECT" in said
    core.execute(f"grant select on genes to {reader}; alter table genes enable row level security")
    said = complaint(core.call("check", user=reader), 5)
    assert "genes" in said and "row" in said
    dsn = core.dsn.replace("user=mediabase", f"user={reader}")
    with pytest.raises(RefusedError, match="genes"):
        look(dsn)
    with connect(dsn, autocommit=True) as connection, pytest.raises(RefusedError, match="genes"):
        consistency(connection)


def test_a_standby_is_checked_and_takes_no_upgrade(debian: OtherServer, debian_core: Servers) -> None:
    """Same digests as its primary; `core upgrade` is refused in one sentence."""
    upgrade(debian_core.target)
    before = look(debian_core.target)
    with debian.standby() as standby:
        done = inline("core", "check", "--json", MEDIABASE_DSN=standby.dsn("mbase"))
        assert done.returncode == 0, done.stderr
        assert {each["table"]: each["digest"] for each in json.loads(done.stdout)["tables"]} == {
            name: each.digest for name, each in before.items()
        }
        assert "standby" in complaint(inline("core", "upgrade", MEDIABASE_DSN=standby.dsn("mbase")), 5)
        assert "standby" in complaint(inline("core", "retire-legacy-table", MEDIABASE_DSN=standby.dsn("mbase")), 5)


# ---- upgrade ----


def test_an_upgrade_shows_every_table_before_and_after(core: Core) -> None:
    """Equal but for the row of the upgrade; the second time nothing is new, and the run is in the journal once."""
    before = look(core.dsn)
    first = json.loads(core.call("upgrade", "--json").stdout)
    assert first["changed"] is True
    assert [each["version"] for each in first["versions"]] == ["v0.6.0_baseline", "v0.5.0"]
    for side in ("before", "after"):
        held = {each["table"]: each["digest"] for each in first[side] if each["table"] != "schema_versions"}
        assert held == {name: each.digest for name, each in before.items()}
    assert [each["rows"] for each in first["after"] if each["table"] == "schema_versions"] == [1]
    after = look(core.dsn)
    second = core.call("upgrade")
    assert second.returncode == 0 and "already" in second.stdout and "transcripts" in second.stdout
    assert look(core.dsn) == after
    assert core.query("select command, exit_code from migration.run") == [("core upgrade", 0)]


@pytest.mark.parametrize("deferred", ["", "deferrable initially deferred"])
def test_an_upgrade_that_would_change_the_core_is_undone(core: Core, deferred: str) -> None:
    """Exit code 1 with the table; the core is still at v0.5.0."""
    core.execute(
        f"""
        create table schema_versions (version text primary key, applied_at timestamptz, description text);
        create function meddle() returns trigger language plpgsql as
        $$ begin update public.genes set gene_symbol = '' where gene_id = (select min(gene_id) from public.genes);
        return null; end $$;
        create constraint trigger meddle after insert on schema_versions {deferred}
        for each row execute function meddle();
        """
    )
    before = look(core.dsn)
    assert "genes." in complaint(core.call("upgrade"), 1)
    assert look(core.dsn) == before
    assert core.query("select to_regnamespace('staging')") == [(None,)]


def test_what_counts_as_a_difference() -> None:
    """A table more or less, a changed row of schema_versions, or two new ones."""
    genes = TableDigest("public", "genes", 2, "aa")
    old = Version("schema_versions", "v0.5.0", "", "")
    new = Version("schema_versions", "v0.6.0_baseline", "", "")
    recorded = TableDigest("public", "schema_versions", 1, "x")
    upgraded = TableDigest("public", "schema_versions", 2, "y")

    def state(*tables: TableDigest, versions: list[Version]) -> CoreState:
        return CoreState(versions, {each.table: each for each in tables})

    before = state(genes, recorded, versions=[old])
    after = state(genes, upgraded, versions=[new, old])
    assert differences(before, after, True) == []
    assert differences(after, after, False) == []
    assert differences(before, state(upgraded, versions=[new, old]), True) == ["genes"]
    assert differences(
        before, state(genes, upgraded, TableDigest("public", "x", 0, ""), versions=[new, old]), True
    ) == ["x"]
    assert differences(before, state(genes, upgraded, versions=[new]), True) == ["schema_versions"]
    assert differences(before, after, False) == ["schema_versions"]


def test_an_upgrade_that_is_killed_changes_nothing_and_goes_on(core: Core) -> None:
    """The server ends it in the middle; the next one does all of it."""
    core.execute("create table schema_versions (version text primary key, applied_at timestamptz, description text)")
    before = look(core.dsn)
    with psycopg.connect(core.dsn) as holder:
        holder.execute("lock table schema_versions in share row exclusive mode")
        with core.lab.started("core", "upgrade", MEDIABASE_DSN=core.dsn) as process:
            eventually(
                lambda: core.query("select 1 from pg_locks where not granted and locktype = 'relation'"), "it waits"
            )
            process.kill()
        holder.rollback()
    eventually(lambda: not core.query("select 1 from pg_locks where locktype = 'advisory'"), "the lock is free")
    assert look(core.dsn) == before
    assert core.query("select to_regnamespace('staging')") == [(None,)]
    assert core.call("upgrade").returncode == 0
    assert core.query("select version from schema_versions") == [("v0.6.0_baseline",)]


def test_an_upgrade_waits_for_no_other_operator(core: Core) -> None:
    """Exit code 4, nothing written; looking is free."""
    with journal.locked(core.dsn):
        assert "Another operator" in complaint(core.call("upgrade"), 4)
        core.check()
    assert core.query("select to_regnamespace('staging')") == [(None,)]
