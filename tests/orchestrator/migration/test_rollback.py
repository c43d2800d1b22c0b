"""`mediabase rollback`: one patient as before, and nobody else touched; or everything, the core's upgrade included."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from helpers import DEMO, PREFIX, Lab, complaint, whole
from real_data import real_lab

from orchestrator.access.roles import SHARED_ROLES

PART = 20_000
"""Transcripts of the real core."""
LIMIT_SECONDS = 5


def roll_back(lab: Lab, *arguments: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """Roll back; return what the command says of each patient."""
    done = lab.call("rollback", *arguments, "--json")
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return {each["patient_id"]: each for each in json.loads(done.stdout)["patients"]}


def everything(lab: Lab, but: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row outside the journal's log that is not of one patient, with where it is stored."""
    tables = lab.query(
        "select format('%I.%I', nspname, relname) from pg_class join pg_namespace on relnamespace = pg_namespace.oid "
        "where relkind in ('r', 'm') and nspname !~ '^pg_' and nspname <> 'information_schema' "
        f"and nspname !~ '{slug(but)}' and relname not in ('run', 'event') order by 1"
    )
    select = (
        "select ctid::text, xmin::text, t::text from {} as t where to_jsonb(t) ->> 'patient_id' is distinct from '{}'"
    )
    return {name: sorted(lab.query(select.format(name, but))) for (name,) in tables}


def test_one_of_all(lab: Lab) -> None:
    """Its schema, rows, facts and role are gone; of everybody else every row is in its place, and never was written."""
    lab.migrate(*DEMO)
    lab.dbt("test", "--vars", "patient_id: DEMO_TNBC", "--store-failures")
    before, legacy = everything(lab, "DEMO_TNBC"), whole(lab, PREFIX + "DEMO_TNBC")
    done = roll_back(lab, "DEMO_TNBC")["DEMO_TNBC"]
    assert (done["result"], done["legacy"], done["message"]) == ("rolled back", "never dropped", "")
    assert everything(lab, "DEMO_TNBC") == before and whole(lab, PREFIX + "DEMO_TNBC") == legacy
    assert lab.query("select nspname from pg_namespace where nspname ~ 'demo_tnbc'") == []
    assert lab.query("select rolname from pg_roles where rolname = 'reader_patient_demo_tnbc'") == []
    for (table,) in lab.query("select relname from pg_class where relnamespace = 'cohort'::regnamespace "
                              "and relkind in ('r', 'v') and relname <> 'patient_structure_spec'"):  # fmt: skip
        rows = lab.query(f"select to_jsonb(t)::text from cohort.{table} as t")
        assert not [row for (row,) in rows if "DEMO_TNBC" in row], table
    assert roll_back(lab, "DEMO_TNBC")["DEMO_TNBC"]["result"] == "unchanged"
    lab.migrate("DEMO_TNBC")
    lab.verify(*DEMO)


def catalog_scans(lab: Lab) -> int:
    """Return how often relations and routines of the whole database were read through, all sessions so far."""
    scans = "select sum(seq_scan)::int from pg_stat_sys_tables where relname in ('pg_class', 'pg_proc', 'pg_depend')"
    return int(lab.query(scans)[0][0])


def test_no_patient_costs_a_look_at_the_relations_of_all(lab: Lab) -> None:
    """The catalog is not read through for each; autovacuum may do so meanwhile, once or twice."""
    lab.migrate(*DEMO)
    scans = []
    for patient_ids in (DEMO[:1], DEMO[1:]):
        before = catalog_scans(lab)
        roll_back(lab, *patient_ids)
        scans.append(catalog_scans(lab) - before)
    assert scans[1] - scans[0] < len(DEMO) - 2, scans


@pytest.mark.acceptance
@pytest.mark.parametrize("level", [(), ("--thin",)], ids=["full", "thin"])
def test_one_of_forty_real_patients(realdata: Path, tmp_path: Path, level: tuple[str, ...]) -> None:
    """Under five seconds besides the restore of its own database, and every bit of the other 39 in its place."""
    files: dict[str, Path | dict[str, str]] = {
        path.name.removesuffix(".csv.gz"): path for path in (realdata / "patients").glob("*.csv.gz")
    }
    one, another, *_ = sorted(files)
    with real_lab(realdata, files, PART) as lab:
        lab.results("migrate", "--all", "--jobs", 2)
        lab.call("backup", "--core", "--folder", tmp_path)
        lab.listing("archive", one, *level, "--folder", tmp_path)
        lab.listing("drop-legacy", one, "--yes")
        others = everything(lab, one)
        assert len([name for name in others if name.endswith(".expression_data")]) == 39
        for patient in (one, another):
            started = time.monotonic()
            done = lab.run("rollback", patient, "--json", timeout=600)
            seconds = time.monotonic() - started
            assert done.returncode == 0, done.stderr
            restore_seconds = json.loads(done.stdout)["patients"][0]["restore_seconds"]
            print(f"{patient}: rolled back in {seconds:.1f} s, of which its restore took {restore_seconds} s")
            assert seconds < LIMIT_SECONDS + restore_seconds
            if patient == one:
                assert everything(lab, one) == others
        assert slug(one) not in lab.schemas() and slug(another) not in lab.schemas()


