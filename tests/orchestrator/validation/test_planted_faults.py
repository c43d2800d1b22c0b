"""Every check can fail: each fault is planted in a patient of its own, and validation names the check it stands for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from helpers import Lab

from orchestrator.patient_id import schema_name
from orchestrator.validation.checks import ALL, CHECKS

ANY = "(select min(transcript_id) from expression_data)"
OTHER = "(select max(transcript_id) from expression_data)"
QUARANTINED = "(select min(transcript_id) from quarantined_expression where reason = 'nan')"
NO_SIGN = "alter table expression_data drop constraint check_fold_change_positive"
FREE = f"{NO_SIGN}, drop constraint check_fold_change_not_default"
VIEW = "create or replace view cancer_transcript_base with (security_invoker = true) as"
COLUMNS = (
    "transcript_id, gene_symbol, gene_id, gene_type, chromosome, coordinates, product_type, go_terms, pathways, drugs"
)
REST = (
    "features, molecular_functions, cellular_location, drug_scores, alt_transcript_ids, alt_gene_ids, uniprot_ids, "
    "ncbi_ids, refseq_ids, source_references, pdb_ids, evidence_quality_metrics"
)
GONE = {"S1", "S2", "S3", "X0", "Q2", "E2", "F1"}
"""What is broken, or cannot be told, of a patient without its schema."""


Found = dict[str, dict[str, list[dict[str, object]]]]
"""What validation says, by patient."""


@dataclass(frozen=True)
class Fault:
    """What is done to a patient, and the checks that must fail because of it: these and no others."""

    name: str
    statement: str
    fails: set[str]
    notes: set[str] = field(default_factory=set)
    like: str = "DEMO_HER2"


def value(new: str, transcript_id: str = ANY) -> str:
    """Return statements that change one stored fold change, constraints or not, and leave no other trace."""
    return (
        f"{FREE}; alter table expression_data alter expression_fold_change drop not null, disable trigger user; "
        f"update expression_data set expression_fold_change = {new} where transcript_id = {transcript_id}; "
        "alter table expression_data enable trigger user"
    )


def narrowed(condition: str) -> str:
    """Return a statement that leaves rows out of the compatibility view."""
    return (
        f"do $$ begin execute '{VIEW} select * from (' || rtrim(pg_get_viewdef('cancer_transcript_base'), ';') "
        f"|| ') as v where {condition}'; end $$"
    )


def claim(cancer_type: str, subtype: str) -> str:
    """Return a statement that lets the metadata claim a phenotype."""
    return f"update metadata set cancer_type = '{cancer_type}', cancer_subtype = '{subtype}'"


def gene(symbol: str, fold_change: float) -> str:
    """Return a statement that stores a fold change for every isoform of a gene."""
    return (
        "insert into expression_data (transcript_id, expression_fold_change) "
        f"select transcript_id, {fold_change} from public.transcripts inner join public.genes using (gene_id) "
        f"where gene_symbol = '{symbol}' on conflict (transcript_id) "
        f"do update set expression_fold_change = {fold_change}"
    )


def journal(change: str) -> str:
    """Return a statement that edits the journal's row of the patient."""
    return f"update migration.patient set {change} where schema_name = current_schema()"


