"""The rehearsal: says what the migration then does, leaves production alone, and leaves nothing behind."""

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import DEMO, Lab, complaint, eventually
from test_dry_run import make_patients, state

from orchestrator import journal
from orchestrator.errors import RefusedError, UsageError
from orchestrator.migration.extrapolate import Measured, choose_sample, fit, predict_bytes
from orchestrator.migration.outcome import Outcome
from orchestrator.migration.untouched import movements, positions
from orchestrator.postgres.embedded import bundled_programs, discard
from orchestrator.postgres.programs import find_matching
from orchestrator.postgres.scratch import refuse_full_disk

COUNTS = ("result", "legacy_rows", "stored", "baseline", "quarantined", "reasons", "missing")


def rehearse(lab: Lab, *arguments: object, code: int = 0) -> dict[str, Any]:
    """Rehearse in a process of its own; return the report."""
    done = lab.run("rehearse", *arguments, "--json")
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    report = json.loads(done.stdout)
    assert report["exit_code"] == code
    return dict(report)


def outcomes(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a report says of each patient."""
    return {each["outcome"]["patient_id"]: each["outcome"] for each in report["patients"]}


def of_rehearsals(home: Path) -> list[str]:
    """Return the command lines of processes that work in a rehearsal's folder, and the names of such folders."""
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    running = [line for line in lines if f"{home}/" in line and "rehearsal-" in line]
    return running + [path.name for path in home.iterdir() if "rehearsal-" in path.name]


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the programs and workers that a rehearsal has started; its server is nobody's child."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if child.is_running() and child.name() != "postgres"]


def is_copying(_lab: Lab, process: subprocess.Popen[str]) -> bool:
    """Tell whether a database is being copied now."""
    with suppress(psutil.NoSuchProcess):
        return any("--format=custom" in child.cmdline() for child in family_of(process) if child.name() == "pg_dump")
    return False


def is_migrating(lab: Lab, _process: subprocess.Popen[str]) -> bool:
    """Tell whether a rehearsal has come to its migration."""
    return bool(list(lab.home.glob("rehearsal-*/dbt/worker-0")))


POINTS = {"copying": is_copying, "migrating": is_migrating}


def test_it_says_what_then_happens_and_leaves_production_alone(lab: Lab) -> None:
    """Every outcome there is; not a transaction number, a file or a process more than before."""
    ids = make_patients(lab)
    for database in ("mbase", *(f"mediabase_patient_{each}" for each in lab.patients())):
        lab.execute("vacuum", database)
    lab.execute("checkpoint")
    before, files = state(lab), sorted(path.name for path in lab.home.iterdir())
    (wal,) = lab.query("select pg_current_wal_insert_lsn() - '0/0'")[0]
    report = rehearse(lab, *ids, code=1)
    (wal_after,) = lab.query("select pg_current_wal_insert_lsn() - '0/0'")[0]
    assert state(lab) == before
    assert sorted(path.name for path in lab.home.iterdir()) == files and not of_rehearsals(lab.home)
    (movement,) = report["movements"]
    assert movement["is_untouched"] and not movement["transactions"]
    assert movement["wal_bytes"] <= wal_after - wal < 10_000  # a checkpoint's own records, no page of a table
    assert not report["differences"] and not any(copied["left_out"] for copied in report["copied"])

    rehearsed, migrated = outcomes(report), lab.migrate(*ids)
    for patient_id in ids:
        assert {name: rehearsed[patient_id][name] for name in COUNTS} == {
            name: getattr(migrated[patient_id], name) for name in COUNTS
        }
    by_id = {each["outcome"]["patient_id"]: each for each in report["patients"]}
    assert by_id["DEMO_BAD_VALUES"]["parity"] and by_id["DISAGREE"]["parity"] is None
    assert rehearsed["DEMO_BAD_VALUES"]["quarantined"] == 13
    for patient_id in ("DEMO_BAD_VALUES", "DEMO_HER2", "DEMO_BASELINE"):
        (size,) = lab.query(
            "select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r' "
            f"and relnamespace = 'patient_{patient_id.lower()}'::regnamespace"
        )[0]
        assert abs(by_id[patient_id]["schema_bytes"] - size) <= 5 * 8192  # a vacuum in between adds a map a table
    assert report["prediction"]["fail"] == ["DISAGREE", "NUMERIC"] and report["prediction"]["patients"] == 7


def test_a_sample_larger_than_the_number_of_patients_is_all_of_them(lab: Lab) -> None:
    """With two jobs, and patients that are done already; their neighbours' schemas are not copied."""
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    report = rehearse(lab, "--sample", 50, "--jobs", 2, code=3)
    assert set(outcomes(report)) == set(DEMO) - {"DEMO_HER2", "DEMO_TNBC"}  # there is no more to rehearse
    assert report["prediction"]["to_migrate"] == 4 and report["prediction"]["patients"] == 6
    report = rehearse(lab, "DEMO_HER2", "DEMO_LUAD_EGFR")
    assert {id_: each["result"] for id_, each in outcomes(report).items()} == {
        "DEMO_HER2": "unchanged",
        "DEMO_LUAD_EGFR": "migrated",
    }
    assert all(each["parity"] for each in report["patients"]) and not report["differences"]


def test_a_writer_in_production_is_noticed(lab: Lab) -> None:
    """Rows changed there after they were copied: the verdict is not that it was left alone."""
    with lab.started("rehearse", "DEMO_TNBC") as process:
        eventually(lambda: is_migrating(lab, process), "the migration begins")
        lab.add_patient("SPARE", like="DEMO_TNBC")
        lab.change("DEMO_TNBC", "update cancer_transcript_base set expression_fold_change = 0.5")
        out, err = process.communicate(timeout=120)
    try:
        assert process.returncode == 1, (out, err)
        assert "DEMO_TNBC: what was stored is not what production holds now" in out
        assert "transactions ended that had written" in out and "untouched" not in out
    finally:
        lab.drop_patient("DEMO_TNBC")
        lab.add_patient("DEMO_TNBC", like="SPARE")


def test_a_writer_who_has_not_committed_is_noticed(lab: Lab) -> None:
    """Nothing is proved of a server on which somebody is about to write."""
    with lab.session() as session:
        session.execute("begin; create table half_done ()")
        before = positions(lab.where)
        session.execute("rollback")
    (movement,) = movements(before, before)
    assert not movement.is_untouched and "1 were open" not in str(movement) and "2 were open" in str(movement)


def test_patients_that_changed_since_they_were_moved(lab: Lab) -> None:
    """The copies stand for the legacy server: a changed patient is moved again, by its new name, as in production."""
    lab.add_patient("Marx", like="DEMO_TNBC")
    lab.call("inventory", "P-1", "--rename", "Marx=P-1")
    lab.migrate("P-1")
    lab.change("Marx", "update cancer_transcript_base set expression_fold_change = 3")
    lab.change("Marx", "update transcripts set expression_fold_change = 3")
    report = rehearse(lab, "P-1")
    assert not report["differences"] and outcomes(report)["P-1"]["stored"] == 600
    assert lab.migrate("P-1")["P-1"].stored == 600


def test_a_legacy_database_that_may_not_be_entered(lab: Lab) -> None:
    """It is counted as one that would fail, and the others are rehearsed; so beside a run nothing is."""
    lab.execute("create role clerk login", "postgres")
    for database in ("mbase", "mediabase_patient_DEMO_HER2"):
        lab.execute("grant select on all tables in schema public to clerk", database)
        lab.execute("grant select on all sequences in schema public to clerk", database)
    lab.execute('revoke connect on database "mediabase_patient_DEMO_TNBC" from public', "postgres")
    try:
        legacy = lab.where.legacy.replace("user=mediabase", "user=clerk")
        done = lab.run("rehearse", "DEMO_HER2", "--json", MEDIABASE_LEGACY_DSN=legacy)
        assert done.returncode == 0, done.stderr
        assert "DEMO_TNBC" in json.loads(done.stdout)["prediction"]["fail"]
        with journal.locked(lab.where.target):
            assert "Another operator" in complaint(lab.call("rehearse", "DEMO_HER2"), 4)
    finally:
        lab.execute('grant connect on database "mediabase_patient_DEMO_TNBC" to public', "postgres")
        for database in ("mbase", "mediabase_patient_DEMO_HER2"):
            lab.execute("drop owned by clerk", database)
        lab.execute("drop role clerk", "postgres")


def test_what_is_refused(lab: Lab) -> None:
    """One sentence, before anything is copied."""
    assert "No legacy database for patient NOBODY" in complaint(lab.call("rehearse", "NOBODY"), 2)
    assert "either ids or --sample" in complaint(lab.call("rehearse", "DEMO_HER2", "--sample", 2), 2)
    assert lab.call("rehearse", "--sample", 0).returncode == 2
    programs = str(bundled_programs().parent)
    assert "MEDIABASE_PG_BIN" in complaint(lab.call("rehearse", "DEMO_HER2", MEDIABASE_PG_BIN=programs), 2)
    lab.add_patient("no good")
    assert "hold no usable patient id" in complaint(lab.call("rehearse"), 5)
    lab.add_patient("DEMO-HER2")
    assert "DEMO-HER2" in complaint(lab.call("rehearse", "DEMO_HER2"), 5)
    assert not of_rehearsals(lab.home)


def test_a_role_that_may_not_read_all_is_told_which_table(lab: Lab) -> None:
    """pg_dump's own first line; the scratch server is gone, or kept where the sentence says."""
    lab.forget_upgrade()
    lab.execute("drop role if exists clerk; create role clerk login", "postgres")
    lab.execute("create schema private; grant select on all tables in schema public to clerk; "
                "create table private.notes (note text)")  # fmt: skip
    lab.execute("grant select on all sequences in schema public to clerk")
    lab.add_patient(
        "READABLE",
        "grant select on all tables in schema public to clerk; grant select on all sequences in schema public to clerk",
    )
    dsn = lab.where.target.replace("user=mediabase", "user=clerk")
    try:
        done = lab.run("rehearse", "READABLE", MEDIABASE_DSN=dsn)
        assert "permission denied for schema private" in complaint(done, 1) and not of_rehearsals(lab.home)
        said = complaint(lab.run("rehearse", "READABLE", "--keep", MEDIABASE_DSN=dsn), 1)
        kept = Path(said.rpartition("is kept in ")[2].rstrip("."))
        assert "permission denied" in said and (kept / "server.log").exists()
        assert discard(kept) and not kept.exists()
        lab.execute("drop schema private cascade")
        assert lab.run("rehearse", "READABLE", MEDIABASE_DSN=dsn).returncode == 0
        assert not of_rehearsals(lab.home)
    finally:
        lab.execute("drop schema if exists private cascade; drop owned by clerk")
        lab.drop_patient("READABLE")
        lab.execute("drop role clerk", "postgres")


def test_the_program_that_fits(tmp_path: Path) -> None:
    """The server's own major version, wherever it is; a folder that was named must have it."""
    assert find_matching("pg_dump", 180000, None).version[0] == 18
    assert find_matching("pg_dump", 180000, bundled_programs()).path == bundled_programs() / "pg_dump"
    with pytest.raises(UsageError, match=r"is 18\.\d+, but the server runs 15"):
        find_matching("pg_dump", 150002, bundled_programs())
    with pytest.raises(RefusedError, match=r"PostgreSQL 14 is needed.*found here: .*18\.\d+.*postgresql-client-14"):
        find_matching("pg_dump", 140002, None)
    broken = tmp_path / "pg_dump"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(UsageError, match="of no version that it would tell"):
        find_matching("pg_dump", 180000, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        assert find_matching("pg_dump", 180000, None).version[0] == 18


def test_a_disk_without_room_is_refused(tmp_path: Path) -> None:
    """With both figures, and whether or not the folder is there yet."""
    refuse_full_disk(tmp_path / "not" / "there", 1)
    with pytest.raises(RefusedError, match=r"need 1,200\.0 TB below .*, where [\d.,]+ [GT]B are free"):
        refuse_full_disk(tmp_path / "not" / "there", 10**15)


def planned(**rows: int) -> list[Outcome]:
    """Return what a dry run says of patients with these rows to store."""
    return [Outcome(name, "migrated", legacy_rows=10**6, stored=stored) for name, stored in rows.items()]


def test_the_sample_covers_the_range() -> None:
    """By rank, the least and the most among them; the same each time."""
    some = planned(e=500, b=100, a=100, d=400, c=300)
    assert choose_sample(some, 3) == ["a", "c", "e"]
    assert choose_sample(some, 2) == ["a", "e"]
    assert choose_sample(some, 1) == ["c"]
    assert choose_sample(some, 9) == choose_sample(list(reversed(some)), 5) == ["a", "b", "c", "d", "e"]
    assert choose_sample([*some, Outcome("f", "failed"), Outcome("g", "unchanged", stored=9)], 2) == ["a", "e"]
    assert choose_sample([Outcome("f", "failed")], 2) == ["f"]


REAL = {
    3_171: 565_248, 17_896: 2_457_600, 26_406: 3_571_712, 102_680: 13_426_688, 108_623: 14_204_928,
    112_574: 14_712_832,
}  # fmt: skip
"""Stored rows and bytes of real patients' schemas, as the migration left them."""


@pytest.mark.parametrize("sample", [(3_171, 26_406, 112_574), (3_171,), (112_574,), (17_896, 26_406), ()])
def test_the_line_holds_for_every_kind_of_sample(sample: tuple[int, ...]) -> None:
    """A wide one, one patient, two that are alike, none; patients of other sizes are foretold within 5 %."""
    line = fit([Measured(rows, 0, REAL[rows]) for rows in sample])
    for rows, size in REAL.items():
        assert abs(line.of(Outcome("x", "migrated", stored=rows)) / size - 1) < 0.05
    naive = Outcome("x", "migrated", stored=76_935, quarantined=128_886)
    assert abs(predict_bytes(line, [naive]) / 29_450_240 - 1) < 0.05
    assert predict_bytes(line, [Outcome("x", "migrated")]) == 90_112


def test_a_tiny_patient_does_not_tilt_the_line() -> None:
    """Ten rows fill a page of each relation: that says nothing of the width of a row."""
    line = fit([Measured(10, 0, 122_880)])
    assert abs(line.of(Outcome("x", "migrated", stored=112_574)) / REAL[112_574] - 1) < 0.05
