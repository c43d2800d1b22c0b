"""What must not happen to a patient, each fault made for real."""

import os
import signal
import threading

import pytest
from helpers import PREFIX, Lab, eventually, running_server, temporary_home

from orchestrator import sandbox as sandboxes
from orchestrator.errors import UsageError
from orchestrator.postgres.connection import Servers, connect

HER2 = "patient_demo_her2"


def content(lab: Lab, schema: str = HER2) -> list[tuple[object, ...]]:
    """Return all rows of a patient, with when they were written."""
    return [
        row
        for table in ("expression_data", "quarantined_expression", "metadata")
        for row in lab.query(f"select t::text, xmin from {schema}.{table} as t order by 1")
    ]


def build(lab: Lab, patient_id: str = "DEMO_HER2", command: str = "run") -> str:
    """Run dbt on one patient, which must fail; return what it said."""
    success, said = lab.dbt(command, "--vars", f"patient_id: {patient_id}")
    assert not success, said
    return said


# ---- a build without a complete export ----


def test_a_build_without_an_export_changes_nothing(lab: Lab) -> None:
    """Staging is empty after a migration: dbt says to export, and the rows stay; so through the command
    line.
    """
    lab.migrate("DEMO_HER2")
    before = content(lab)
    done = lab.run("dbt", "run", "--vars", "patient_id=DEMO_HER2")
    assert done.returncode == 1, done.stdout
    assert "export it first" in done.stdout
    assert content(lab) == before
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "unchanged"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("delete from staging.legacy_export", "export it first"),
        ("truncate staging.legacy_expression", "export the patient again"),
        (
            "delete from staging.legacy_expression where ctid = (select min(ctid) from staging.legacy_expression)",
            "export the patient again",
        ),
        (
            "insert into staging.legacy_expression values ('DEMO_HER2', 'ENST_MORE', 2)",
            "export the patient again",
        ),
        ("delete from migration.patient", "export it first"),
    ],
)
def test_a_build_on_a_damaged_export_changes_nothing(lab: Lab, damage: str, says: str) -> None:
    """The export row is gone, rows are missing, or there are more than it says."""
    lab.migrate("DEMO_HER2")
    before = content(lab)
    lab.export("DEMO_HER2")
    lab.execute(damage)
    assert says in build(lab)
    assert content(lab) == before


def test_a_build_after_a_server_crash_changes_nothing() -> None:
    """Staged rows are unlogged: a crash empties them, and the export row, which is not, tells."""
    with temporary_home() as home, running_server(home) as where:
        lab = Lab(home, where)
        sandboxes.up(where, sandboxes.SandboxSpec(sandboxes.Generated(transcripts=200)))
        lab.migrate("DEMO_HER2")
        before = [row[0] for row in content(lab)]
        assert before
        assert lab.export("DEMO_HER2")["DEMO_HER2"].result == "staged"
        assert lab.query("select count(*) > 0 from staging.legacy_expression") == [(True,)]
        crash(lab)
        done = lab.run("dbt", "run", "--vars", "patient_id=DEMO_HER2")  # starts the server again
        assert done.returncode == 1, done.stdout
        assert "export the patient again" in done.stdout
        with running_server(home):
            assert lab.query("select count(*) from staging.legacy_expression") == [(0,)]
            assert [row[0] for row in content(lab)] == before
            assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "unchanged"
            lab.verify("DEMO_HER2")


def crash(lab: Lab) -> None:
    """Stop the server at once, as `pg_ctl stop -m immediate` does."""
    pid_file = lab.home / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)
    eventually(lambda: not pid_file.exists() or not reachable(lab), "the server is gone")


def reachable(lab: Lab) -> bool:
    """Tell whether the server answers."""
    try:
        lab.session("postgres").close()
    except UsageError:
        return False
    return True


# ---- a bad value never reads as 1.0 ----


