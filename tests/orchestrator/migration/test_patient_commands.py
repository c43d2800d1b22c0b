"""`mediabase patient list`, `show`, `update` and `export`: what is there, said once and exactly."""

import csv
import json
import math
import struct
import tempfile
from pathlib import Path
from typing import Any

import pytest
from helpers import DEMO, Lab, complaint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator import journal
from orchestrator.migration.patient_export import export_patients
from orchestrator.migration.upload import Upload
from orchestrator.postgres.copy import pack
from orchestrator.uploads.layout import Asked
from orchestrator.validation.validate import validate

ERBB2, TP53, EGFR = "ENST00000269571", "ENST00000269305", "ENST00000275493"
EXTREME = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1 + 0.2, 1.0000000000000002, 0.9999999999999999]
COHORT = ("patient_metadata", "patient_signatures", "patient_facts", "patient_structure", "patient_markers")


def upload(folder: Path, patient_id: str, values: dict[str, float]) -> Upload:
    """Return a new file of linear fold changes as the source of a patient."""
    path = folder / f"{patient_id}.txt"
    path.write_text("transcript_id,fold_change\n" + "".join(f"{name},{value!r}\n" for name, value in values.items()))
    return Upload(path.name, patient_id, path, Asked("standard"))


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of a CSV."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def bits(value: float) -> bytes:
    """Return the eight bytes of a float."""
    return struct.pack(">d", value)


def stored(lab: Lab, schema: str) -> dict[str, bytes]:
    """Return the stored values of a patient, bit by bit."""
    rows = lab.query(f"select transcript_id, expression_fold_change from {schema}.expression_data")
    return {name: bits(value) for name, value in rows}


def facts(lab: Lab) -> list[tuple[Any, ...]]:
    """Return what schema cohort has of all patients, but for when it was looked at."""
    return [
        (table, row) for table in COHORT
        for (row,) in lab.query(f"select (to_jsonb(t) - 'checked_at')::text from cohort.{table} as t order by 1")
    ]  # fmt: skip


def exported(lab: Lab, folder: Path, *patient_ids: str, **options: Any) -> list[Any]:
    """Export in this process; return what became of each."""
    return export_patients(lab.where, patient_ids, folder, options.pop("form", "standard"), lambda _: None, **options)


def test_list_has_published_and_other_patients(lab: Lab, tmp_path: Path) -> None:
    """Where each came from, and its counts and size as the tests themselves read them."""
    lab.migrate("DEMO_HER2", "DEMO_BAD_VALUES")
    lab.bring_in(upload(tmp_path, "NEW", {ERBB2: 4.5, TP53: 0.5, EGFR: 1.0}))
    lab.export("DEMO_TNBC")
    found = {each["patient_id"]: each for each in lab.listing("patient", "list")}
    assert list(found) == ["DEMO_BAD_VALUES", "DEMO_HER2", "DEMO_TNBC", "NEW"]
    new, bad, waiting = found["NEW"], found["DEMO_BAD_VALUES"], found["DEMO_TNBC"]
    assert (new["source"], new["is_imported"], new["file_format"]) == ("NEW.txt", True, "standard")
    assert (new["stored_rows"], new["baseline_rows"], new["quarantined_rows"]) == (2, 1, 0)
    assert (bad["source"], bad["is_imported"]) == ("mediabase_patient_DEMO_BAD_VALUES", False)
    assert bad["file_format"] == "legacy_v0.5.0"
    beside = "select count(*) from patient_demo_bad_values.quarantined_expression"
    assert [(bad["quarantined_rows"],)] == lab.query(beside)
    size = "select sum(pg_total_relation_size(oid))::bigint from pg_class where relkind = 'r' and relnamespace = '{}'"
    assert [(new["schema_bytes"],)] == lab.query(size.replace("'{}'", "'patient_new'::regnamespace"))
    assert (waiting["published_at"], waiting["file_format"], waiting["schema_bytes"]) == (None, None, None)
    assert new["published_at"] and bad["published_at"]
    text = lab.call("patient", "list").stdout
    assert "no (exported)" in text and "NEW.txt" in text


