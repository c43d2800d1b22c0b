"""`mediabase patient import`: every row of a file is accounted for, or the file is refused and nothing is left."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import Lab, complaint

from orchestrator.migration.upload import Upload
from orchestrator.uploads.layout import Asked

ERBB2, TP53, EGFR = "ENST00000269571", "ENST00000269305", "ENST00000275493"
LOG2 = [("ENST00000269571.4", "6.79321670926574"), (TP53, "-3.25"), (EGFR, "0"), ("ENST00000000000", "1.5"),
        ("ENST00000206249", "NA"), (TP53, "2")]  # fmt: skip


def table(path: Path, header: str, rows: list[tuple[str, str]]) -> Path:
    """Write a file of two columns."""
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    return path


def upload(path: Path, patient_id: str, **asked: Any) -> Upload:
    """Return a file as the source of a patient."""
    return Upload(path.name, patient_id, path, Asked(**asked))


def rows_of(lab: Lab, schema: str) -> tuple[dict[str, float], dict[str, tuple[float | None, str]]]:
    """Return stored values, and quarantined ones with their reasons, by id."""
    stored = lab.query(f"select transcript_id, expression_fold_change from {schema}.expression_data")
    beside = lab.query(f"select transcript_id, expression_fold_change, reason from {schema}.quarantined_expression")
    return dict(stored), {name: (value, reason) for name, value, reason in beside}


def test_a_table_of_log2_fold_changes(lab: Lab, tmp_path: Path) -> None:
    """Versions are cut off; what is not known, missing, or there already is kept beside, and 2^0 is baseline."""
    path = table(tmp_path / "results.csv", "transcript_id,log2FoldChange", LOG2)
    done = lab.run("patient", "import", "NEW-1", path, "--cancer-type", "Breast Cancer", "--json")
    assert done.returncode == 3, done.stderr
    (said,) = json.loads(done.stdout)
    imported = said["imported"]
    counts = {
        "uploaded": 6, "matched": 5, "unmatched": 1, "stored": 2, "baseline": 1, "quarantined": 3,
        "over_expressed": 1, "under_expressed": 1,
    }  # fmt: skip
    assert {name: imported[name] for name in counts} == counts
    assert "log2 fold changes in column log2FoldChange" in imported["details"]["read_as"]
    stored, beside = rows_of(lab, "patient_new_1")
    assert stored == {ERBB2: 2**6.79321670926574, TP53: 2**-3.25}
    assert beside == {
        "ENST00000000000": (2**1.5, "unmatched"), "ENST00000206249": (None, "null"),
        f"{TP53} (line 7)": (4.0, "duplicate"),
    }  # fmt: skip
    left_out = Path(said["left_out"])
    assert left_out.stat().st_mode & 0o077 == 0 and len(left_out.read_text().splitlines()) == 4
    assert lab.query("select cancer_type, source_file, file_format from patient_new_1.metadata") == [
        ("Breast Cancer", "results.csv", "deseq2")
    ]
    view = "select expression_fold_change from patient_new_1.cancer_transcript_base where transcript_id in ('{}', '{}')"
    assert set(lab.query(view.format(EGFR, "ENST00000206249"))) == {(1.0,), (None,)}
    is_good, tested = lab.dbt("test", "--vars", "patient_id: NEW-1")
    assert is_good, tested
    again = lab.run("patient", "import", "NEW-1", path, "--json")
    assert json.loads(again.stdout)[0]["result"] == "unchanged" and again.returncode == 3
    assert lab.listing("status", code=0)
    assert "has no legacy database" in lab.call("rollback", "NEW-1").stdout


def test_another_file_takes_its_place_only_when_asked(lab: Lab, tmp_path: Path) -> None:
    """Without --replace nothing is touched; with it the old data is there until the new is, also when that is bad."""
    first = upload(table(tmp_path / "first.csv", "transcript_id,fold_change", [(ERBB2, "4.5")]), "P1")
    second = upload(table(tmp_path / "second.csv", "transcript_id,fold_change", [(ERBB2, "2.25")]), "P1")
    bad = upload(table(tmp_path / "bad.csv", "transcript_id,fold_change", [(ERBB2, "-2.25")]), "P1")
    assert lab.bring_in(first)["P1"].result == "migrated"
    refused = lab.bring_in(second)["P1"]
    assert refused.result == "failed" and "It is there already, from first.csv: pass --replace" in refused.message
    assert lab.bring_in(bad, force=True)["P1"].result == "failed"
    assert rows_of(lab, "patient_p1")[0] == {ERBB2: 4.5}
    assert lab.query("select source_database from migration.patient") == [("first.csv",)]
    assert lab.bring_in(second, force=True)["P1"].result == "migrated"
    assert rows_of(lab, "patient_p1")[0] == {ERBB2: 2.25}
    assert lab.query("select source_database from migration.patient") == [("second.csv",)]
    lab.execute("update patient_p1.expression_data set expression_fold_change = 3")
    edited = lab.bring_in(first, force=True)["P1"]
    assert edited.result == "failed" and "Changed on both sides" in edited.message
    assert rows_of(lab, "patient_p1")[0] == {ERBB2: 3.0}


def test_patients_of_files_and_of_databases_do_not_mix(lab: Lab, tmp_path: Path) -> None:
    """Neither takes the other's place without being told to."""
    path = table(tmp_path / "t.csv", "transcript_id,fold_change", [(ERBB2, "4.5")])
    lab.migrate("DEMO_HER2")
    refused = lab.bring_in(upload(path, "DEMO_HER2"))["DEMO_HER2"]
    assert refused.result == "failed" and "from mediabase_patient_DEMO_HER2" in refused.message
    lab.verify("DEMO_HER2")
    lab.bring_in(upload(path, "DEMO_TNBC"))
    assert "came from elsewhere: DEMO_TNBC (t.csv" in complaint(lab.call("migrate", "DEMO_TNBC"), 5)