def test_bad_values_read_as_they_were_through_the_compatibility_view(lab: Lab) -> None:
    """NULL, NaN, infinities, zeroes and negative values; orphans appear with their value."""
    lab.migrate("DEMO_BAD_VALUES")
    select = "select transcript_id::text, expression_fold_change::text from {}cancer_transcript_base"
    legacy = dict(lab.query(select.format(""), "mediabase_patient_DEMO_BAD_VALUES"))
    view = dict(lab.query(select.format("patient_demo_bad_values.")))
    assert view == legacy
    bad = {id_: value for id_, value in legacy.items() if value is None or not 0 < float(value) < float("inf")}
    assert len(bad) == 10 and "1" not in {view[id_] for id_ in bad}
    assert [view[id_] for id_ in ("ENST00000269571.8", "ENST99999999901", "ENST99999999902")] == [
        "12.5",
        "2.5",
        "1",
    ]


@pytest.fixture(scope="module")
def lab_with_demo(laboratory_server: Lab) -> Lab:
    """Return the sandbox with three demo patients and the bad values migrated."""
    laboratory_server.reset()
    laboratory_server.migrate("DEMO_HER2", "DEMO_TNBC", "DEMO_CRC_MSI", "DEMO_BAD_VALUES")
    return laboratory_server


COMPARED = [
    "transcript_id", "gene_symbol", "gene_id", "gene_type", "chromosome", "coordinates", "product_type",
    "go_terms", "pathways", "drugs", "molecular_functions", "cellular_location", "uniprot_ids", "ncbi_ids",
    "refseq_ids", "pdb_ids", "expression_fold_change", "features", "drug_scores", "alt_transcript_ids",
    "alt_gene_ids", "source_references", "evidence_quality_metrics",
]  # fmt: skip


@pytest.mark.parametrize("column", COMPARED)
def test_the_view_has_what_the_wide_table_had(lab_with_demo: Lab, column: str) -> None:
    """Each of the 23 columns, with type, for every transcript that the core has."""
    select = (
        f"select transcript_id, {column}::text, pg_typeof({column})::text from cancer_transcript_base "
        "where gene_id <> 'LEGACY_UNKNOWN' order by transcript_id collate \"C\""
    )
    for patient_id in ("DEMO_HER2", "DEMO_BAD_VALUES"):
        legacy = lab_with_demo.query(select, f"mediabase_patient_{patient_id}")
        with lab_with_demo.session() as connection:
            connection.execute(f"set search_path = patient_{patient_id.lower()}, public".encode())
            view = connection.execute(select.encode()).fetchall()
        assert len(legacy) == 600
        assert view == legacy


def test_the_view_has_the_columns_of_the_wide_table_in_their_order(lab_with_demo: Lab) -> None:
    """A script that says `select *` gets the same columns."""
    select = (
        "select column_name, data_type from information_schema.columns where table_name = "
        "'cancer_transcript_base' "
        "and table_schema = '{}' order by ordinal_position"
    )
    legacy = lab_with_demo.query(select.format("public"), "mediabase_patient_DEMO_HER2")
    assert lab_with_demo.query(select.format(HER2)) == legacy
    assert len(legacy) == 23


GUIDE_QUERIES = {
    "overexpressed genes": """
        SELECT gene_symbol, expression_fold_change FROM cancer_transcript_base
        WHERE expression_fold_change > 2.0 ORDER BY expression_fold_change DESC, transcript_id LIMIT 20
    """,
    "drug targets": """
        SELECT ctb.gene_symbol, ctb.expression_fold_change, okd.molecule_name, okd.mechanism_of_action
        FROM cancer_transcript_base ctb
        JOIN genes g ON ctb.gene_id = g.gene_id
        JOIN opentargets_known_drugs okd ON g.gene_id = okd.target_gene_id
        WHERE ctb.expression_fold_change > 3.0 AND okd.is_approved = true
        ORDER BY ctb.expression_fold_change DESC, 1, 3, 4
    """,
    "tumor suppressor loss": """
        SELECT gene_symbol, expression_fold_change, ROUND(((1.0 - expression_fold_change) * 100)::numeric, 1)
        FROM cancer_transcript_base
        WHERE gene_symbol IN ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2') AND expression_fold_change < 0.8
        ORDER BY expression_fold_change ASC, transcript_id
    """,
    "lists and objects": """
        SELECT gene_symbol, drugs->'trastuzumab'->>'drug_id', pathways[1], coordinates->>'start', uniprot_ids
        FROM cancer_transcript_base WHERE 'P04626' = ANY(uniprot_ids) OR drugs ? 'trastuzumab'
        ORDER BY transcript_id
    """,
}


