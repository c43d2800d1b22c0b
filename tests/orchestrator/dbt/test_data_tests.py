"""Every data test of the project fails for the fault that it stands for, for no other, and for no healthy patient."""

import json
from pathlib import Path

import pytest
from helpers import Lab

from orchestrator.queries.column_map import FOLD_CHANGE, legacy_columns

PATIENT = "DEMO_BAD_VALUES"
SCHEMA = "patient_demo_bad_values"
OF_THE_PATIENT = ["--select", "path:models/patient", "path:tests/singular"]

UNCHECKED = """
    alter table expression_data drop constraint check_fold_change_not_default;
    alter table expression_data drop constraint check_fold_change_positive;
"""
ONE_STORED = "where transcript_id = (select min(transcript_id) from expression_data)"
ONE_ORPHAN = "where transcript_id = (select min(transcript_id) from quarantined_expression where reason = 'orphan')"

# What a build writes into the journal: for faults that the build itself made, and so recorded as if they were right.
RECORDED_AS_BUILT = """
    update migration.patient set
        stored_rows = (select count(*) from expression_data),
        quarantined_rows = (select count(*) from quarantined_expression),
        baseline_rows = legacy_rows - (select count(*) from expression_data)
            - (select count(*) from quarantined_expression),
        quarantine_reasons = (
            select jsonb_object_agg(reason, n)
            from (select reason, count(*) as n from quarantined_expression group by reason) as by_reason
        ),
        legacy_digest = migration.patient_digest(schema_name),
        current_digest = migration.patient_digest(schema_name)
    where patient_id = 'DEMO_BAD_VALUES'
"""


SHOWN = [column.name for column in legacy_columns().values() if column.is_current]


def view_of(columns: list[str], rows: str = "") -> str:
    """Return statements that show these columns, and only some rows, in place of the view of the patient."""
    return f"""
        alter view cancer_transcript_base rename to true_view;
        create view cancer_transcript_base as select {", ".join(columns)} from true_view {rows}
    """


def instead(name: str, expression: str) -> list[str]:
    """Return the columns of the view, with another expression for one."""
    return [f"{expression} as {name}" if shown == name else shown for shown in SHOWN]


FAULTS = {
    "a baseline row is stored": (
        "not_baseline_expression_data_expression_fold_change",
        f"{UNCHECKED} update expression_data set expression_fold_change = 1.0 {ONE_STORED}; {RECORDED_AS_BUILT}",
    ),
    **{
        f"{value} is stored": (
            "positive_finite_expression_data_expression_fold_change",
            f"{UNCHECKED} update expression_data set expression_fold_change = '{value}' {ONE_STORED}; "
            f"{RECORDED_AS_BUILT}",
        )
        for value in ("NaN", "Infinity", "-Infinity", "0", "-0.5")
    },
    "an orphan is stored": (
        "transcript_in_core_expression_data_transcript_id",
        f"insert into expression_data select transcript_id, 2.5 from quarantined_expression {ONE_ORPHAN};"
        f"delete from quarantined_expression {ONE_ORPHAN}; {RECORDED_AS_BUILT}",
    ),
    "a stored row is lost": (
        "row_count_matches_expression_data_stored_rows",
        f"delete from expression_data {ONE_STORED};"
        "update migration.patient set current_digest = migration.patient_digest(schema_name)",
    ),
    "a stored row is recorded twice": (
        "row_count_matches_expression_data_stored_rows",
        "update migration.patient set stored_rows = stored_rows + 1, baseline_rows = baseline_rows - 1",
    ),
    "a quarantined row is recorded twice": (
        "row_count_matches_quarantined_expression_quarantined_rows",
        "update migration.patient set quarantined_rows = quarantined_rows + 1, baseline_rows = baseline_rows - 1",
    ),
    "a transcript has two dispositions": (
        "assert_no_transcript_is_stored_and_quarantined",
        "insert into quarantined_expression (transcript_id, expression_fold_change, reason) "
        f"select transcript_id, 'NaN', 'nan' from expression_data {ONE_STORED}; {RECORDED_AS_BUILT};"
        "update migration.patient set missing_rows = missing_rows + 1",
    ),
    "the reason is another's": (
        "assert_quarantine_reasons_are_true",
        "update quarantined_expression set reason = 'not_positive' where reason = 'infinite';" + RECORDED_AS_BUILT,
    ),
    "a later reason hides the first": (
        "assert_quarantine_reasons_are_true",
        "update quarantined_expression set reason = 'orphan' where reason = 'null';" + RECORDED_AS_BUILT,
    ),
    "a good value is quarantined": (
        "assert_quarantine_reasons_are_true",
        f"insert into quarantined_expression (transcript_id, expression_fold_change, reason) "
        f"select transcript_id, expression_fold_change, 'orphan' from expression_data {ONE_STORED};"
        f"delete from expression_data {ONE_STORED}; {RECORDED_AS_BUILT}",
    ),
    "a legacy row has no disposition": (
        "assert_dispositions_add_up",
        "update migration.patient set baseline_rows = baseline_rows - 1",
    ),
    "a lost row passes for baseline": (
        "assert_dispositions_add_up",
        f"delete from quarantined_expression {ONE_ORPHAN}; {RECORDED_AS_BUILT}",
    ),
    "the reasons are miscounted": (
        "assert_dispositions_add_up",
        """update migration.patient set quarantine_reasons = quarantine_reasons || '{"nan": 3, "null": 1}'""",
    ),
    "there are no metadata": ("assert_metadata_is_complete", "delete from metadata"),
    "there are metadata twice": (
        "assert_metadata_is_complete",
        "insert into metadata (patient_id, upload_date, file_format) values ('OTHER', now(), 'custom')",
    ),
    **{
        f"the metadata have {change}": ("assert_metadata_is_complete", f"update metadata set {change}")
        for change in (
            "patient_id = 'demo_bad_values'",
            "upload_date = null",
            "transcripts_matched = transcripts_matched - 1",
            "total_transcripts_uploaded = null",
            "matching_success_rate = 0.5",
            "matching_success_rate = null",
        )
    },
    "a value was changed": (
        "assert_values_are_as_proven",
        f"update expression_data set expression_fold_change = expression_fold_change * 1.0000000000000002 {ONE_STORED}",
    ),
    "a quarantined value was changed": (
        "assert_values_are_as_proven",
        "update quarantined_expression set expression_fold_change = 'Infinity' "
        "where expression_fold_change = '-Infinity'",
    ),
    "the view reads quarantined rows at baseline": (
        "assert_compatibility_view_reads_every_transcript_once",
        view_of(instead(FOLD_CHANGE, "case when transcript_id in (select transcript_id from "
                        "quarantined_expression) then 1.0 else expression_fold_change end")),
    ),
    "the view lacks a transcript": (
        "assert_compatibility_view_reads_every_transcript_once",
        view_of(SHOWN, "where transcript_id <> (select min(transcript_id) from true_view)"),
    ),
    "the view has a transcript twice": (
        "assert_compatibility_view_reads_every_transcript_once",
        view_of(SHOWN, "union all (select * from true_view limit 1)"),
    ),
    "the view rounds": (
        "assert_compatibility_view_reads_every_transcript_once",
        view_of(instead(FOLD_CHANGE, "expression_fold_change::real::double precision")),
    ),
    "the view lacks a column": ("assert_compatibility_view_has_the_legacy_columns", view_of(SHOWN[:-1])),
    "the view has one more": (
        "assert_compatibility_view_has_the_legacy_columns", view_of([*SHOWN, "null::jsonb as publications"])
    ),
    "the view has its columns in another order": (
        "assert_compatibility_view_has_the_legacy_columns", view_of([*SHOWN[1:], SHOWN[0]])
    ),
    "a column of the view is of another type": (
        "assert_compatibility_view_has_the_legacy_columns",
        view_of(instead("gene_symbol", "gene_symbol::varchar(50)")),
    ),
}  # fmt: skip


