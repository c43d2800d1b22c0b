"""A core that gains and loses transcripts under patients: who is concerned is named, and rows change places."""

import json
from pathlib import Path

import pytest
from helpers import Lab, complaint

from orchestrator.migration.upload import Upload

ERBB2, TP53 = "ENST00000269571", "ENST00000269305"
NEW, AT_ONE, WITHOUT, ZERO = "ENST99999999901", "ENST99999999902", "ENST99999999903", "ENST99999999904"

KNOWN = [f"ENST9{number:010}" for number in range(1, 6)]
"""Enough that the core knows more than half of the file."""


def gain(lab: Lab, *transcript_ids: str) -> None:
    """Add transcripts to the core, as a new Ensembl release does."""
    for name in transcript_ids:
        lab.execute(f"insert into transcripts (transcript_id, gene_id) select '{name}', gene_id from transcripts "
                    f"where transcript_id = '{TP53}'")  # fmt: skip


def lose(lab: Lab, *transcript_ids: str) -> None:
    """Take transcripts from the core."""
    for name in transcript_ids:
        lab.execute(f"delete from transcripts where transcript_id = '{name}'")


@pytest.fixture
def imported(lab: Lab, tmp_path: Path) -> Lab:
    """Return a laboratory with patients of files and of a database, all with ids that the core lacks."""
    rows = [(ERBB2, "4.5"), (TP53, "0.25"), (f"{NEW}.3", "2.5"), (f"{NEW}.4", "7"), (AT_ONE, "1"), (WITHOUT, "NA"),
            (ZERO, "0"), *((name, "1.5") for name in KNOWN)]  # fmt: skip
    path = tmp_path / "t.csv"
    path.write_text("transcript_id,fold_change\n" + "\n".join(map(",".join, rows)) + "\n")
    assert lab.bring_in(Upload(path.name, "FILE", path))["FILE"].result == "migrated"
    lab.migrate("DEMO_BAD_VALUES", "DEMO_HER2")
    return lab


def affected(lab: Lab) -> dict[str, tuple[int, int]]:
    """Return what `core check` says of each patient that is concerned."""
    done = lab.call("core", "check", "--json")
    assert done.returncode == 0, done.stderr
    return {each["patient_id"]: (each["orphaned"], each["storable"]) for each in json.loads(done.stdout)["affected"]}


def test_rows_change_places_with_the_core(imported: Lab) -> None:
    """Named by the check, moved by the command, validated, and moved back when the core goes back."""
    lab = imported
    assert affected(lab) == {}
    gain(lab, NEW, AT_ONE, WITHOUT, ZERO)
    try:
        assert affected(lab) == {"FILE": (0, 4), "DEMO_BAD_VALUES": (0, 2)}
        done = lab.run("migrate", "--all", "--requeue-quarantine", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        moved = {each["patient_id"]: each for each in json.loads(done.stdout)}
        assert set(moved) == {"FILE", "DEMO_BAD_VALUES", "DEMO_HER2"} and not any(
            each["problem"] for each in moved.values()
        )
        assert affected(lab) == {}
        stored = dict(lab.query("select transcript_id, expression_fold_change from patient_file.expression_data"))
        assert stored == {ERBB2: 4.5, TP53: 0.25, NEW: 2.5, **dict.fromkeys(KNOWN, 1.5)}
        beside = lab.query("select transcript_id, reason from patient_file.quarantined_expression order by 1")
        assert beside == [(f"{NEW}.4", "unmatched"), (WITHOUT, "null"), (ZERO, "not_positive")]
        counts = lab.query("select legacy_rows, stored_rows, baseline_rows, quarantined_rows from migration.patient "
                           "where patient_id = 'FILE'")  # fmt: skip
        assert counts == [(12, 8, 1, 3)]
        assert lab.query("select transcripts_matched, transcripts_unmatched from patient_file.metadata") == [(11, 1)]
        for _ in range(2):  # what was moved is what a migration would make, and a second run has nothing to do
            assert {each.result for each in lab.migrate("DEMO_BAD_VALUES", "DEMO_HER2").values()} == {"unchanged"}
            again = lab.call("migrate", "--all", "--requeue-quarantine", "--json")
            assert json.loads(again.stdout) == [] and again.returncode == 0
    finally:
        lose(lab, NEW, AT_ONE, WITHOUT, ZERO)
    assert affected(lab)["FILE"] == (1, 0)
    assert lab.run("migrate", "FILE", "--requeue-quarantine").returncode == 0
    assert lab.query(f"select reason from patient_file.quarantined_expression where transcript_id = '{NEW}'") == [
        ("orphan",)
    ]


def test_a_patient_that_was_changed_is_left_alone(imported: Lab) -> None:
    """Its edit stays, the others are moved, and the exit code says that one was not."""
    imported.execute("update patient_file.expression_data set expression_fold_change = 3")
    gain(imported, NEW)
    try:
        done = imported.run("migrate", "--all", "--requeue-quarantine", "--json")
        assert done.returncode == 1
        problems = {each["patient_id"]: each["problem"] for each in json.loads(done.stdout)}
        assert "changed in v0.6.0" in problems["FILE"] and not problems["DEMO_BAD_VALUES"]
        assert imported.query("select count(*) from patient_file.quarantined_expression") == [(5,)]
    finally:
        lose(imported, NEW)


def test_it_goes_with_nothing_else(lab: Lab) -> None:
    """Options of a migration do not apply, patients must be named, and known."""
    complaint(lab.call("migrate", "--all", "--requeue-quarantine", "--force"), 2)
    complaint(lab.call("migrate", "--requeue-quarantine"), 2)
    complaint(lab.call("migrate", "NOBODY", "--requeue-quarantine"), 2)
