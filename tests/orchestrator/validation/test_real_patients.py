"""Real patients: no false alarm, and the biology that is known of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Lab
from real_data import NAIVE, VERSIONED, fitted, real_lab

HER2 = "TCGA-AQ-A0Y5-01A"
RECEPTOR_NEGATIVE = "TCGA-A7-A13D-01A"
TWO = (HER2, RECEPTOR_NEGATIVE)
TRANSCRIPTS = 20_000


@pytest.fixture(scope="module")
def two(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a laboratory with two real patients, migrated with what is known of them."""
    manifest = tmp_path_factory.mktemp("manifest") / "patients.csv"
    manifest.write_text(
        "patient_id,cancer_type,cancer_subtype\n"
        f"{HER2},Breast Invasive Carcinoma,HER2+\n{RECEPTOR_NEGATIVE},Breast Invasive Carcinoma,\n"
    )
    files: dict[str, Path | dict[str, str]] = {each: realdata / "patients" / f"{each}.csv.gz" for each in TWO}
    with real_lab(realdata, files, TRANSCRIPTS) as lab:
        lab.results("migrate", "--all", "--manifest", manifest)
        yield lab


def test_a_her2_amplified_tumour_is_concordant_with_its_label(two: Lab) -> None:
    """ERBB2 74-fold and GRB7 22-fold, as the file says; nothing is noted against the label."""
    genes = two.query(
        "select gene_symbol, round(fold_change::numeric, 1)::float8, verdict from cohort.patient_signatures "
        "where patient_id = %s and signature = 'her2_positive' and gene_symbol in ('ERBB2', 'GRB7') order by 1",
        parameters=[HER2],
    )
    assert genes == [("ERBB2", 74.3, "concordant"), ("GRB7", 22.5, "concordant")]
    said = two.query(
        "select is_claimed, verdict from cohort.patient_phenotypes where patient_id = %s and check_id = 'B1'",
        parameters=[HER2],
    )
    assert said == [(True, "concordant")]
    assert not {note["check"] for note in notes(two)[HER2]} & {"B1", "B2", "B3", "B4"}


def test_a_receptor_negative_tumour_shows_as_such(two: Lab) -> None:
    """ESR1 0.02 and PGR 0.1, without any label that claims it: read, and not judged."""
    (found,) = two.query(
        "select is_claimed, verdict, core_genes from cohort.patient_phenotypes "
        "where patient_id = %s and signature = 'hormone_receptor_negative'",
        parameters=[RECEPTOR_NEGATIVE],
    )
    assert found == (False, "concordant", "ESR1 0.021, PGR 0.10")
    assert not {note["check"] for note in notes(two)[RECEPTOR_NEGATIVE]} & {"B1", "B2", "B3", "B4"}


def test_nothing_is_found_wrong_with_them(two: Lab) -> None:
    """By the facts, and by the suites over the schemas themselves."""
    done = two.call("validate", "--all", "--deep", "--json")
    assert done.returncode == 0, done.stdout
    assert [verdict["failures"] for verdict in json.loads(done.stdout)["verdicts"]] == [[], []]


def notes(lab: Lab) -> dict[str, list[dict[str, object]]]:
    """Return the notes of the last validation, by patient."""
    return dict(lab.query("select patient_id, notes from migration.validation"))


@pytest.mark.acceptance
def test_no_false_alarm_on_forty_real_patients(realdata: Path) -> None:
    """Nor on a table of naive ratios with 128,000 bad values, which are where they belong; no value is implausible."""
    files: dict[str, Path | dict[str, str]] = {
        path.name.removesuffix(".csv.gz"): path for path in (realdata / "patients").glob("*.csv.gz")
    }
    assert len(files) == 40
    files[NAIVE[VERSIONED]] = fitted(realdata, VERSIONED)
    with real_lab(realdata, files, TRANSCRIPTS) as lab:
        lab.results("migrate", "--all", "--jobs", 2, code=3)
        done = lab.run("validate", "--all", "--deep", "--json", timeout=600)
        assert done.returncode == 0, done.stdout
        verdicts = json.loads(done.stdout)["verdicts"]
        assert len(verdicts) == 41
        assert [verdict for verdict in verdicts if verdict["failures"]] == []
        noted = {note["check"] for verdict in verdicts for note in verdict["notes"]}
        assert noted == {"C1", "C2", "C3"}
