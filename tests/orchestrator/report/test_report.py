"""The report: facts of all patients, and the page that they become."""

import json
import re
import stat
import time
from pathlib import Path

from cohorts import ODD, added, copies, facts, hostile, page
from helpers import DEMO, NO_SERVER, Lab, complaint, mediabase
from page_checks import ACTIVE, CONTROLS, Tags
from psycopg.conninfo import make_conninfo

from orchestrator.report.checklist import checklist
from orchestrator.report.render import render

MOST_BYTES = 5_000_000
MOST_SECONDS = 60
MANY = 1000


def test_every_patient_is_told(cohort: Lab) -> None:
    """With the numbers of the journal, as JSON and as a page that only its owner may read."""
    done = cohort.call("report", "--json")
    assert done.returncode == 0, done.stderr
    told = {each["journal"]["patient_id"]: each for each in json.loads(done.stdout)["patients"]}
    assert set(told) == set(DEMO)
    bad = told["DEMO_BAD_VALUES"]
    assert bad["journal"]["quarantined_rows"] == sum(bad["journal"]["quarantine_reasons"].values()) > 0
    for each in told.values():
        assert each["bytes_before"] > each["bytes_after"] > 0
        assert each["rows"]["digest"] == each["journal"]["current_digest"]
        assert sum(each["distribution"]["rows_by_class"].values()) == each["rows"]["stored_rows"]
    text = page(cohort)
    for patient_id in DEMO:
        assert f"<h3>{patient_id}</h3>" in text
    assert "13 quarantined" in text and "2 infinite, 2 nan, 4 not_positive, 2 null, 3 orphan" in text
    assert "ERBB2" in text and "HER2-positive, as claimed" in text


def test_the_same_facts_make_the_same_page(cohort: Lab) -> None:
    """Byte for byte, in whatever order Python's sets are."""
    known = facts(cohort)
    assert list(render(known, lambda: None)) == list(render(known, lambda: None))


def test_the_file_is_private_and_whole(cohort: Lab, tmp_path: Path) -> None:
    """Mode 0600 also over a file that others may read; nothing is left where it cannot be written."""
    file = tmp_path / "report.html"
    file.write_text("old")
    file.chmod(0o644)
    done = cohort.call("report", "-o", file)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("<!DOCTYPE html>") and "values of patients" in done.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    (tmp_path / "folder").mkdir()
    complaint(cohort.call("report", "-o", tmp_path / "folder"), 2)
    complaint(cohort.call("report", "-o", tmp_path / "missing" / "report.html"), 2)
    complaint(cohort.call("report", "-o", file, "--json"), 2)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "report.html"]


def test_no_journal_is_one_sentence(cohort: Lab, tmp_path: Path) -> None:
    """Exit code 5, and no file."""
    elsewhere = make_conninfo(cohort.where.target, dbname="postgres")
    file = tmp_path / "report.html"
    said = complaint(mediabase("report", "-o", file, MEDIABASE_DSN=elsewhere), 5)
    assert "no journal" in said and not file.exists()


def test_no_legacy_server_is_no_failure(cohort: Lab, tmp_path: Path) -> None:
    """The size before is not known then, and the page says why."""
    file = tmp_path / "report.html"
    done = mediabase("report", "-o", file, MEDIABASE_DSN=cohort.where.target, MEDIABASE_LEGACY_DSN=NO_SERVER)
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert "Size before: unknown." in text and "Cannot connect" in text
    assert "unknown →" in text


def test_patients_that_are_not_done_show_as_such(cohort: Lab) -> None:
    """Failed, not built, built without facts, and with a validation of another shape than ours."""
    with added(cohort, ODD):
        known, text = facts(cohort), page(cohort)
    parity = {patient.patient_id: patient.parity for patient in known.patients}
    assert (parity["ODD_FAILED"], parity["ODD_NEW"], parity["ODD_BUILT"]) == ("", "", "not proven")
    assert "It cannot be read." in text and "ODD_NEW" in text
    assert "patient_facts (PostgreSQL error 42P01)" in text
    assert "S1 schema-exists (1): gone. More: <code>look</code>" in text and "as nobody writes it" in text
    assert "1 failed</span>, <span" in text
    marks = {item.text: item for phase in checklist(known) for item in phase.items}
    assert marks["All remaining patients migrated"].mark == "open"
    assert "not ODD_BUILT, ODD_FAILED, ODD_NEW." in marks["All remaining patients migrated"].fact
    assert marks["No validation failures"].mark == "open"


def test_the_checklist_is_the_guides_and_honest(cohort: Lab) -> None:
    """All of it, ticked where facts tell, with the fact; what nobody here can know is not ticked."""
    items = {item.text: item for phase in checklist(facts(cohort)) for item in phase.items}
    assert len(items) == 27
    done = {text for text, item in items.items() if item.mark == "done"}
    assert {"Core database upgraded to v0.6.0", "Patient inventory documented", "Export counts verified",
            "All remaining patients migrated", "Data counts compared (v0.5.0 vs v0.6.0)",
            "Test queries successful", "Validation queries executed", "No validation failures"} <= done  # fmt: skip
    assert items["Team trained on v0.6.0 patterns"].mark == items["Full backups created"].mark == "unseen"
    assert items["Old databases dropped (optional)"].mark == "open"
    assert "v0.6.0_baseline since" in items["Core database upgraded to v0.6.0"].fact
    assert all(item.fact for item in items.values())


def test_a_change_after_migration_is_told(cohort: Lab) -> None:
    """By the facts: the digest now beside the one that parity was proven for."""
    with added(cohort, "update cohort.patient_facts set digest = 'other' where patient_id = 'DEMO_TNBC'"):
        known = {patient.patient_id: patient for patient in facts(cohort).patients}
    assert known["DEMO_TNBC"].parity == "changed since" and known["DEMO_HER2"].parity == "equal"


def test_hostile_text_is_text(cohort: Lab) -> None:
    """No element, no attribute, no template and no direction comes out of what is in the database."""
    plain = Tags(page(cohort))
    with added(cohort, hostile()):
        text = page(cohort)
    tags = Tags(text)
    assert ACTIVE.isdisjoint(tags.found)
    assert set(tags.found) <= {*plain.found, "code"}
    assert tags.active == plain.active == []
    assert "&lt;script&gt;" in text and "{{ 7*7 }}" in text
    assert not CONTROLS.search(text)
    assert "http" not in re.sub("<meta http-equiv", "", text)


def test_a_thousand_patients_are_a_small_page(cohort: Lab, tmp_path: Path) -> None:
    """Each with both plots, genes, phenotypes and checks; read, drawn and written in a minute."""
    file = tmp_path / "report.html"
    with added(cohort, copies(MANY - len(DEMO))):
        started = time.monotonic()
        done = cohort.call("report", "-o", file)
        seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    assert f"{MANY:,} patients" in done.stdout
    text = file.read_text()
    assert text.count("<details><summary><h3>") == MANY
    assert text.count("<svg role=img") >= 2 * (MANY - 1)
    assert file.stat().st_size < MOST_BYTES, file.stat().st_size
    assert seconds < MOST_SECONDS