@pytest.mark.parametrize("name", GUIDE_QUERIES)
def test_queries_of_v050_run_unchanged(lab_with_demo: Lab, name: str) -> None:
    """The guide's v0.5.0 queries, with nothing but the search path set, give the rows of the legacy database.

    Query 3's ROUND(double precision, integer) does not exist in PostgreSQL, then as now: it has a cast here.
    """
    rows_seen = 0
    for patient_id in ("DEMO_HER2", "DEMO_TNBC", "DEMO_CRC_MSI"):
        legacy = lab_with_demo.query(GUIDE_QUERIES[name], f"mediabase_patient_{patient_id}")
        with lab_with_demo.session() as connection:
            connection.execute(f"set search_path = patient_{patient_id.lower()}, public".encode())
            assert connection.execute(GUIDE_QUERIES[name].encode()).fetchall() == legacy
        rows_seen += len(legacy)
    assert rows_seen


# ---- one bad patient, five good ones ----


def test_bad_patients_neither_stop_nor_skip_the_others(lab: Lab) -> None:
    """Surfaces that disagree, repeated ids, a database that refuses connections, one whose values are
    numeric.
    """
    lab.add_patient(
        "DISAGREE",
        "update transcripts set expression_fold_change = 7 where transcript_id = 'ENST00000269571'",
    )
    lab.add_patient(
        "REPEATED",
        "alter table cancer_transcript_base drop constraint cancer_transcript_base_pkey; "
        "insert into cancer_transcript_base select * from cancer_transcript_base where gene_symbol = 'ERBB2'",
    )
    lab.add_patient("REFUSES")
    lab.execute("update pg_database set datconnlimit = -2 where datname = 'mediabase_patient_REFUSES'", "postgres")
    lab.add_patient("NUMERIC", "alter table cancer_transcript_base alter expression_fold_change type numeric")
    lab.add_patient("NO-TABLES", "drop table cancer_transcript_base, transcripts cascade")
    wanted = {
        "DISAGREE": "--surface",
        "REPEATED": "1 transcript ids in cancer_transcript_base are repeated",
        "REFUSES": "mediabase_patient_REFUSES",
        "NUMERIC": "cancer_transcript_base.expression_fold_change is numeric",
        "NO-TABLES": "Neither cancer_transcript_base nor transcripts",
    }
    done = lab.run("migrate", "--all")
    assert done.returncode == 1, done.stderr
    assert "11 patients: 6 migrated, 5 failed." in done.stdout
    for patient_id, message in wanted.items():
        (line,) = [line for line in done.stderr.splitlines() if f" {patient_id}: failed" in line]
        assert message in line
    assert "Traceback" not in done.stderr
    states = dict(lab.query("select patient_id, state from migration.patient"))
    assert {id_ for id_, state in states.items() if state == "failed"} == set(wanted)
    assert [schema for schema in lab.schemas() if "demo" not in schema] == []
    lab.drop_patient("REFUSES")
    lab.verify("DEMO_BAD_VALUES", "DEMO_BASELINE", "DEMO_CRC_MSI", "DEMO_HER2", "DEMO_LUAD_EGFR", "DEMO_TNBC")
    planned = lab.plan()
    assert {id_: each.result for id_, each in planned.items()} == {
        id_: "failed" if id_ in wanted else "unchanged" for id_ in planned
    }


