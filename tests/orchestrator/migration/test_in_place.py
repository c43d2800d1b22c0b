"""`mediabase migrate --strategy in-place`: a batch at most between both worlds, and no more disk than was said."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import PREFIX, Lab, complaint, eventually, laboratory, whole

from orchestrator import sandbox as sandboxes
from orchestrator.legacy.databases import SURFACES

PATIENTS = ("P1", "P2", "P3", "P4", "P5")


@pytest.fixture(scope="module")
def own() -> Iterator[Lab]:
    """Return a server of this module's, whose patients are dropped."""
    with laboratory(sandboxes.Generated(transcripts=300)) as made:
        yield made


@pytest.fixture
def many(own: Lab) -> Iterator[Lab]:
    """Return that server with five patients more, nothing migrated and nothing backed up."""
    for number, patient_id in enumerate(PATIENTS, 2):
        own.add_patient(patient_id, *(f"update {table} set expression_fold_change = {number}" for table in SURFACES))
    yield own
    own.reset()
    shutil.rmtree(own.home / "backups", ignore_errors=True)


def in_place(lab: Lab, *arguments: object, code: int = 0) -> dict[str, Any]:
    """Move the five in place; return what the command says."""
    done = lab.run("migrate", *PATIENTS, "--strategy", "in-place", *arguments, "--json")
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return dict(json.loads(done.stdout))


def left(lab: Lab) -> set[str]:
    """Return which of the five have a legacy database."""
    return set(lab.patients()) & set(PATIENTS)


def test_batch_by_batch(many: Lab) -> None:
    """All are moved, archived and dropped; disk as predicted or less; each comes back as it was."""
    before = {patient_id: whole(many, PREFIX + patient_id) for patient_id in PATIENTS}
    assert "--yes" in complaint(many.call("migrate", *PATIENTS, "--strategy", "in-place"), 5)
    assert left(many) == set(PATIENTS)
    said = complaint(many.call("migrate", *PATIENTS, "--strategy", "in-place", "--max-disk", "1MB", "--yes"), 5)
    assert "--max-disk allows 1.0 MB" in said and left(many) == set(PATIENTS)
    done = in_place(many, "--batch", 3, "--max-disk", "10GB", "--yes")
    assert [(each["patient_id"], each["batch"], each["result"]) for each in done["patients"]] == [
        (patient_id, 1 + number // 3, "dropped") for number, patient_id in enumerate(PATIENTS)
    ]
    assert [each["patients"] for each in done["disk"]] == [3, 2]
    assert all(0 < each["measured_peak"] <= each["predicted_peak"] for each in done["disk"])
    assert done["disk"][1]["after"] < done["disk"][0]["after"]
    assert left(many) == set()
    assert many.query("select state, count(*) from migration.patient group by 1") == [("dropped", 5)]
    parity = many.listing("parity", *PATIENTS)
    assert {each["result"] for each in parity} == {"dropped"}
    back = json.loads(many.call("rollback", *PATIENTS, "--json").stdout)["patients"]
    assert {each["legacy"] for each in back} == {"restored"}
    assert {patient_id: whole(many, PREFIX + patient_id) for patient_id in PATIENTS} == before


def test_one_that_cannot(many: Lab) -> None:
    """Somebody is in one of them, one cannot be moved: both stay, with the reason, and the others go."""
    many.change("P4", "alter table cancer_transcript_base rename to something_else")
    many.change("P4", "alter table transcripts rename to something_more")
    with many.session(PREFIX + "P2"):
        done = in_place(many, "--batch", 5, "--yes", code=1)
    found = {each["patient_id"]: (each["result"], each["message"]) for each in done["patients"]}
    assert found["P2"][0] == "not dropped" and "is in use by" in found["P2"][1]
    assert found["P4"][0] == "failed" and left(many) == {"P2", "P4"}
    assert many.query("select state from migration.patient where patient_id = 'P2'") == [("archived",)]
    many.drop_patient("P4")
    again = many.run("migrate", "P2", "--strategy", "in-place", "--yes", "--json")
    assert again.returncode == 0 and left(many) == set()


@pytest.mark.parametrize("interrupts", [1, 2])
def test_paused(many: Lab, interrupts: int) -> None:
    """Once: the batch in hand is finished; twice: it stops now. The same command goes on, whatever was cut short."""
    command = ("migrate", *PATIENTS, "--strategy", "in-place", "--batch", "2", "--yes")
    with many.started(*command) as process:
        eventually(lambda: process.poll() is not None or len(left(many)) < 5, "the first is dropped", 180)
        os.killpg(process.pid, signal.SIGINT)
        if interrupts == 2:
            os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    stayed = left(many)
    assert stayed and "run the same command again" in said
    if interrupts == 1:
        assert "are finished first" in said
        states = dict(many.query("select patient_id, state from migration.patient"))
        assert {state for patient_id, state in states.items() if patient_id not in stayed} == {"dropped"}
        assert {states[patient_id] for patient_id in stayed if patient_id in states} <= {"discovered"}
    done = many.run("migrate", *sorted(stayed), "--strategy", "in-place", "--batch", "5", "--yes", "--json")
    assert done.returncode == 0 and left(many) == set(), (done.stdout, done.stderr)
    assert many.query("select state, count(*) from migration.patient group by 1") == [("dropped", 5)]
    assert many.query("select datname from pg_database where datname ~ '^mediabase_(dropping|restoring)'") == []