def test_list_asks_no_schema_of_a_patient(lab: Lab, tmp_path: Path) -> None:
    """It says the same, but for sizes, when the tables of patients are gone; and is empty before there is one."""
    lab.call("core", "upgrade")
    assert lab.listing("patient", "list") == []
    lab.bring_in(*(upload(tmp_path, f"P{number}", {ERBB2: 2.0 + number}) for number in range(2)))
    before = lab.listing("patient", "list")
    lab.execute("drop schema patient_p0, patient_p1 cascade")
    assert lab.listing("patient", "list") == [each | {"schema_bytes": None} for each in before]
    assert all(each["file_format"] == "standard" and each["schema_bytes"] for each in before)


def test_show_has_all_but_values(lab: Lab, tmp_path: Path) -> None:
    """Metadata, counts, reasons, how the file was read, the verdict; nothing of it is a fold change."""
    path = tmp_path / "r.csv"
    path.write_text(f"transcript_id,log2FoldChange\n{ERBB2},6.79321670926574\n{TP53},NA\n")
    done = lab.run("patient", "import", "NEW", path, "--cancer-type", "Breast Cancer")
    assert done.returncode == 3, done.stderr
    shown = lab.call("patient", "show", "NEW", "--json")
    found = json.loads(shown.stdout)
    assert found["journal"]["quarantine_reasons"] == {"null": 1}
    assert (found["metadata"]["cancer_type"], found["metadata"]["file_format"]) == ("Breast Cancer", "deseq2")
    assert "log2 fold changes" in found["metadata"]["metadata_json"]["read_as"]
    assert found["validation"]["is_passed"] is True and found["schema_bytes"] > 0
    text = lab.call("patient", "show", "NEW").stdout
    for said in ("Breast Cancer", "r.csv", "1 null", "log2 fold changes in column log2FoldChange", "passed"):
        assert said in text
    assert "110.9" not in text + shown.stdout  # 2 ** 6.79321670926574


def test_one_sentence_for_what_is_not_there(lab: Lab, tmp_path: Path) -> None:
    """An unknown patient, a bad id, a patient without data."""
    lab.export("DEMO_TNBC")
    for command in (["show", "NOBODY"], ["update", "NOBODY", "--cancer-type", "x"],
                    ["export", "DEMO_TNBC", "NOBODY", "--to", tmp_path / "to"]):  # fmt: skip
        assert "does not know 'NOBODY'" in complaint(lab.call("patient", *command), 2)
    complaint(lab.call("patient", "show", "no id"), 2)
    assert "has no data" in complaint(lab.call("patient", "update", "DEMO_TNBC", "--cancer-type", "x"), 5)
    assert "Not published" in complaint(lab.call("patient", "export", "DEMO_TNBC", "--to", tmp_path / "to"), 5)
    assert not (tmp_path / "to").exists()
    assert json.loads(lab.call("patient", "show", "DEMO_TNBC", "--json").stdout)["metadata"] is None
    assert lab.query("select * from staging.patient_manifest") == []


def test_an_update_is_no_edit(lab: Lab, tmp_path: Path) -> None:
    """Afterwards schema cohort is what a validation makes of it, and every command takes the patient as its own."""
    first = upload(tmp_path, "NEW", {ERBB2: 4.5, TP53: 0.5})
    lab.migrate("DEMO_HER2")
    lab.bring_in(first)
    for patient_id in ("NEW", "DEMO_HER2"):
        done = lab.call("patient", "update", patient_id, "--cancer-type", "Breast Cancer", "--cancer-subtype", "HER2+",
                        "--read-depth-millions", "0", "--clinical-notes", "very private", "--json")  # fmt: skip
        changed = ["cancer_type", "cancer_subtype", "read_depth_millions", "clinical_notes"]
        assert json.loads(done.stdout)["changed"] == changed, done.stderr
    assert lab.query("select detail from migration.event where event = 'facts changed'") == [({"fields": changed},)] * 2
    kept = lab.query("select to_jsonb(r)::text from migration.run as r union all select to_jsonb(e)::text "
                     "from migration.event as e")  # fmt: skip
    assert not any("private" in text or "Breast" in text for (text,) in kept)
    assert lab.query("select exit_code from migration.run where command = 'patient update'") == [(0,)] * 2
    before = facts(lab)
    assert any(table == "patient_metadata" and "Breast Cancer" in row for table, row in before)
    assert any(table == "patient_signatures" and '"is_claimed": true' in row for table, row in before)
    verdicts = validate(lab.where, None, True, lab.home, lambda _: None, lambda _: None)
    assert verdicts.exit_code == 0, verdicts
    assert facts(lab) == before
    assert {each["cancer_type"] for each in lab.listing("patient", "list")} == {"Breast Cancer"}
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "unchanged"
    assert lab.migrate("DEMO_HER2", force=True)["DEMO_HER2"].result == "migrated"  # built over, so not changed
    second = upload(tmp_path, "NEW", {ERBB2: 2.25})
    assert lab.bring_in(second, force=True)["NEW"].result == "migrated"
    told = "select cancer_type, cancer_subtype, read_depth_millions, clinical_notes from patient_{}.metadata"
    for schema in ("new", "demo_her2"):
        assert lab.query(told.format(schema)) == [("Breast Cancer", "HER2+", 0.0, "very private")]
    assert lab.call("patient", "update", "DEMO_HER2", "--unset", "clinical_notes").returncode == 0
    back = lab.run("rollback", "DEMO_HER2")
    assert back.returncode == 0 and lab.schemas() == ["patient_new"], back.stdout + back.stderr