def test_a_patient_whose_build_fails_leaves_nothing_and_the_others_are_built(lab: Lab) -> None:
    """A server that cannot create one index: the patient fails with its SQLSTATE, and goes on when it can."""
    lab.execute(
        """
        create function public.fault() returns event_trigger language plpgsql as $$
        begin
            if current_setting('search_path') = 'patient_demo_her2' then
                raise exception using errcode = '53100', message = 'no space for ENST00000269571 = 12.5';
            end if;
        end
        $$;
        create event trigger gate on ddl_command_start when tag in ('CREATE INDEX')
        execute function public.fault()
        """
    )
    try:
        outcomes = lab.migrate("DEMO_CRC_MSI", "DEMO_HER2", "DEMO_TNBC")
        assert {id_: each.result for id_, each in outcomes.items()} == {
            "DEMO_CRC_MSI": "migrated", "DEMO_HER2": "failed", "DEMO_TNBC": "migrated",
        }  # fmt: skip
        assert "53100" in outcomes["DEMO_HER2"].message
        assert "ENST" not in outcomes["DEMO_HER2"].message
        assert lab.query("select count(*) from migration.patient as p where p::text ~ 'ENST'") == [(0,)]
        assert HER2 not in lab.schemas()
    finally:
        lab.execute("drop event trigger gate; drop function public.fault()")
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "migrated"
    lab.verify("DEMO_CRC_MSI", "DEMO_HER2", "DEMO_TNBC")


def test_a_database_that_is_dropped_mid_way_fails_alone(lab: Lab) -> None:
    """Dropped while its rows are read: its session ends, the next patients are migrated."""
    lab.add_patient("GONE")
    blocker = lab.session("mediabase_patient_GONE")
    blocker.autocommit = False
    blocker.execute("lock table cancer_transcript_base in access exclusive mode")
    with lab.started("migrate", "DEMO_HER2", "GONE", "DEMO_TNBC") as process:
        eventually(
            lambda: lab.query(
                "select 1 from pg_stat_activity where datname = 'mediabase_patient_GONE' and wait_event_type = 'Lock'",
                "postgres",
            ),
            "the export of GONE waits",
        )
        lab.drop_patient("GONE")
        out, err = process.communicate(timeout=60)
    blocker.close()
    assert process.returncode == 1, err
    assert "3 patients: 2 migrated, 1 failed." in out
    assert " GONE: failed" in err and "Traceback" not in err
    lab.verify("DEMO_HER2", "DEMO_TNBC")


def test_a_database_that_allows_no_connections_is_not_left_out_silently(lab: Lab) -> None:
    """`--all` never ends with 0 while a legacy database was not looked at."""
    lab.add_patient("CLOSED")
    lab.execute("update pg_database set datallowconn = false where datname = 'mediabase_patient_CLOSED'", "postgres")
    for command in (["migrate", "--all", "--dry-run"], ["migrate", "--all"]):
        done = lab.run(*command)
        assert done.returncode in (1, 5), (command, done.stdout)
        assert "CLOSED" in done.stderr


def test_bad_rows_can_fail_their_patient_and_only_that(lab: Lab) -> None:
    """--on-bad-rows fail: nothing of the patient is there, the message counts the reasons; the others are
    done.
    """
    outcomes = lab.migrate("DEMO_BAD_VALUES", "DEMO_HER2", on_bad_rows="fail")
    assert outcomes["DEMO_HER2"].result == "migrated"
    bad = outcomes["DEMO_BAD_VALUES"]
    assert bad.result == "failed"
    assert "rows that cannot be stored" in bad.message and '"nan": 2' in bad.message
    assert lab.schemas() == [HER2]
    assert lab.migrate("DEMO_BAD_VALUES")["DEMO_BAD_VALUES"].result == "migrated"
    lab.verify("DEMO_BAD_VALUES", "DEMO_HER2")