@pytest.mark.parametrize(("header", "rows", "said"), [
    ("baseMean,log2FoldChange", [("1.5", "2.5"), ("7", "-1")], "has no column with ids"),
    ("transcript_id,fold_change", [(ERBB2, "2"), (TP53, "-2")], "negative"),
    ("gene_symbol,FPKM", [("ERBB2", "2"), ("TP53", "7")], "expression levels"),
    ("transcript_id;fold_change", [(f"{ERBB2};1", "5")], "decimal comma"),
    ("symbol,fold_change", [("Trp53", "2"), ("Erbb2", "3"), ("Egfr", "4")], "has 3 rows, of which 0 name something"),
])  # fmt: skip
def test_a_file_that_cannot_be_taken_leaves_nothing(
    lab: Lab, tmp_path: Path, header: str, rows: list[tuple[str, str]], said: str
) -> None:
    """One sentence, exit code 1, no schema, and no patient in the journal."""
    path = table(tmp_path / "bad.csv", header, rows)
    done = lab.run("patient", "import", "NEW", path)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert lab.schemas() == [] and lab.query("select * from migration.patient") == []
    assert lab.query("select * from staging.legacy_export") == []
    dry = lab.call("patient", "import", "NEW", path, "--dry-run")
    assert dry.returncode == 1 and said in dry.stderr


def test_many_by_a_manifest(lab: Lab, tmp_path: Path) -> None:
    """A bad file and a missing one do not stop the others; a second run does only what is left."""
    (tmp_path / "files").mkdir()
    for number in range(6):
        table(tmp_path / "files" / f"{number}.csv", "symbol,fold_change", [("ERBB2", str(2 + number)), ("6-Mar", "2")])
    table(tmp_path / "files" / "3.csv", "symbol,fold_change", [("ERBB2", "many")])
    lines = ["patient_id,file,cancer_type", *(f"M{number},files/{number}.csv,Lung Cancer" for number in range(7))]
    manifest = tmp_path / "patients.csv"
    manifest.write_text("\n".join(lines) + "\n")
    done = lab.run("patient", "import", "--manifest", manifest, "--jobs", 2, "--json")
    assert done.returncode == 1, done.stderr
    results = {each["patient_id"]: each for each in json.loads(done.stdout)}
    assert {id_: each["result"] for id_, each in results.items()} == {
        **{f"M{number}": "migrated" for number in range(7)}, "M3": "failed", "M6": "failed",
    }  # fmt: skip
    assert "line 2" in results["M3"]["message"] and "6.csv" in results["M6"]["message"]
    assert lab.schemas() == ["patient_m0", "patient_m1", "patient_m2", "patient_m4", "patient_m5"]
    assert rows_of(lab, "patient_m5")[0] == {ERBB2: 7.0}
    table(tmp_path / "files" / "3.csv", "symbol,fold_change", [("ERBB2", "5")])
    table(tmp_path / "files" / "6.csv", "symbol,fold_change", [("ERBB2", "8")])
    again = lab.results("patient", "import", "--manifest", manifest, code=3)
    assert {id_ for id_, each in again.items() if each["result"] == "migrated"} == {"M3", "M6"}
    assert {each["result"] for each in again.values()} == {"migrated", "unchanged"}