def test_what_is_unset_stays_so(lab: Lab, tmp_path: Path) -> None:
    """A fact that was removed does not come back with a rebuild; facts that nobody named stay."""
    source = upload(tmp_path, "NEW", {ERBB2: 4.5})
    lab.bring_in(source)
    told = "select cancer_type, tissue_type from patient_new.metadata"
    lab.call("patient", "update", "NEW", "--cancer-type", "Breast Cancer", "--tissue-type", "breast")
    assert lab.query(told) == [("Breast Cancer", "breast")]
    assert "Changed: cancer_type." in lab.call("patient", "update", "NEW", "--unset", "cancer_type").stdout
    assert lab.query(told) == [(None, "breast")]
    assert lab.query("select cancer_type from cohort.patient_metadata") == [(None,)]
    assert lab.bring_in(source, force=True)["NEW"].result == "migrated"
    assert lab.query(told) == [(None, "breast")]
    runs = "select count(*) from migration.run where command = 'patient update'"
    before = lab.query(runs)
    assert "nothing was changed" in lab.call("patient", "update", "NEW", "--tissue-type", "breast").stdout
    assert lab.query(runs) == before


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "Say what to change"),
    (["--read-depth-millions", "-1"], "--read-depth-millions takes a number from 0"),
    (["--read-depth-millions", "nan"], "--read-depth-millions takes a number from 0"),
    (["--read-depth-millions", "inf"], "--read-depth-millions takes a number from 0"),
    (["--cancer-type", ""], "--cancer-type takes text"),
    (["--cancer-type", "bell\a"], "--cancer-type takes text"),
    (["--cancer-type", "\udcff"], "--cancer-type takes text"),
    (["--unset", "patient_id"], "There is no fact patient_id"),
    (["--unset", "upload_date"], "There is no fact upload_date"),
    (["--cancer-type", "x", "--unset", "cancer_type"], "not both: cancer_type"),
])  # fmt: skip
def test_a_bad_update_changes_nothing(lab: Lab, tmp_path: Path, arguments: list[str], said: str) -> None:
    """One sentence, exit code 2."""
    lab.bring_in(upload(tmp_path, "NEW", {ERBB2: 4.5}))
    before = lab.query("select * from patient_new.metadata")
    assert said in complaint(lab.call("patient", "update", "NEW", *arguments), 2)
    assert lab.query("select * from patient_new.metadata") == before
    assert lab.query("select * from staging.patient_manifest") == []


def test_an_edited_patient_and_one_in_work_are_left_alone(lab: Lab, tmp_path: Path) -> None:
    """What somebody wrote into the metadata stays, and nothing waits for a rebuild to take its place."""
    lab.bring_in(upload(tmp_path, "NEW", {ERBB2: 4.5}))
    lab.execute("update patient_new.metadata set clinical_notes = 'seen'")
    assert "somebody edited it" in complaint(lab.call("patient", "update", "NEW", "--cancer-type", "x"), 5)
    assert lab.query("select cancer_type, clinical_notes from patient_new.metadata") == [(None, "seen")]
    assert lab.query("select * from staging.patient_manifest") == []
    with journal.locked(lab.where.target):
        complaint(lab.call("patient", "update", "NEW", "--cancer-type", "x"), 4)