def slug(patient_id: str) -> str:
    """Return the schema of a patient of the real data."""
    return "patient_" + patient_id.lower().replace("-", "_")


def test_not_what_would_be_lost(lab: Lab) -> None:
    """Changed in v0.6.0, read by somebody's view, no legacy database: each is refused, with what to do."""
    lab.add_patient("NEW")
    lab.migrate("DEMO_HER2", "DEMO_TNBC", "NEW")
    lab.execute("update patient_demo_her2.expression_data set expression_fold_change = 77 where transcript_id in "
                "(select transcript_id from patient_demo_her2.expression_data limit 1)")  # fmt: skip
    lab.execute("create view public.mine as select * from patient_demo_tnbc.expression_data")
    lab.drop_patient("NEW")
    try:
        done = roll_back(lab, "DEMO_HER2", "DEMO_TNBC", "NEW", code=1)
    finally:
        lab.execute("drop view public.mine")
    assert "changed in v0.6.0" in done["DEMO_HER2"]["message"] and "--discard" in done["DEMO_HER2"]["message"]
    assert "public.mine" in done["DEMO_TNBC"]["message"]
    assert "no archive of it" in done["NEW"]["message"]
    assert lab.schemas() == ["patient_demo_her2", "patient_demo_tnbc", "patient_new"]
    done = roll_back(lab, "DEMO_HER2", "NEW", "--discard")
    assert done["NEW"]["legacy"] == "none" and lab.schemas() == ["patient_demo_tnbc"]


LOSSES = {
    "update patient_demo_her2.metadata set clinical_notes = 'seen in March'": "metadata",
    "create table patient_demo_her2.variants (id int)": "variants",
    "delete from patient_demo_her2.quarantined_expression; insert into patient_demo_her2.quarantined_expression "
    "(transcript_id, expression_fold_change, reason, source) values ('X', 1, 'orphan', 'somebody')":
    "rows of quarantined_expression",
}  # fmt: skip


@pytest.mark.parametrize("change", LOSSES)
def test_not_what_somebody_made(lab: Lab, change: str) -> None:
    """Notes in the metadata, a table, a row: it stops there, and says what would be lost."""
    lab.migrate("DEMO_HER2")
    lab.execute(change)
    done = roll_back(lab, "DEMO_HER2", code=1)["DEMO_HER2"]
    assert f"({LOSSES[change]}" in done["message"] or f", {LOSSES[change]}" in done["message"]
    assert lab.schemas() == ["patient_demo_her2"]
    assert roll_back(lab, "DEMO_HER2", "--discard")["DEMO_HER2"]["result"] == "rolled back"


def test_not_to_a_legacy_database_without_the_values(lab: Lab) -> None:
    """Emptied, or another one of its name: what v0.6.0 has would be the only copy."""
    lab.add_patient("ONE")
    lab.migrate("ONE")
    lab.change("ONE", "update cancer_transcript_base set expression_fold_change = 1")
    lab.change("ONE", "update transcripts set expression_fold_change = 1")
    assert "does not have the values that were moved" in roll_back(lab, "ONE", code=1)["ONE"]["message"]
    lab.drop_patient("ONE")
    lab.execute(f'create database "{PREFIX}ONE"', "postgres")
    assert roll_back(lab, "ONE", code=1)["ONE"]["result"] == "failed"
    assert lab.schemas() == ["patient_one"]


def test_tables_of_others_stay(lab: Lab) -> None:
    """A laboratory's own table in cohort keeps its rows; with --all its schema is refused, and its table named."""
    lab.migrate("DEMO_HER2")
    lab.execute("create table cohort.notes as select 'DEMO_HER2' as patient_id, 'mine' as note")
    try:
        assert roll_back(lab, "DEMO_HER2")["DEMO_HER2"]["result"] == "rolled back"
        assert lab.query("select note from cohort.notes") == [("mine",)]
        assert "cohort.notes" in complaint(lab.call("rollback", "--all"), 5)
    finally:
        lab.execute("drop table cohort.notes")


def test_all_with_a_lock_left(lab: Lab) -> None:
    """A legacy database that is still locked keeps the journal, which knows what it was before."""
    lab.add_patient("ONE")
    lab.migrate("DEMO_HER2")
    assert lab.call("legacy", "lock", "ONE").returncode == 0
    assert "mediabase_patient_ONE. See legacy unlock" in complaint(lab.call("rollback", "--all"), 5)
    assert lab.call("legacy", "unlock", "ONE").returncode == 0


