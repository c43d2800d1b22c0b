"""Patients of an older version of the models: columns come, views follow, and no value changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Lab, complaint, copy_project

from orchestrator.dbt import runner
from orchestrator.migration.patients_upgrade import NO_SCHEMA, Upgraded, upgrade_patients

PATIENTS = ("DEMO_BAD_VALUES", "DEMO_HER2")


class NextVersion:
    """A copy of the dbt project, to be made into that of a later version."""

    def __init__(self, folder: Path) -> None:
        """Copy this version's into the folder."""
        self.models = folder / "models" / "patient" / "_patient__models.yml"
        copy_project(folder)
        self.original = self.models.read_text()

    def add(self, after: str, column: str, data_type: str, constraint: str = "") -> None:
        """Give the model a column behind the one that is `after`."""
        text = self.models.read_text()
        more = f"      - name: {column}\n        description: Of the next version.\n        data_type: {data_type}\n"
        if constraint:
            more += f"        constraints:\n          - type: {constraint}\n            warn_unsupported: false\n"
        assert text.count(f"      - name: {after}\n") == 1
        self.models.write_text(text.replace(f"      - name: {after}\n", f"{more}      - name: {after}\n"))

    def take_back(self) -> None:
        """Make it this version's again."""
        self.models.write_text(self.original)


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NextVersion]:
    """Return a later version of the project, which this process runs."""
    project = NextVersion(tmp_path)
    monkeypatch.setattr(runner, "project_folder", lambda: tmp_path)
    yield project


def upgrade(lab: Lab, *patient_ids: str) -> dict[str, Upgraded]:
    """Upgrade patients, or all, in this process; return what became of each."""
    told: list[Upgraded] = []
    artifacts = lab.home / "dbt-of-another-project"
    done = upgrade_patients(lab.where.target, patient_ids or None, artifacts, lambda _: None, told.append)
    assert told == done
    return {each.patient_id: each for each in done}


def rows(lab: Lab, patient_id: str) -> list[tuple[object, ...]]:
    """Return what the journal proved of a patient, and what its tables have."""
    schema = f"patient_{patient_id.lower()}"
    return lab.query(
        "select current_digest, migration.patient_digest(schema_name), state, is_valid, "
        f"(select count(*) from {schema}.expression_data), "
        f"not exists (select from {schema}.expression_data where updated_at <> built_at) "
        f"from migration.patient where patient_id = '{patient_id}'"
    )


def columns(lab: Lab, table: str) -> list[str]:
    """Return the columns of a patient's table, in order."""
    found = lab.query(
        "select attname from pg_attribute where attnum > 0 and not attisdropped "
        f"and attrelid = 'patient_demo_her2.{table}'::regclass order by attnum"
    )
    return [str(name) for (name,) in found]


def test_a_column_comes_to_all_patients(lab: Lab, next_version: NextVersion) -> None:
    """With its comment and default; rows, digests and verdicts stay, and the second time there is nothing to do."""
    lab.migrate(*PATIENTS)
    before = {patient_id: rows(lab, patient_id) for patient_id in PATIENTS}
    next_version.add("created_at", "confidence", "double precision")
    next_version.add("read_depth_millions", "reviewed_by", "text")
    assert upgrade(lab) == {patient_id: Upgraded(patient_id, is_changed=True) for patient_id in PATIENTS}
    assert "confidence" in columns(lab, "expression_data") and "reviewed_by" in columns(lab, "metadata")
    assert lab.query(
        "select col_description(attrelid, attnum) from pg_attribute "
        "where attrelid = 'patient_demo_her2.metadata'::regclass and attname = 'reviewed_by'"
    ) == [("Of the next version.",)]
    assert {patient_id: rows(lab, patient_id) for patient_id in PATIENTS} == before
    assert upgrade(lab) == {patient_id: Upgraded(patient_id) for patient_id in PATIENTS}
    done = lab.run("validate", *PATIENTS)
    assert done.returncode == 0, done.stdout + done.stderr
    events = lab.query("select patient_id from migration.event where event = 'upgraded' order by patient_id")
    assert events == [(patient_id,) for patient_id in PATIENTS]