@pytest.mark.parametrize(("text", "said"), [
    ("patient_id,cancer_type\nA,x\n", "needs a column file"),
    ("patient_id,file\nA,a.csv\nA,b.csv\n", "named a second time"),
    ("patient_id,file\nA-1,a.csv\nA_1,b.csv\n", "lead to one schema"),
    ("patient_id,file,format\nA,a.csv,excel\n", "line 2, format: it must be one of deseq2, standard"),
    ("patient_id,file\n../x,a.csv\n", "is not a patient id"),
    ("patient_id,file\nA,\n", "line 2: it names no file"),
    ("patient_id,file,colour\nA,a.csv,red\n", "has the columns"),
])  # fmt: skip
def test_a_manifest_that_cannot_be_followed(lab: Lab, tmp_path: Path, text: str, said: str) -> None:
    """Refused before anything is read or written."""
    manifest = tmp_path / "patients.csv"
    manifest.write_text(text)
    done = lab.call("patient", "import", "--manifest", manifest)
    assert done.returncode in (2, 5) and said in done.stderr, done.stderr
    assert lab.query("select * from migration.patient") == []


def test_what_is_asked_for_is_one_sentence(lab: Lab, tmp_path: Path) -> None:
    """Neither a file nor a manifest, both, a bad id, a missing file."""
    path = table(tmp_path / "t.csv", "transcript_id,fold_change", [(ERBB2, "4.5")])
    complaint(lab.call("patient", "import"), 2)
    complaint(lab.call("patient", "import", "A", path, "--manifest", path), 2)
    complaint(lab.call("patient", "import", "no id", path), 2)
    missing = lab.call("patient", "import", "A", tmp_path / "missing.csv", "--dry-run")
    assert missing.returncode == 1 and "missing.csv" in missing.stderr


def test_genes_go_to_one_transcript_or_to_all(lab: Lab, tmp_path: Path) -> None:
    """By the rule that is recorded; rows are then counted by transcript."""
    lab.execute("insert into transcripts (transcript_id, gene_id, transcript_type) "
                "select 'ENST99999999999', gene_id, 'retained_intron' from transcripts "
                f"where transcript_id = '{ERBB2}'")  # fmt: skip
    try:
        path = table(tmp_path / "genes.csv", "gene,logFC", [("ENSG00000141736.5", "2"), ("ENSG00000141510", "-1")])
        one = lab.bring_in(upload(path, "ONE"))["ONE"]
        assert (one.legacy_rows, one.stored) == (2, 2)
        assert rows_of(lab, "patient_one")[0] == {ERBB2: 4.0, TP53: 0.5}
        every = lab.bring_in(Upload(path.name, "ALL", path, Asked(), "all"))["ALL"]
        assert (every.legacy_rows, every.stored) == (3, 3)
        assert rows_of(lab, "patient_all")[0] == {ERBB2: 4.0, "ENST99999999999": 4.0, TP53: 0.5}
        rules = lab.query("select metadata_json ->> 'gene_to_transcript' from patient_all.metadata union all "
                          "select metadata_json ->> 'gene_to_transcript' from patient_one.metadata")  # fmt: skip
        assert rules == [("all",), ("representative",)]
    finally:
        lab.execute("drop schema if exists patient_one, patient_all cascade; "
                    "delete from transcripts where transcript_id = 'ENST99999999999'")  # fmt: skip
