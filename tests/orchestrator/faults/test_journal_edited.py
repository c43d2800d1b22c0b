"""Somebody edits a patient's row in the journal: no command takes what it says for true.

What `validate` says of each edit, see validation/test_planted_faults.py.
"""

import json
from typing import Any

import pytest
from helpers import Lab

HER2 = "DEMO_HER2"
COUNTS = (
    "stored_rows = stored_rows + 1",
    "stored_rows = stored_rows + 1, baseline_rows = baseline_rows - 1",
    "baseline_rows = baseline_rows - 1",
    "quarantined_rows = quarantined_rows + 1",
    "legacy_rows = legacy_rows + 1",
)


def edit(lab: Lab, change: str) -> None:
    """Migrate the patient, and change its row."""
    assert lab.migrate(HER2)[HER2].result == "migrated"
    lab.execute(f"update migration.patient set {change} where patient_id = '{HER2}'")


def parity(lab: Lab, code: int) -> dict[str, Any]:
    """Return what `parity` says of the patient; it ends with `code`."""
    (found,) = lab.listing("parity", HER2, code=code)
    return found


@pytest.mark.parametrize("change", COUNTS)
def test_counts(lab: Lab, change: str) -> None:
    """A migration says that they are not those of the rows, with --force too, and changes nothing but the state."""
    edit(lab, change)
    rows = lab.query("select t::text, xmin::text from patient_demo_her2.expression_data as t order by 1")
    for force in (False, True):
        outcome = lab.migrate(HER2, force=force)[HER2]
        assert outcome.result == "failed" and "journal counts other rows" in outcome.message
    assert lab.query("select t::text, xmin::text from patient_demo_her2.expression_data as t order by 1") == rows
    assert lab.call("validate", HER2).returncode == 1
    lab.execute("drop schema patient_demo_her2 cascade")  # what the message says
    assert lab.migrate(HER2)[HER2].result == "migrated"
    lab.verify(HER2)


@pytest.mark.parametrize("change", COUNTS[:3])
def test_counts_in_parity(lab: Lab, change: str) -> None:
    """The rows are the same, and parity says that the journal says otherwise."""
    edit(lab, change)
    found = parity(lab, 0)
    assert found["result"] == "same" and "in the journal" in found["message"]


@pytest.mark.parametrize("name", ["current_digest", "legacy_digest"])
def test_a_digest(lab: Lab, name: str) -> None:
    """Parity compares the rows themselves, and says that the journal knows others; a migration overwrites nothing that
    it takes for changed, and moves again what it takes for new.
    """
    edit(lab, f"{name} = repeat('0', 64)")
    found = parity(lab, 0)
    assert found["result"] == "same" and "not with the journal" in found["message"]
    assert lab.call("validate", HER2).returncode == (1 if name == "current_digest" else 0)
    outcome = lab.migrate(HER2)[HER2]
    assert outcome.result == ("kept" if name == "current_digest" else "migrated")
    lab.verify(HER2)


def test_both_digests(lab: Lab) -> None:
    """Nothing fits the journal any more: the patient is left alone."""
    edit(lab, "current_digest = repeat('0', 64), legacy_digest = repeat('0', 64)")
    assert lab.migrate(HER2)[HER2].result == "failed"
    assert lab.migrate(HER2, force=True)[HER2].result == "failed"
    lab.verify(HER2)


@pytest.mark.parametrize("change", ["published_at = null", "state = 'discovered'", "current_digest = null"])
def test_how_far_it_got(lab: Lab, change: str) -> None:
    """Taken back in the journal, a patient is looked at or built again, and is published as it was."""
    edit(lab, change)
    assert lab.migrate(HER2)[HER2].result in ("migrated", "unchanged")
    row = "select state, published_at is not null, current_digest = legacy_digest from migration.patient"
    assert lab.query(f"{row} where patient_id = '{HER2}'") == [("validated", True, True)]
    lab.verify(HER2)


def test_a_patient_that_the_journal_forgot(lab: Lab) -> None:
    """Its row deleted: the schema is of unknown origin, and is not built over."""
    assert lab.migrate(HER2)[HER2].result == "migrated"
    lab.execute(f"delete from migration.patient where patient_id = '{HER2}'")
    outcome = lab.migrate(HER2)[HER2]
    assert outcome.result == "failed" and "journal does not know" in outcome.message
    assert json.loads(lab.call("parity", HER2, "--json").stdout)[0]["result"] == "not migrated"
    lab.verify(HER2)