def test_a_patient_that_may_not_be_read_fails_alone(lab: Lab) -> None:
    """An operator without SELECT in one legacy database, in the dry run and in the real one."""
    lab.add_patient("SECRET")
    lab.execute("drop role if exists clerk; create role clerk login", "postgres")
    for patient_id in ("DEMO_HER2", "DEMO_TNBC"):
        lab.add_patient(f"OPEN-{patient_id}", "grant select on all tables in schema public to clerk", like=patient_id)
    ids = ["OPEN-DEMO_HER2", "OPEN-DEMO_TNBC", "SECRET"]
    legacy = lab.where.legacy.replace("user=mediabase", "user=clerk")
    try:
        for dry in (["--dry-run"], []):
            done = lab.run("migrate", *ids, *dry, MEDIABASE_LEGACY_DSN=legacy)
            assert done.returncode == 1, done.stderr
            assert "3 patients: 2 migrated, 1 failed." in done.stdout, (dry, done.stderr)
            assert "SECRET: failed" in done.stderr
    finally:
        lab.reset()
        lab.execute("drop role clerk", "postgres")


# ---- a patient that was changed in v0.6.0 ----

CHANGES = {
    "value": "update patient_changed.expression_data set expression_fold_change = 99 "
    "where transcript_id = 'ENST00000269571'",
    "row added": "insert into patient_changed.expression_data (transcript_id, expression_fold_change) "
    "select transcript_id, 42 from public.transcripts where transcript_id not in "
    "(select transcript_id from patient_changed.expression_data) limit 1",
    "row gone": "delete from patient_changed.expression_data where transcript_id = 'ENST00000269571'",
    "row replaced": "with gone as (delete from patient_changed.expression_data "
    "where transcript_id = 'ENST00000269571') insert into patient_changed.expression_data "
    "(transcript_id, expression_fold_change) select transcript_id, 42 from public.transcripts "
    "where transcript_id "
    "not in (select transcript_id from patient_changed.expression_data) limit 1",
    "quarantine added": "insert into patient_changed.quarantined_expression "
    "(transcript_id, expression_fold_change, reason) values ('X', 0, 'not_positive')",
    "quarantine value": "update patient_changed.quarantined_expression set expression_fold_change = -9",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_patient_changed_in_v060_is_kept(lab: Lab, change: str) -> None:
    """Whatever is tried: a plain run, --force, an export and a dbt run of one's own."""
    patient_id = lab.add_patient(
        "CHANGED",
        "update cancer_transcript_base set expression_fold_change = 'NaN' where gene_symbol = 'TP53'",
    )
    assert lab.migrate(patient_id, believe="cancer_transcript_base")[patient_id].quarantined
    lab.change(patient_id, "update transcripts set expression_fold_change = 'NaN' where transcript_id in "
               "(select transcript_id from cancer_transcript_base where gene_symbol = 'TP53')")  # fmt: skip
    lab.execute(CHANGES[change])
    before = content(lab, "patient_changed")
    assert lab.migrate(patient_id)[patient_id].result == "kept"
    assert lab.migrate(patient_id, force=True)[patient_id].result == "kept"
    assert lab.plan(patient_id)[patient_id].result == "kept"
    assert lab.export(patient_id)[patient_id].result == "staged"
    assert "changed after it was built" in build(lab, patient_id)
    assert content(lab, "patient_changed") == before
    assert lab.migrate(patient_id)[patient_id].result == "kept"

    lab.change(patient_id, "update cancer_transcript_base set expression_fold_change = 3 where "
                           "gene_symbol = 'EGFR'; "
               "update transcripts set expression_fold_change = 3 where gene_id in "
               "(select gene_id from genes where gene_symbol = 'EGFR')")  # fmt: skip
    for force in (False, True):
        outcome = lab.migrate(patient_id, force=force)[patient_id]
        assert outcome.result == "failed" and "both sides" in outcome.message
    assert lab.export(patient_id)[patient_id].result == "staged"
    assert "changed after it was built" in build(lab, patient_id)
    assert content(lab, "patient_changed") == before


def test_a_patient_whose_legacy_rows_changed_is_migrated_again(lab: Lab) -> None:
    """The other side is as it was: the new legacy rows are taken."""
    lab.add_patient("AGAIN")
    lab.migrate("AGAIN")
    for table in ("cancer_transcript_base", "transcripts"):
        lab.change(
            "AGAIN",
            f"update {table} set expression_fold_change = 3.5 where transcript_id = 'ENST00000275493'",
        )
    assert lab.migrate("AGAIN")["AGAIN"].result == "migrated"
    lab.verify("AGAIN")
    assert lab.query(
        "select expression_fold_change from patient_again.expression_data where transcript_id = 'ENST00000275493'"
    ) == [(3.5,)]


def test_a_schema_of_unknown_origin_is_never_built_over(lab: Lab) -> None:
    """The journal does not know the patient, but there is a table with rows."""
    lab.execute(
        "create schema patient_demo_her2; create table patient_demo_her2.expression_data "
        "(transcript_id varchar(50) primary key, expression_fold_change double precision, "
        "updated_at timestamptz); "
        "insert into patient_demo_her2.expression_data values ('MINE', 2, now())"
    )
    outcome = lab.migrate("DEMO_HER2")["DEMO_HER2"]
    assert outcome.result == "failed" and "journal does not know" in outcome.message
    assert lab.query("select transcript_id from patient_demo_her2.expression_data") == [("MINE",)]


def test_a_schema_that_was_dropped_is_migrated_again(lab: Lab) -> None:
    """The guide's partial rollback drops the schema: the next run makes it new, and says so beforehand."""
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    lab.execute("drop schema patient_demo_her2 cascade")
    planned = lab.plan("DEMO_HER2", "DEMO_TNBC")
    assert {id_: each.result for id_, each in planned.items()} == {
        "DEMO_HER2": "migrated",
        "DEMO_TNBC": "unchanged",
    }
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "migrated"
    lab.verify("DEMO_HER2")


def test_a_migration_after_an_export_of_ones_own_clears_up(lab: Lab) -> None:
    """`export`, then `migrate` of a patient that needs nothing: nothing stays staged, and the state is
    right.
    """
    lab.migrate("DEMO_HER2")
    assert lab.export("DEMO_HER2")["DEMO_HER2"].result == "staged"
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "unchanged"
    assert lab.query("select state from migration.patient") == [("validated",)]
    assert lab.query("select count(*) from staging.legacy_export") == [(0,)]


# ---- rebuilds ----


def test_grants_views_and_the_trigger_survive_a_rebuild(lab: Lab) -> None:
    """Somebody's view and grant on the table are there after the legacy rows changed and --force."""
    lab.add_patient("KEEP")
    lab.migrate("KEEP")
    lab.execute(
        "create view public.mine as select * from patient_keep.expression_data; "
        "create view public.mine_too as select * from patient_keep.cancer_transcript_base; "
        "drop role if exists guest; create role guest; grant usage on schema patient_keep to guest; "
        "grant select on patient_keep.expression_data, patient_keep.cancer_transcript_base to guest"
    )
    facts = (
        "select relname, oid, relacl::text, relrowsecurity from pg_class "
        "where relnamespace = 'patient_keep'::regnamespace order by 1"
    )
    before = lab.query(facts)
    for table in ("cancer_transcript_base", "transcripts"):
        lab.change("KEEP", f"update {table} set expression_fold_change = 3.5 where transcript_id = 'ENST00000275493'")
    try:
        assert lab.migrate("KEEP", force=True)["KEEP"].result == "migrated"
        assert lab.migrate("KEEP", force=True)["KEEP"].result == "migrated"
        assert lab.query(facts) == before
        with lab.session() as guest:
            guest.execute("set role guest")
            assert guest.execute(
                "select expression_fold_change from patient_keep.expression_data where "
                "transcript_id = 'ENST00000275493'"
            ).fetchone() == (3.5,)
        assert lab.query("select count(*) from public.mine_too") == [(600,)]
        lab.execute(
            "update patient_keep.expression_data set expression_fold_change = 4, updated_at = 'epoch' "
            "where transcript_id = 'ENST00000275493'"
        )
        assert lab.query("select count(*) from public.mine where updated_at > created_at") == [(1,)]
    finally:
        lab.execute("drop view public.mine, public.mine_too; drop owned by guest; drop role guest")


def test_readers_never_see_a_part_of_a_patient_during_a_rebuild(lab: Lab) -> None:
    """Polled all the time, the number of rows and their sum are the old or the new ones, and the table is
    there.
    """
    lab.add_patient("POLLED")
    lab.migrate("POLLED")
    seen: set[tuple[object, ...]] = set()
    problems: list[BaseException] = []
    stop = threading.Event()

    def poll() -> None:
        try:
            with lab.session() as reader:
                while not stop.is_set():
                    seen.update(
                        reader.execute(
                            "select count(*), sum(expression_fold_change::numeric) from patient_polled.expression_data"
                        ).fetchall()
                    )
                    seen.update(
                        (*row, "view")
                        for row in reader.execute(
                            "select count(*), sum(expression_fold_change::numeric) "
                            "from patient_polled.cancer_transcript_base"
                        ).fetchall()
                    )
        except BaseException as error:
            problems.append(error)

    poller = threading.Thread(target=poll)
    poller.start()
    try:
        for value in (3.5, 4.5):
            for table in ("cancer_transcript_base", "transcripts"):
                lab.change(
                    "POLLED",
                    f"update {table} set expression_fold_change = {value} where transcript_id = 'ENST00000275493'",
                )
            assert lab.migrate("POLLED", force=True)["POLLED"].result == "migrated"
    finally:
        stop.set()
        poller.join()
    assert not problems
    assert 2 <= len({row for row in seen if len(row) == 2}) <= 3, seen
    assert 2 <= len({row for row in seen if len(row) == 3}) <= 3, seen
    assert {row[0] for row in seen if len(row) == 3} == {600}


def test_nothing_of_a_patient_goes_to_public(lab: Lab) -> None:
    """The core's tables are as they were, row by row."""

    def core() -> list[tuple[object, ...]]:
        return lab.query("select md5(string_agg(t::text, '' order by t::text)) from public.transcripts as t")

    before = core()
    lab.migrate("DEMO_HER2")
    assert core() == before


def test_a_lost_connection_is_one_sentence(lab: Lab) -> None:
    """The server ends all sessions of the migration: exit code 1, no traceback; the next run completes."""
    with (
        lab.gate("CREATE INDEX", "patient_demo_tnbc") as gate,
        lab.started("migrate", "DEMO_HER2", "DEMO_TNBC") as process,
    ):
        gate.reached(process)
        gate.keeper.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'mbase' and pid <> pg_backend_pid()"
        )
        gate.open()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    assert lab.migrate("DEMO_HER2", "DEMO_TNBC")["DEMO_TNBC"].result == "migrated"
    lab.verify("DEMO_HER2", "DEMO_TNBC")