def failing(lab: Lab, *arguments: str, patient_id: str = PATIENT) -> list[str]:
    """Run `dbt test`; return the names of the tests that failed. None may end in an error."""
    lab.dbt("test", "--vars", json.dumps({"patient_id": patient_id}), *arguments)
    results = json.loads((lab.home / "dbt-of-tests" / "target" / "run_results.json").read_text())["results"]
    assert results
    ended = {result["unique_id"].split(".")[2]: (result["status"], result["message"]) for result in results}
    assert {status for status, _ in ended.values()} <= {"pass", "fail", "success"}, ended
    return [name for name, (status, _) in ended.items() if status == "fail"]


def plant(lab: Lab, statements: str, schema: str = SCHEMA) -> None:
    """Run statements in a patient schema."""
    lab.execute(f"set search_path = {schema}; {statements}")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_the_test_that_stands_for_it(lab: Lab, fault: str) -> None:
    """And no other; the same patient passed before."""
    expected, statements = FAULTS[fault]
    lab.migrate(PATIENT)
    plant(lab, statements)
    assert failing(lab, *OF_THE_PATIENT) == [expected]


def test_every_test_of_the_project_has_a_fault(lab: Lab) -> None:
    """A test that is added without a fault planted for it is found here."""
    success, said = lab.dbt("parse", "--no-partial-parse", "--write-json")
    assert success, said
    nodes = json.loads((lab.home / "dbt-of-tests" / "target" / "manifest.json").read_text())["nodes"].values()
    ours = {
        node["name"]
        for node in nodes
        if node["resource_type"] == "test"
        and node["original_file_path"].startswith(("models/patient", "tests/singular"))
        and (node.get("test_metadata") or {}).get("name") not in ("not_null", "unique", "accepted_values")
    }
    assert ours == {expected for expected, _ in FAULTS.values()}


def test_an_orphan_that_the_core_has_meanwhile_is_history(lab: Lab) -> None:
    """The core has grown since the build: neither the reason nor the sum is wrong."""
    lab.migrate(PATIENT)
    (orphan,) = lab.query(f"select min(transcript_id) from {SCHEMA}.quarantined_expression where reason = 'orphan'")[0]
    lab.execute(f"insert into public.transcripts (transcript_id, gene_id) select '{orphan}', min(gene_id) from genes")
    try:
        assert failing(lab, *OF_THE_PATIENT) == []
    finally:
        lab.execute(f"delete from public.transcripts where transcript_id = '{orphan}'")


@pytest.mark.parametrize("by_files", [False, True])
def test_a_healthy_patient_passes(lab: Lab, tmp_path: Path, by_files: bool) -> None:
    """Without any change, and with every bad value and missing transcripts; moved over a connection, or by files."""
    lacking = lab.add_patient(
        "LACKS-SOME.1",
        "delete from cancer_transcript_base where transcript_id in "
        "(select transcript_id from cancer_transcript_base where expression_fold_change = 1 limit 7)",
        like=PATIENT,
    )
    patients = [lacking, "DEMO_BASELINE"]
    folder = tmp_path if by_files else None
    if by_files:
        lab.export_csv(tmp_path, *patients)
    outcomes = lab.migrate(*patients, csv=folder)
    assert {outcome.result for outcome in outcomes.values()} == {"migrated"}
    assert lab.query("select sum(missing_rows) from migration.patient") == [(7,)]
    for patient_id in patients:
        assert failing(lab, *OF_THE_PATIENT, patient_id=patient_id) == []