CHANGED = {"P2"}
FAULTS = [
    Fault("schema-dropped", "do $$ begin execute 'drop schema ' || current_schema() || ' cascade'; end $$", GONE),
    Fault("stored-table-dropped", "drop table expression_data cascade", {"S2", "S3", "X0", "Q2", "E2", "F1"}),
    Fault("quarantine-dropped", "drop table quarantined_expression cascade", {"S2", "S3", "X0", "Q2", "E2", "F1"}),
    Fault("metadata-dropped", "drop table metadata", {"S2", "S3", "X0", "F1"}, {"M1"}),
    Fault("view-dropped", "drop view cancer_transcript_base", {"S2", "X0", "Q2"}),
    Fault("view-column-renamed", "alter view cancer_transcript_base rename gene_symbol to symbol", {"S2", "X0", "Q2"}),
    Fault("view-of-its-owner", "alter view cancer_transcript_base set (security_invoker = false)", {"S2"}),
    Fault("view-without-rows", narrowed("v.expression_fold_change = 1.0"), {"Q1"}),
    Fault("view-without-baseline", narrowed("v.expression_fold_change <> 1.0"), {"Q1"}),
    Fault("view-without-quarantine",
          narrowed("v.transcript_id not in (select transcript_id from quarantined_expression)"), {"Q1"},
          like="DEMO_BAD_VALUES"),
    Fault("view-that-fails",
          f"{VIEW} select {COLUMNS}, expression_fold_change / 0 as expression_fold_change, {REST} "
          "from public.seen_before", {"X0", "Q2"}),
    Fault("no-check-of-baseline", "alter table expression_data drop constraint check_fold_change_not_default", {"S2"}),
    Fault("no-check-of-sign", NO_SIGN, {"S2"}),
    Fault("check-not-validated",
          f"{NO_SIGN}, add constraint check_fold_change_positive "
          "check (expression_fold_change > 0 and expression_fold_change < 'Infinity') not valid", {"S2"}),
    Fault("weaker-check",
          f"{NO_SIGN}, add constraint check_fold_change_positive check (expression_fold_change > 0)", {"S2"}),
    Fault("no-primary-key", "alter table expression_data drop constraint expression_data_pkey", {"S2", "S3"}),
    Fault("no-key-of-quarantine", "alter table quarantined_expression drop constraint quarantined_expression_pkey",
          {"S2", "S3"}),
    Fault("nullable-value", "alter table expression_data alter expression_fold_change drop not null", {"S2"}),
    Fault("no-default-time", "alter table expression_data alter updated_at drop default", {"S2"}),
    Fault("other-type", "alter table metadata alter cancer_type type varchar(20)", {"S2"}),
    Fault("column-dropped", "alter table metadata drop read_depth_millions", {"S2"}, {"M1"}),
    Fault("trigger-dropped", "drop trigger set_updated_at on expression_data", {"S2"}),
    Fault("trigger-disabled", "alter table expression_data disable trigger set_updated_at", {"S2"}),
    Fault("index-of-values-dropped", "drop index expression_data_fold_change_idx", {"S3"}),
    Fault("index-of-times-dropped", "drop index expression_data_updated_at_idx", {"S3"}),
    Fault("index-of-json-dropped", "drop index metadata_json_idx", {"S3"}),
    Fault("index-of-something-else",
          "drop index expression_data_fold_change_idx; "
          "create index expression_data_fold_change_idx on expression_data (created_at)", {"S3"}),
    Fault("index-invalid",
          "update pg_index set indisvalid = false where indexrelid = 'expression_data_fold_change_idx'::regclass",
          {"S3"}),
    Fault("stored-at-baseline", value("1.0"), {"A1", "S2", "F1"} | CHANGED),
    Fault("orphan-in-place", f"update expression_data set transcript_id = 'ENST_UNKNOWN' where transcript_id = {ANY}",
          {"A2", "F1"} | CHANGED),
    Fault("orphan-added", "insert into expression_data values ('ENST00000000000.1', 2.0)",
          {"A2", "P1", "F1"} | CHANGED),
    Fault("stored-nan", value("'NaN'"), {"A3", "S2", "F1"} | CHANGED),
    Fault("stored-infinite", value("'Infinity'"), {"A3", "S2", "F1"} | CHANGED),
    Fault("stored-minus-infinite", value("'-Infinity'"), {"A3", "S2", "F1"} | CHANGED),
    Fault("stored-zero", value("0"), {"A3", "S2", "F1"} | CHANGED),
    Fault("stored-negative", value("-1.5"), {"A3", "S2", "F1"} | CHANGED),
    Fault("stored-null", value("null"), {"A3", "S2", "F1"} | CHANGED),
    Fault("no-metadata", "delete from metadata", {"A5", "F1"}, {"M1"}),
    Fault("metadata-twice",
          "insert into metadata select (jsonb_populate_record(m, '{\"patient_id\": \"ELSE\"}')).* from metadata as m",
          {"A5", "F1"}, {"M1"}),
    Fault("metadata-of-another", "update metadata set patient_id = 'DEMO_TNBC'", {"A5"}, {"M1"}),
    Fault("no-upload-date", "update metadata set upload_date = null", {"A5"}, {"M1"}),
    Fault("no-file-format", "update metadata set file_format = null", {"A5"}, {"M1"}),
    Fault("no-total", "update metadata set total_transcripts_uploaded = null", {"A5"}, {"M1"}),
    Fault("other-total", "update metadata set total_transcripts_uploaded = 1, transcripts_matched = 1", {"A5"}, {"M1"}),
    Fault("matched-is-less", "update metadata set transcripts_matched = transcripts_matched - 7", {"A5"}, {"M1"}),
    Fault("other-rate", "update metadata set matching_success_rate = 0.5", {"A5"}, {"M1"}),
    Fault("metadata-edited", "update metadata set clinical_notes = 'seen again'", set(), {"M1"}),
    Fault("row-lost", f"delete from expression_data where transcript_id = {ANY}", {"P1"} | CHANGED),
    Fault("all-rows-lost", "truncate expression_data", {"P1"} | CHANGED),
    Fault("quarantined-row-lost", f"delete from quarantined_expression where transcript_id = {QUARANTINED}",
          {"P1"} | CHANGED, like="DEMO_BAD_VALUES"),
    Fault("journal-counts-other-rows", journal("stored_rows = stored_rows + 1"), {"P1"}),
    Fault("journal-counts-other-baseline", journal("baseline_rows = baseline_rows - 1"), {"P1"}),
    Fault("journal-counts-other-reasons", journal("quarantine_reasons = '{\"nan\": 1}'"), {"P1"}),
    Fault("journal-knows-other-rows", journal("legacy_rows = legacy_rows + 1"), {"P1", "A5"}),
    Fault("journal-knows-another-digest", journal("current_digest = repeat('0', 64)"), CHANGED),
    Fault("one-ulp", value("expression_fold_change * (1 + 2.3e-16::float8)"), {"S2"} | CHANGED),
    Fault("swapped",
          "update expression_data as e set expression_fold_change = o.expression_fold_change "
          "from expression_data as o where o.transcript_id <> e.transcript_id "
          f"and array[o.transcript_id, e.transcript_id]::text[] <@ array[{ANY}, {OTHER}]::text[]", CHANGED),
    Fault("null-for-nan",
          f"update quarantined_expression set expression_fold_change = null where transcript_id = {QUARANTINED}",
          {"P4"} | CHANGED, like="DEMO_BAD_VALUES"),
    Fault("doubled",
          "alter table expression_data drop constraint expression_data_pkey; "
          f"insert into expression_data select * from expression_data where transcript_id = {ANY}",
          {"S2", "S3", "P1", "P3"} | CHANGED),
    Fault("stored-and-quarantined",
          "insert into quarantined_expression select transcript_id, expression_fold_change, 'orphan', '' "
          f"from expression_data where transcript_id = {ANY}", {"P1", "P3"} | CHANGED),
    Fault("moved-to-quarantine",
          "with moved as (delete from expression_data "
          f"where transcript_id = {ANY} returning *) insert into quarantined_expression "
          "select transcript_id, expression_fold_change, 'orphan', '' from moved", {"P1"}),
    Fault("wrong-reason", f"update quarantined_expression set reason = 'null' where transcript_id = {QUARANTINED}",
          {"P1", "P4"}, like="DEMO_BAD_VALUES"),
    Fault("reasons-swapped",
          "update quarantined_expression set reason = case reason when 'nan' then 'null' else 'nan' end "
          "where transcript_id in ((select min(transcript_id) from quarantined_expression where reason = 'nan'), "
          "(select min(transcript_id) from quarantined_expression where reason = 'null'))",
          {"P4"}, like="DEMO_BAD_VALUES"),
    Fault("facts-of-before-the-build", journal("built_at = now() + interval '1 day'"), {"E2"}),
    Fault("another-scale", "update expression_data set expression_fold_change = expression_fold_change * 1000",
          CHANGED, {"A4"}),
    Fault("all-in-one-class", "update expression_data set expression_fold_change = 2.5 + random() / 1000", CHANGED,
          {"A4", "D1", "D3"}),
    Fault("beyond-sequencing", value("1e15"), {"S2"} | CHANGED, {"D2"}),
    Fault("not-her2", f"{claim('Breast Cancer', 'HER2+')}; {gene('ERBB2', 0.9)}", CHANGED, {"B1", "M1"}),
    Fault("not-triple-negative", claim("Breast Cancer", "TNBC"), set(), {"B2", "M1"}),
    Fault("not-receptor-negative", f"{claim('Breast Cancer', 'ER-/PR-')}; {gene('ESR1', 3.0)}", CHANGED, {"B4", "M1"}),
    Fault("not-egfr-mutant", claim("Lung Adenocarcinoma", "EGFR-mutant"), set(), {"B3", "M1"}),
    Fault("suppressor-lost", gene("TP53", 0.1), {"P1"} | CHANGED, {"C1"}),
    Fault("checkpoint-high", gene("CD274", 8.0), {"P1"} | CHANGED, {"C2"}),
    Fault("oncogene-amplified", gene("MET", 12.0), {"P1"} | CHANGED, {"C3"}),
]  # fmt: skip
IDS = [f"FAULT_{number:02}" for number in range(len(FAULTS))]
WELL = [f"WELL_{like}" for like in ("DEMO_HER2", "DEMO_BAD_VALUES")]


