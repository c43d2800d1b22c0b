"""`mediabase patient remove`: everything of a patient is kept, proven, and makes the same patient again."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers import Lab, complaint

from orchestrator.migration.manifest import Manifest, store_manifest
from orchestrator.migration.upload import Upload

FACTS = {"cancer_type": 'Lung, "quoted"', "clinical_notes": "two\nlines", "read_depth_millions": "31.5"}
JOURNAL = (
    "legacy_rows", "stored_rows", "baseline_rows", "quarantined_rows", "quarantine_reasons", "missing_rows", "state",
    "legacy_digest", "current_digest", "core_fingerprint", "legacy_system", "surface", "source_database", "taken_at",
    "metadata_digest",
)  # fmt: skip


@pytest.fixture
def patients(lab: Lab, tmp_path: Path) -> Lab:
    """Return a laboratory with a patient of a file, with facts and all kinds of rows, and two of databases."""
    path = tmp_path / "t.csv"
    rows = ["ENST00000269571,4.5", "ENST00000269571,2", "ENST00000269305,0.1", "6-Mar,3", "ENST00000206249,", "X,nan",
            "ENST00000275493,1", "ENST00000368654,5e-324", '"a, ""b""",2']  # fmt: skip
    rows += [f"ENST9{number:010},1.5" for number in range(1, 31)]
    path.write_text("transcript_id,fold_change\n" + "\n".join(rows) + "\n")
    with lab.session() as target:
        lab.bring_in(Upload(path.name, "FIRST", path))  # makes the journal, so that facts have a place
        store_manifest(target, Manifest(["patient_id", *FACTS], [{"patient_id": "FILE", **FACTS}]))
    assert lab.bring_in(Upload(path.name, "FILE", path))["FILE"].result == "migrated"
    lab.migrate("DEMO_BAD_VALUES", "DEMO_HER2")
    return lab


def state(lab: Lab, patient_id: str) -> list[Any]:
    """Return everything of a patient that a removal and its undo must bring back."""
    schema = f"patient_{patient_id.lower()}"
    journal = lab.query(f"select {', '.join(JOURNAL)} from migration.patient where patient_id = '{patient_id}'")
    tables = [
        lab.query(f"select transcript_id, expression_fold_change::text from {schema}.expression_data order by 1"),
        lab.query(
            "select transcript_id, expression_fold_change::text, reason "
            f"from {schema}.quarantined_expression order by 1"
        ),
        lab.query(f"select to_jsonb(metadata)::text from {schema}.metadata"),
    ]
    return [journal, *tables]


def test_removed_and_brought_back(patients: Lab) -> None:
    """Rows, quarantine, metadata and the journal are what they were; in between nothing of it is in the target."""
    ids = ("FILE", "DEMO_BAD_VALUES")
    before = {each: state(patients, each) for each in ids}
    looked = patients.call("patient", "remove", *ids)
    assert looked.returncode == 0 and "Nothing was removed" in looked.stdout
    assert {each: state(patients, each) for each in ids} == before
    done = patients.call("patient", "remove", *ids, "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    folders = {each["patient_id"]: Path(each["folder"]) for each in json.loads(done.stdout)}
    for each in ids:
        assert f"patient_{each.lower()}" not in patients.schemas()
        assert patients.query(f"select rolname from pg_roles where rolname = 'reader_patient_{each.lower()}'") == []
        assert patients.query(f"select * from cohort.patient_facts where patient_id = '{each}'") == []
        assert {path.stat().st_mode & 0o077 for path in (folders[each], *folders[each].iterdir())} == {0}
    complaint(patients.call("patient", "remove", "FILE", "--yes"), 2)
    undone = patients.run("patient", "remove", *ids, "--undo", "--json")
    assert undone.returncode == 3, undone.stderr
    assert {each["result"] for each in json.loads(undone.stdout)} == {"migrated"}
    assert {each: state(patients, each) for each in ids} == before
    assert "is there" in complaint(patients.call("patient", "remove", "FILE", "--undo"), 2)
    assert patients.migrate("DEMO_BAD_VALUES")["DEMO_BAD_VALUES"].result == "unchanged"


def test_edits_come_back_and_other_objects_stop_it(patients: Lab) -> None:
    """Values are kept as they are now; a table of somebody else's, or a view elsewhere, would be lost."""
    patients.execute(
        "update patient_file.expression_data set expression_fold_change = 7 where transcript_id like '%571'"
    )
    patients.execute(
        "create table patient_file.notes (n int); create view public.elsewhere as table patient_demo_her2.metadata"
    )
    try:
        done = patients.call("patient", "remove", "FILE", "DEMO_HER2", "--yes", "--json")
        assert done.returncode == 1
        said = {each["patient_id"]: each["message"] for each in json.loads(done.stdout)}
        assert "notes" in said["FILE"] and "elsewhere" in said["DEMO_HER2"]
        assert {"patient_file", "patient_demo_her2"} <= set(patients.schemas())
    finally:
        patients.execute("drop table patient_file.notes; drop view public.elsewhere")
    assert patients.call("patient", "remove", "FILE", "--yes").returncode == 0
    assert patients.run("patient", "remove", "FILE", "--undo").returncode == 3
    assert ("ENST00000269571", "7") in state(patients, "FILE")[1]


def test_what_was_kept_and_changed_since_makes_no_patient(patients: Lab) -> None:
    """A bit flipped in its rows is seen before anything is built, and no folder is one sentence."""
    done = patients.call("patient", "remove", "FILE", "--yes", "--json")
    rows = Path(json.loads(done.stdout)[0]["folder"]) / "rows.csv"
    good = rows.read_bytes()
    rows.write_bytes(good.replace(b"4.5", b"4.6"))
    undone = patients.run("patient", "remove", "FILE", "--undo")
    assert undone.returncode == 1 and "its bytes are others" in undone.stderr
    assert "patient_file" not in patients.schemas()
    rows.write_bytes(good)
    assert patients.run("patient", "remove", "FILE", "--undo").returncode == 3
    assert "Nothing is kept" in complaint(patients.call("patient", "remove", "NOBODY", "--undo"), 2)


def test_a_folder_that_cannot_be_written_removes_nothing(patients: Lab) -> None:
    """The patient stays, and the sentence names the folder."""
    shutil.rmtree(patients.home / "removed", ignore_errors=True)
    (patients.home / "removed").write_text("in the way")
    try:
        done = patients.call("patient", "remove", "FILE", "--yes", "--json")
        assert done.returncode == 1 and "Not a directory" in done.stdout
        assert "patient_file" in patients.schemas()
    finally:
        (patients.home / "removed").unlink()