def test_a_legacy_database_that_changed(lab: Lab, tmp_path: Path) -> None:
    """It was never dropped, and went on: it stays as it is, and the difference from its archive is said."""
    lab.add_patient("ONE")
    lab.migrate("ONE")
    lab.listing("archive", "ONE", "--folder", tmp_path / "backups")
    lab.change("ONE", "delete from gene_pathways")
    done = roll_back(lab, "ONE")["ONE"]
    assert done["result"] == "rolled back" and "other rows in public.gene_pathways" in done["message"]


@pytest.mark.parametrize("is_dropped", [False, True])
def test_after_a_cut_over(lab: Lab, tmp_path: Path, is_dropped: bool) -> None:
    """The legacy database lets in again whom it let in, and takes writes."""
    lab.execute("create role of_the_ward login")
    try:
        lab.add_patient("ONE")
        lab.execute(f'revoke connect on database "{PREFIX}ONE" from public; '
                    f'grant connect on database "{PREFIX}ONE" to of_the_ward', "postgres")  # fmt: skip
        before = whole(lab, PREFIX + "ONE")
        assert lab.call("migrate", "ONE", "--strategy", "parallel").returncode == 0
        assert lab.call("legacy", "cut-over", "ONE").returncode == 0
        lab.listing("archive", "ONE", "--folder", tmp_path / "backups")
        if is_dropped:
            lab.listing("drop-legacy", "ONE", "--yes")
        assert roll_back(lab, "ONE")["ONE"]["message"] == ""
        assert whole(lab, PREFIX + "ONE") == before
    finally:
        lab.drop_patient("ONE")
        lab.execute("drop role of_the_ward")


@pytest.mark.parametrize("fault", ["dump", "folder"])
def test_a_bad_archive_loses_nothing(lab: Lab, tmp_path: Path, fault: str) -> None:
    """The database was dropped, and its archive is damaged: the patient stays in v0.6.0, readable."""
    lab.add_patient("ONE")
    lab.migrate("ONE")
    (done,) = lab.listing("archive", "ONE", "--folder", tmp_path / "backups")
    lab.listing("drop-legacy", "ONE", "--yes")
    folder = Path(done["folder"])
    if fault == "dump":
        (folder / "database.dump").write_bytes(b"nothing")
    else:
        folder.rename(tmp_path / "elsewhere")
    assert roll_back(lab, "ONE", code=1)["ONE"]["result"] == "failed"
    assert lab.schemas() == ["patient_one"]
    assert lab.query("select state, published_at is not null from migration.patient") == [("dropped", True)]
    if fault == "folder":
        (tmp_path / "elsewhere").rename(folder)
        assert roll_back(lab, "ONE")["ONE"]["legacy"] == "restored"


def test_all(lab: Lab, tmp_path: Path) -> None:
    """Patients, cohort, journal, version row and roles are gone; the core is the one it was before the upgrade."""
    lab.execute(
        "drop schema if exists staging, migration, cohort, access cascade; drop table if exists schema_versions"
    )
    for role in SHARED_ROLES:
        lab.execute(f"do $$ begin drop owned by {role}; drop role {role}; exception when undefined_object then end $$")
    before, legacy = whole(lab, "mbase"), whole(lab, PREFIX + "DEMO_HER2")
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    assert lab.call("core", "retire-legacy-table").returncode == 0
    done = lab.call("rollback", "--all", "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    core = json.loads(done.stdout)["core"]
    assert core["notes"] == [] and len(core["tables"]) >= 10
    assert whole(lab, "mbase") == before and whole(lab, PREFIX + "DEMO_HER2") == legacy
    saved = json.loads(Path(core["journal"]).read_text())
    assert {row["patient_id"] for row in saved["patient"]} == {"DEMO_HER2", "DEMO_TNBC"}
    assert saved["token"] == saved["audit"] == []
    assert lab.query("select rolname from pg_roles where rolname = any(%s)", parameters=[list(SHARED_ROLES)]) == []
    assert "no journal" in complaint(lab.call("rollback", "--all"), 5)
    lab.migrate("DEMO_HER2")
    lab.verify("DEMO_HER2")


def test_all_but_somebody(lab: Lab) -> None:
    """A patient that cannot go back keeps the core as it is, and is named."""
    lab.add_patient("NEW")
    lab.migrate("DEMO_HER2", "NEW")
    lab.drop_patient("NEW")
    done = lab.call("rollback", "--all")
    assert done.returncode == 1 and "NEW" in done.stdout
    assert lab.schemas() == ["patient_new"] and lab.query("select to_regclass('migration.patient')") != [(None,)]


def test_in_a_session_of_another_time_zone(lab: Lab) -> None:
    """The text of a time depends on it; a patient that nobody edited is not taken for edited."""
    lab.migrate("DEMO_HER2")
    done = lab.call("rollback", "DEMO_HER2", PGTZ="Europe/Berlin")
    assert done.returncode == 0, (done.stdout, done.stderr)