@pytest.fixture(scope="module")
def found(laboratory_server: Lab) -> Iterator[Found]:
    """Return what validation says of a patient with each fault, and of patients that are well."""
    lab = laboratory_server
    lab.reset()
    for patient_id, fault in zip(IDS, FAULTS, strict=True):
        lab.add_patient(patient_id, like=fault.like)
    for patient_id in WELL:
        lab.add_patient(patient_id, like=patient_id.removeprefix("WELL_"))
    migrated = lab.migrate()
    assert {outcome.result for outcome in migrated.values()} == {"migrated"}
    with lab.session() as connection:
        connection.execute(
            "create view public.seen_before as select * from patient_well_demo_her2.cancer_transcript_base"
        )
        for patient_id, fault in zip(IDS, FAULTS, strict=True):
            connection.execute(f"set search_path = {schema_name(patient_id)}".encode())
            connection.execute("set allow_system_table_mods = on")
            connection.execute(fault.statement.encode())
    done = lab.run("validate", "--all", "--json", timeout=300)
    assert done.returncode == 1, done.stderr
    yield {each["patient_id"]: each for each in json.loads(done.stdout)["verdicts"]}
    lab.reset()
    lab.execute("drop view if exists public.seen_before")


def checks(findings: list[dict[str, object]]) -> set[str]:
    """Return the ids of the checks of these findings."""
    return {str(finding["check"]) for finding in findings}