def test_a_manifest_for_unchanged_patients_reaches_the_cohort(lab: Lab, tmp_path: Path) -> None:
    """`migrate --manifest` has the facts where `patient update` has them."""
    lab.migrate("DEMO_HER2")
    path = tmp_path / "patients.csv"
    path.write_text("patient_id,cancer_type\nDEMO_HER2,Breast Cancer\n")
    assert lab.run("migrate", "DEMO_HER2", "--manifest", path).returncode == 0
    assert lab.query("select cancer_type, is_as_built from cohort.patient_metadata") == [("Breast Cancer", True)]


def test_a_file_comes_back_bit_by_bit(lab: Lab, tmp_path: Path) -> None:
    """Import, export, and import under another id; whatever a role has set for the text of numbers."""
    ids = [name for (name,) in lab.query("select transcript_id from transcripts order by random() limit 6")]
    lab.bring_in(upload(tmp_path, "ONE", dict(zip(ids, EXTREME, strict=True))))
    assert stored(lab, "patient_one") == {name: bits(value) for name, value in zip(ids, EXTREME, strict=True)}
    lab.execute("alter database mbase set extra_float_digits = 0")
    try:
        done = lab.call("patient", "export", "ONE", "--to", tmp_path / "to", "--json")
    finally:
        lab.execute("alter database mbase reset extra_float_digits")
    assert done.returncode == 0, done.stderr
    (path,) = json.loads(done.stdout)[0]["files"]
    header, rows = read(Path(path))
    assert header == ["transcript_id", "expression_fold_change"]
    assert [name for name, _ in rows] == sorted(ids)
    values = dict(zip(ids, EXTREME, strict=True))
    assert {name: bits(float(text)) for name, text in rows} == {name: bits(value) for name, value in values.items()}
    assert "5e-324" in dict(rows).values()  # the shortest text, not all 17 digits
    again = lab.run("patient", "import", "TWO", path)
    assert again.returncode == 0, again.stderr
    assert stored(lab, "patient_two") == stored(lab, "patient_one")


FINITE = st.floats(min_value=0, exclude_min=True, allow_infinity=False, allow_nan=False).filter(
    lambda value: value != 1
)
"""Every value that is stored, subnormal ones included."""


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(FINITE, min_size=1, max_size=200))
def test_every_double_is_exported_exactly(lab: Lab, values: list[float]) -> None:
    """What Python reads from the file are the bits that the table holds."""
    with tempfile.TemporaryDirectory() as folder:
        if not lab.schemas():
            lab.bring_in(upload(Path(folder), "ANY", {ERBB2: 4.5}))
        with lab.session() as target:
            target.execute("truncate patient_any.expression_data")
            into = "copy patient_any.expression_data (transcript_id, expression_fold_change) from stdin (format binary)"
            with target.cursor().copy(into) as copy:
                pack(((f"T{number:05}", value) for number, value in enumerate(values)), copy.write)
        (done,) = exported(lab, Path(folder) / "to", "ANY")
        _, rows = read(Path(done.files[0]))
    assert [bits(float(text)) for _, text in rows] == [bits(value) for value in values]