def test_other_data_of_another_server_is_asked_about(lab: Lab, sandbox: Servers) -> None:
    """A wrong address looks like a patient that was changed; the same data on another server is the same data."""
    lab.migrate("DEMO_BASELINE")
    elsewhere = Lab(lab.home, Servers(lab.where.target, sandbox.legacy))
    assert elsewhere.migrate("DEMO_BASELINE")["DEMO_BASELINE"].result == "unchanged"
    other = PREFIX + "DEMO_BASELINE"
    with connect(sandbox.legacy, dbname=other, autocommit=True) as session:
        change = "update cancer_transcript_base set expression_fold_change = {} where transcript_id = 'ENST00000269571'"
        session.execute(change.format(7).encode())
        try:
            for outcome in (elsewhere.plan("DEMO_BASELINE"), elsewhere.migrate("DEMO_BASELINE")):
                assert outcome["DEMO_BASELINE"].result == "failed"
                assert "another server" in outcome["DEMO_BASELINE"].message
            assert lab.query("select * from patient_demo_baseline.expression_data") == []
            assert elsewhere.migrate("DEMO_BASELINE", force=True)["DEMO_BASELINE"].stored == 1
        finally:
            session.execute(change.format(1).encode())
            session.execute("vacuum (freeze, analyze) cancer_transcript_base")  # all visible, as others expect it