@pytest.mark.parametrize(
    ("patient_id", "fault"), list(zip(IDS, FAULTS, strict=True)), ids=[each.name for each in FAULTS]
)
def test_a_planted_fault_is_named(found: Found, patient_id: str, fault: Fault) -> None:
    """By the checks that it stands for, and by no others; what informs is noted and fails nothing."""
    assert checks(found[patient_id]["failures"]) == fault.fails
    like = {"DEMO_HER2": {"C3"}, "DEMO_BAD_VALUES": set()}[fault.like]
    if not fault.fails & {"X0"}:
        assert checks(found[patient_id]["notes"]) | like >= fault.notes | like


def test_patients_that_are_well_pass(found: Found) -> None:
    """Nothing is found in the copies without a fault, nor in the demo patients."""
    for patient_id in (*WELL, "DEMO_HER2", "DEMO_BAD_VALUES", "DEMO_BASELINE", "DEMO_TNBC"):
        assert found[patient_id]["failures"] == [], patient_id


def test_data_tests_over_the_facts_name_the_same_patients(laboratory_server: Lab, found: Found) -> None:
    """The data test that a check names finds the patients that the check finds, and warns where it only informs."""
    lab = laboratory_server
    success, said = lab.dbt("test", "--select", "path:tests/cohort")
    assert not success, said
    target = lab.home / "dbt-of-tests" / "target"
    results = json.loads((target / "run_results.json").read_text())["results"]
    ended = {result["unique_id"].split(".")[2]: result["status"] for result in results}
    compared = set()
    for name, status in ended.items():
        named = [check for check in CHECKS if check.dbt_test == name]
        if not named:  # E1, and the hook of every run
            continue
        ids = {check.id for check in named}
        by_checks = {each for each, verdict in found.items() if ids & checks(verdict["failures"] + verdict["notes"])}
        query = (target / "compiled" / "mediabase" / "tests" / "cohort" / f"{name}.sql").read_text()
        assert {str(patient_id) for patient_id, *_ in lab.query(query)} == by_checks, name
        assert status == ("fail" if named[0].severity == "integrity" else "warn"), name
        compared |= ids
    assert len(compared) == 18


def test_every_check_of_one_patient_is_planted() -> None:
    """No check is there that no fault above makes fail; E1, about groups, has a test of its own."""
    planted = set().union(*(fault.fails | fault.notes for fault in FAULTS))
    assert {check.id for check in ALL} - planted == {"E1"}
    assert len(FAULTS) >= 40