def test_demo_patients_are_exported_as_the_tests_read_them(lab: Lab, tmp_path: Path) -> None:
    """Both forms; rows in quarantine have a file of their own only where there are any, and each only its owner."""
    lab.migrate(*DEMO)
    done = {each.patient_id: each for each in exported(lab, tmp_path / "standard", *DEMO)}
    wide = {each.patient_id: each for each in exported(lab, tmp_path / "wide", *DEMO, form="v0.5.0")}
    for patient_id in DEMO:
        schema = f"patient_{patient_id.lower()}"
        _, rows = read(tmp_path / "standard" / f"{patient_id}.csv")
        assert {name: bits(float(value)) for name, value in rows} == stored(lab, schema)
        beside = lab.query(f"select transcript_id, expression_fold_change, reason from {schema}.quarantined_expression")
        assert len(done[patient_id].files) == (2 if beside else 1)
        if beside:
            header, rows = read(tmp_path / "standard" / f"{patient_id}.quarantine.csv")
            assert header == ["id", "fold_change", "reason"]
            assert sorted((name, value and repr(float(value)), reason) for name, value, reason in rows) == sorted(
                (name, "" if value is None else repr(value), reason) for name, value, reason in beside
            )
        header, rows = read(tmp_path / "wide" / f"{patient_id}.csv")
        columns = lab.query("select attname::text from pg_attribute where attnum > 0 and attrelid = "
                            f"'{schema}.cancer_transcript_base'::regclass order by attnum")  # fmt: skip
        assert header == [name for (name,) in columns] and len(header) == 23
        view = f"select transcript_id, gene_symbol, expression_fold_change from {schema}.cancer_transcript_base"
        place = [header.index(name) for name in ("transcript_id", "gene_symbol", "expression_fold_change")]
        assert sorted(tuple(row[each] for each in place) for row in rows) == sorted(
            (name, symbol or "", _text(value)) for name, symbol, value in lab.query(view)
        )
        assert wide[patient_id].files == [str(tmp_path / "wide" / f"{patient_id}.csv")]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*/*.csv")} == {0o600}


def _text(value: float | None) -> str:
    """Return a value as PostgreSQL's shortest text has it, for what the demo patients have."""
    if value is None or math.isnan(value) or math.isinf(value):
        return "" if value is None else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return repr(value).removesuffix(".0")


def test_nothing_is_overwritten_unless_asked(lab: Lab, tmp_path: Path) -> None:
    """Refused before any file; with --replace a file of rows in quarantine that are no longer there goes, too."""
    lab.bring_in(*(upload(tmp_path, patient_id, {ERBB2: 4.5}) for patient_id in ("ONE", "TWO")))
    folder = tmp_path / "to"
    folder.mkdir()
    (folder / "TWO.quarantine.csv").write_text("mine")
    assert "TWO.quarantine.csv is there: pass --replace" in complaint(
        lab.call("patient", "export", "ONE", "TWO", "--to", folder), 5
    )
    assert sorted(path.name for path in folder.glob("*.csv")) == ["TWO.quarantine.csv"]
    assert lab.call("patient", "export", "ONE", "TWO", "--to", folder, "--replace").returncode == 0
    assert sorted(path.name for path in folder.glob("*.csv")) == ["ONE.csv", "TWO.csv"]


def test_a_file_is_whole_or_what_it_was(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full, or a patient whose table is not what it was, ends in one sentence; the others are done."""
    lab.bring_in(*(upload(tmp_path, patient_id, {ERBB2: 4.5}) for patient_id in ("ONE", "TWO")))
    folder = tmp_path / "to"
    exported(lab, folder, "ONE", "TWO")
    before = (folder / "ONE.csv").read_bytes()
    lab.execute("update patient_two.expression_data set expression_fold_change = 9")
    lab.execute("alter table patient_one.expression_data drop column expression_fold_change cascade")
    one, two = exported(lab, folder, "ONE", "TWO", is_replacing=True)
    assert "no column expression_fold_change" in one.problem and two.problem == ""
    assert (folder / "ONE.csv").read_bytes() == before
    assert read(folder / "TWO.csv")[1] == [[ERBB2, "9"]]

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orchestrator.migration.csv_manifest.os.fsync", full)
    lab.execute("update patient_two.expression_data set expression_fold_change = 7")
    done = lab.call("patient", "export", "TWO", "--to", folder, "--replace")
    assert done.returncode == 1 and "No space left on device" in done.stdout and "Traceback" not in done.stderr
    assert read(folder / "TWO.csv")[1] == [[ERBB2, "9"]]
    assert list(folder.glob(".*.partial")) == []


def test_a_folder_that_cannot_be_one(lab: Lab, tmp_path: Path) -> None:
    """A file in its place, or a place where nobody can make one."""
    lab.bring_in(upload(tmp_path, "ONE", {ERBB2: 4.5}))
    for folder in (tmp_path / "ONE.txt", Path("/proc/nowhere")):
        assert "cannot be written to" in complaint(lab.call("patient", "export", "ONE", "--to", folder), 2)


def test_an_export_cannot_write(lab: Lab, tmp_path: Path) -> None:
    """The target takes no transaction number meanwhile."""
    lab.bring_in(upload(tmp_path, "ONE", {ERBB2: 4.5}))
    number = "select pg_snapshot_xmax(pg_current_snapshot())::text"
    before = lab.query(number)
    exported(lab, tmp_path / "to", "ONE")
    exported(lab, tmp_path / "to", "ONE", form="v0.5.0", is_replacing=True)
    assert lab.query(number) == before