def test_what_was_edited_still_counts_as_edited(lab: Lab, next_version: NextVersion) -> None:
    """A new column does not make the journal take an edited row of metadata for the one that was built."""
    lab.migrate("DEMO_HER2")
    lab.execute("update patient_demo_her2.metadata set clinical_notes = 'edited by hand'")
    next_version.add("read_depth_millions", "reviewed_by", "text")
    assert upgrade(lab)["DEMO_HER2"].is_changed
    done = lab.run("validate", "DEMO_HER2")
    assert done.returncode == 0 and "M1 metadata-as-built" in done.stdout, done.stdout + done.stderr


def test_a_view_follows_its_model(lab: Lab, next_version: NextVersion) -> None:
    """Only where it is of another model; and patients that have failed their validation are not left behind."""
    lab.migrate(*PATIENTS)
    lab.execute("update migration.patient set state = 'failed', failed_from = 'validated', error_code = 'MB026'")
    text = next_version.original
    assert text.count("The table of v0.5.0 as a view") == 1
    next_version.models.write_text(text.replace("The table of v0.5.0 as a view", "That table as a view"))
    assert upgrade(lab) == {patient_id: Upgraded(patient_id, is_changed=True) for patient_id in PATIENTS}
    comment = "select obj_description('patient_demo_her2.cancer_transcript_base'::regclass)"
    assert str(lab.query(comment)[0][0]).startswith("That table as a view")
    assert lab.query("select distinct state, error_code from migration.patient") == [("failed", "MB026")]


def test_a_column_that_cannot_be_added(lab: Lab, next_version: NextVersion) -> None:
    """The patient keeps what it has, the journal says why, and the next upgrade puts it right."""
    lab.migrate(*PATIENTS)
    before = {patient_id: rows(lab, patient_id) for patient_id in PATIENTS}
    next_version.add("created_at", "confidence", "double precision", "not_null")
    next_version.add("read_depth_millions", "reviewed_by", "text")
    failed = upgrade(lab)
    assert {each.problem for each in failed.values()} == {
        "Its relations could not be upgraded (23502); they are as they were."
    }
    assert "reviewed_by" not in columns(lab, "metadata")
    assert lab.query("select distinct state, failed_from, error_code from migration.patient") == [
        ("failed", "validated", "MB060")
    ]
    next_version.take_back()
    assert upgrade(lab) == {patient_id: Upgraded(patient_id) for patient_id in PATIENTS}
    assert {patient_id: rows(lab, patient_id) for patient_id in PATIENTS} == before


def test_a_schema_that_is_gone(lab: Lab, next_version: NextVersion) -> None:
    """It is said of that patient, and not made anew; the others are upgraded."""
    lab.migrate(*PATIENTS)
    lab.execute("drop schema patient_demo_her2 cascade")
    next_version.add("created_at", "confidence", "double precision")
    done = upgrade(lab)
    assert done["DEMO_HER2"].problem == NO_SCHEMA and done["DEMO_BAD_VALUES"].is_changed
    assert lab.query("select to_regnamespace('patient_demo_her2')") == [(None,)]


def test_the_command(lab: Lab) -> None:
    """It says what there was to do; one patient that is not there stops it before anything is touched."""
    lab.migrate("DEMO_HER2")
    done = lab.run("patient", "upgrade", "--all")
    assert done.returncode == 0 and "Upgraded: 0; up to date already: 1; failed: 0." in done.stdout, done.stderr
    assert "does not know NOBODY" in complaint(lab.call("patient", "upgrade", "NOBODY"), 2)
    assert "Name patients, or pass --all" in complaint(lab.call("patient", "upgrade"), 2)
