"""`mediabase validate`: who is validated, what is said and recorded, and what a migration makes of a verdict."""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping

import pytest
from helpers import Lab, complaint, eventually
from psycopg import sql

from orchestrator import journal
from orchestrator.journal import Patient
from orchestrator.migration.outcome import Outcome
from orchestrator.patient_id import schema_name
from orchestrator.validation import suites
from orchestrator.validation.checks import ALL
from orchestrator.validation.deep import broken_in_schema

HER2 = "patient_demo_her2"
LOSE_INDEX = f"drop index {HER2}.expression_data_fold_change_idx"
GIVE_BACK = f"create index expression_data_fold_change_idx on {HER2}.expression_data (expression_fold_change)"


def state(lab: Lab, patient_id: str = "DEMO_HER2") -> tuple[str, str | None, bool]:
    """Return where a patient stands: state, error code, and whether readers can read it."""
    return lab.query(
        "select state, error_code, published_at is not null from migration.patient where patient_id = %s",
        parameters=[patient_id],
    )[0]  # type: ignore[return-value]


def test_a_migration_ends_with_validation(lab: Lab) -> None:
    """Every patient is validated and published; the verdicts are in the journal, without a value."""
    results = lab.migrate()
    assert {each.result for each in results.values()} == {"migrated"}
    assert {state(lab, patient_id) for patient_id in results} == {("validated", None, True)}
    rows = lab.query("select patient_id, is_passed, failures from migration.validation order by 1")
    assert rows == [(patient_id, True, []) for patient_id in sorted(results)]
    notes = dict(lab.query("select patient_id, notes from migration.validation"))
    assert notes["DEMO_HER2"] == [{"check": "C3", "name": "oncogene-amplification", "count": 1}]


def test_what_is_not_sound_is_not_published(lab: Lab) -> None:
    """A build whose constraint somebody keeps away fails validation: the patient fails, the other is published."""
    lab.migrate("DEMO_TNBC")
    lab.execute("drop schema patient_demo_tnbc cascade; truncate migration.patient")
    with lab.session() as connection:
        connection.execute(
            b"create or replace function public.meddle() returns event_trigger language plpgsql as $f$ begin "
            b"if current_query() ~ 'DEMO_TNBC' and to_regclass('patient_demo_tnbc.expression_data') is not null then "
            b"perform set_config('event_triggers', 'off', true); "
            b"alter table patient_demo_tnbc.expression_data drop constraint if exists check_fold_change_not_default; "
            b"end if; end $f$; "
            b"create event trigger meddle on ddl_command_end when tag in ('COMMENT') execute function public.meddle()"
        )
        try:
            outcomes = lab.migrate("DEMO_TNBC", "DEMO_HER2")
        finally:
            connection.execute("drop event trigger meddle; drop function public.meddle()")
    assert outcomes["DEMO_HER2"].result == "migrated"
    assert outcomes["DEMO_TNBC"] == Outcome(
        "DEMO_TNBC", "failed", "Validation failed: S2 structure. See mediabase validate DEMO_TNBC."
    )
    assert state(lab, "DEMO_TNBC") == ("failed", "MB026", False)


def test_a_validated_patient_fails_and_comes_back(lab: Lab) -> None:
    """It stays readable; migrate leaves it failed until validation passes, or it is built anew."""
    lab.migrate("DEMO_HER2")
    lab.execute(LOSE_INDEX)
    done = lab.call("validate", "DEMO_HER2")
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("DEMO_HER2: ")]
    assert len(lines) == 1
    assert lines[0].startswith(
        "DEMO_HER2: S3 indexes: index expression_data.expression_data_fold_change_idx is missing. See: mediabase psql"
    )
    assert state(lab) == ("failed", "MB026", True)
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "failed"
    assert state(lab) == ("failed", "MB026", True)
    lab.execute(GIVE_BACK)
    done = lab.call("validate", "DEMO_HER2", "--json")
    assert done.returncode == 0
    assert state(lab) == ("validated", None, True)
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "unchanged"


def test_the_remedy_for_rows_that_nobody_meant_to_change(lab: Lab) -> None:
    """Drop the schema and migrate: it is as it was, validated and readable."""
    lab.migrate("DEMO_HER2")
    lab.execute(f"delete from {HER2}.expression_data")
    assert lab.call("validate", "DEMO_HER2").returncode == 1
    lab.execute(f"drop schema {HER2} cascade")
    assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "migrated"
    assert state(lab) == ("validated", None, True)
    assert lab.call("validate", "DEMO_HER2").returncode == 0
    lab.verify("DEMO_HER2")


def test_the_command_that_shows_the_rest_runs(lab: Lab) -> None:
    """What is printed can be pasted: it names at least what was named."""
    lab.migrate("DEMO_HER2")
    lab.execute(
        f"alter table {HER2}.expression_data drop constraint check_fold_change_not_default; "
        f"update {HER2}.expression_data set expression_fold_change = 1.0"
    )
    (verdict,) = json.loads(lab.call("validate", "DEMO_HER2", "--json").stdout)["verdicts"]
    (a1,) = [each for each in verdict["failures"] if each["check"] == "A1"]
    assert a1["count"] > 20 and len(a1["named"]) == 20
    program, name, *rest = a1["show"].split(" ", 3)
    assert (program, name, rest[0]) == ("mediabase", "psql", "-c")
    shown = lab.run("psql", "-At", "-c", rest[1].strip('"')).stdout.split()
    assert set(a1["named"]) < set(shown) and len(shown) == a1["count"]


def test_every_command_runs(lab: Lab) -> None:
    """On a patient that is well, each check's own query."""
    lab.migrate("DEMO_HER2")
    shown = [check.show.format(patient="DEMO_HER2", schema=HER2) for check in ALL]
    queries = [show.split(" -c ", 1)[1].strip('"') for show in shown if "psql" in show]
    assert len(queries) >= 20
    done = lab.call("psql", "-X", "-v", "ON_ERROR_STOP=1", *(part for query in queries for part in ("-c", query)))
    assert done.returncode == 0, done.stderr


def test_deep_asks_the_schema_itself(lab: Lab) -> None:
    """Healthy patients pass; what the facts find, the suites over the schema find, too."""
    lab.migrate("DEMO_HER2", "DEMO_BAD_VALUES", "DEMO_BASELINE")
    assert lab.call("validate", "--all", "--deep").returncode == 0
    patients = journal_patients(lab)
    assert suites_say(lab, patients["DEMO_BAD_VALUES"]) == set()
    assert set(broken_in_schema(lab.where.legacy, patients["DEMO_BAD_VALUES"])) == {"X0"}  # no such schema there
    assert suites_say(lab, patients["DEMO_BAD_VALUES"]) == set()
    planted = {
        "A1": f"update {HER2}.expression_data set expression_fold_change = 1.0 where transcript_id = "
        f"(select min(transcript_id) from {HER2}.expression_data)",
        "A2": f"update {HER2}.expression_data set transcript_id = 'NOBODY' where transcript_id = "
        f"(select max(transcript_id) from {HER2}.expression_data)",
        "A3": f"update {HER2}.expression_data set expression_fold_change = 'NaN' where transcript_id = 'NOBODY'",
        "P1": f"delete from {HER2}.expression_data where transcript_id = 'NOBODY'",
        "A5": f"update {HER2}.metadata set patient_id = 'ELSE'",
    }
    lab.execute(
        f"alter table {HER2}.expression_data drop constraint check_fold_change_not_default, "
        "drop constraint check_fold_change_positive"
    )
    for check, statement in planted.items():
        lab.execute(statement)
        assert check in suites_say(lab, patients["DEMO_HER2"]), check
    lab.execute(f"drop view {HER2}.cancer_transcript_base")
    assert "X0" in suites_say(lab, patients["DEMO_HER2"])


def journal_patients(lab: Lab) -> Mapping[str, Patient]:
    """Return the journal's patients."""
    with lab.session() as connection:
        return journal.patients(connection)


def suites_say(lab: Lab, patient: Patient) -> set[str]:
    """Return the checks that the suites over a schema find broken."""
    return set(broken_in_schema(lab.where.target, patient))


def say(lab: Lab, patient_id: str, cancer_type: str, subtype: str) -> None:
    """Let a patient's metadata say what it has."""
    update = "update {}.metadata set cancer_type = {}, cancer_subtype = {}"
    with lab.session() as connection:
        connection.execute(sql.SQL(update).format(sql.Identifier(schema_name(patient_id)), cancer_type, subtype))


def test_signatures_are_judged_only_where_they_are_claimed(lab: Lab) -> None:
    """Concordant with a true claim, noted with a false one, silent without one; never a failure."""
    lab.migrate()
    say(lab, "DEMO_HER2", "Breast Cancer", "HER2-positive")
    say(lab, "DEMO_TNBC", "Breast Cancer", "triple-negative")
    say(lab, "DEMO_CRC_MSI", "Breast Cancer", "HER2+")
    say(lab, "DEMO_LUAD_EGFR", "Lung adenocarcinoma", "EGFR-mutant")
    say(lab, "DEMO_BASELINE", "Breast Cancer", "HR+/HER2-negative")
    done = lab.call("validate", "--all", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    notes = {each["patient_id"]: {note["check"]: note["named"] for note in each["notes"]} for each in said["verdicts"]}
    assert notes["DEMO_CRC_MSI"]["B1"] == ["discordant"]
    assert not [patient for patient in notes if set(notes[patient]) & {"B1", "B2", "B3"} and patient != "DEMO_CRC_MSI"]
    claimed = lab.query(
        "select patient_id, signature, verdict from cohort.patient_phenotypes where is_claimed order by 1, 2"
    )
    assert claimed == [
        ("DEMO_CRC_MSI", "her2_positive", "discordant"),
        ("DEMO_HER2", "her2_positive", "concordant"),
        ("DEMO_LUAD_EGFR", "egfr_mutant_lung", "concordant"),
        ("DEMO_TNBC", "hormone_receptor_negative", "concordant"),
        ("DEMO_TNBC", "triple_negative", "concordant"),
    ]


def test_groups_that_differ_are_noted(lab: Lab) -> None:
    """E1: two patients under one label that look differently, and nothing for those that look the same."""
    twin = lab.add_patient("TWIN")
    subtypes = {"DEMO_HER2": "same", twin: "same", "DEMO_TNBC": "other", "DEMO_LUAD_EGFR": "other"}
    lab.migrate(*subtypes)
    for patient_id, subtype in subtypes.items():
        say(lab, patient_id, "Breast", subtype)
    said = json.loads(lab.call("validate", "--all", "--json").stdout)
    (group,) = said["groups"]
    assert group["check"] == "E1" and all(name.startswith("Breast other: ") for name in group["named"])
    assert "Breast other: EGFR variable" in group["named"]
    success, said_by_dbt = lab.dbt("test", "--select", "assert_e1_subtypes_are_concordant")
    assert success and "Got" in said_by_dbt


def test_a_biologist_changes_a_threshold_without_sql(lab: Lab) -> None:
    """A changed seed changes the verdict; the files' own come back when they are loaded again."""
    lab.migrate("DEMO_HER2")
    verdict = "select verdict from cohort.patient_phenotypes where signature = 'her2_positive'"
    assert lab.query(verdict) == [("concordant",)]
    lab.execute("update cohort.phenotype_signatures set concordant_above = 1000 where gene_symbol = 'ERBB2'")
    assert lab.query(verdict) == [("borderline",)]
    success, said = lab.dbt("seed", "--select", "phenotype_signatures")
    assert success, said
    assert lab.query(verdict) == [("concordant",)]


def test_seeds_that_are_others_than_the_files_are_loaded(lab: Lab) -> None:
    """The checksum in the table's comment is looked at, and the views that hang on the seeds are made again."""
    lab.migrate("DEMO_HER2")
    lab.execute(
        "drop table cohort.biomarker_levels cascade; comment on table cohort.biomarker_panels is 'another [0]'; "
        "delete from cohort.biomarker_panels"
    )
    done = lab.call("validate", "--all", "--json")
    assert done.returncode == 0, done.stderr
    assert lab.query("select count(*) from cohort.biomarker_panels") == [(30,)]
    assert [note["check"] for note in json.loads(done.stdout)["verdicts"][0]["notes"]] == ["C3"]


def test_seeds_are_loaded_however_little_time_a_role_has(lab: Lab) -> None:
    """A limit of statements that the server sets is for readers."""
    lab.migrate("DEMO_HER2")
    with lab.session() as connection:
        connection.execute(
            """
            drop table cohort.biomarker_levels cascade;
            alter database mbase set statement_timeout = '2s';
            create function public.dawdle() returns event_trigger language plpgsql as $$
            begin
                if current_query() ~ 'biomarker_levels' then
                    perform pg_sleep(2.1);
                end if;
            end
            $$;
            create event trigger dawdle on ddl_command_start when tag in ('CREATE TABLE')
            execute function public.dawdle();
            """
        )
        try:
            done = lab.call("validate", "--all")
        finally:
            connection.execute(
                "drop event trigger dawdle; drop function public.dawdle; alter database mbase reset statement_timeout"
            )
    assert done.returncode == 0, done.stderr


def test_a_seed_that_cannot_be_used_is_named(lab: Lab) -> None:
    """Before anything is judged: by file, and by row where it is one."""
    lab.migrate("DEMO_HER2")
    try:
        lab.execute("update cohort.phenotype_claims set subtype_pattern = 'her2(' where signature = 'her2_positive'")
        said = complaint(lab.call("validate", "--all"), 1)
        assert "her2_positive in seeds/phenotype_claims.csv is no regular expression: her2(" in said
        lab.execute("delete from cohort.phenotype_claims")
        assert "seeds/phenotype_claims.csv has no rows" in complaint(lab.call("validate", "--all"), 1)
    finally:
        assert lab.dbt("seed", "--select", "phenotype_claims")[0]
    assert lab.call("validate", "--all").returncode == 0


def test_ids_of_the_core_are_never_part_of_a_statement(lab: Lab) -> None:
    """The first and the last id of the core, which the facts look up, may be anything."""
    hostile = ["!$statement$; drop table public.prey; --", "~$mediabase$; drop table public.prey; --", "~' or '1"]
    with lab.session() as connection:
        connection.execute("create table public.prey (); drop schema if exists cohort cascade")
        connection.cursor().executemany(
            "insert into public.transcripts (transcript_id, gene_id) select %s, min(gene_id) from public.genes",
            [(id_,) for id_ in hostile],
        )
        try:
            assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "migrated"
            assert connection.execute("select to_regclass('public.prey')").fetchone() != (None,)
        finally:
            connection.execute("delete from public.transcripts where transcript_id = any(%s)", [hostile])
            connection.execute("drop table public.prey")


def test_extreme_values_of_one_patient_fail_no_other(lab: Lab) -> None:
    """From the smallest to the largest double: noted as hardly plausible, and nobody's failure."""
    spread = "case when hashtext(transcript_id::text) % 2 = 0 then 1e-200 else 1e200 end"
    wild = lab.add_patient(
        "WILD",
        f"update cancer_transcript_base set expression_fold_change = {spread}",
        f"update transcripts set expression_fold_change = {spread}",
    )
    assert {each.result for each in lab.migrate(wild, "DEMO_HER2").values()} == {"migrated"}
    (notes,) = lab.query("select notes from migration.validation where patient_id = 'WILD'")[0]
    assert {"D2", "D3"} <= {note["check"] for note in notes}


def test_a_verdict_outlives_other_failures(lab: Lab) -> None:
    """An export in between clears the error, not the verdict; new legacy data is moved all the same."""
    changed = lab.add_patient("CHANGED")
    lab.migrate(changed)
    lab.execute("drop index patient_changed.expression_data_fold_change_idx")
    assert lab.call("validate", changed).returncode == 1
    assert lab.export(changed)[changed].result == "staged"
    outcome = lab.migrate(changed)[changed]
    assert (outcome.result, "did not pass its last validation" in outcome.message) == ("failed", True)
    lab.execute(
        "create index expression_data_fold_change_idx on patient_changed.expression_data (expression_fold_change)"
    )
    for table in ("cancer_transcript_base", "transcripts"):
        lab.change(changed, f"update {table} set expression_fold_change = 3 where expression_fold_change > 3")
    assert lab.migrate(changed)[changed].result == "migrated"
    assert state(lab, changed) == ("validated", None, True)


def test_somebody_who_reads_the_cohort_keeps_nobody_waiting(lab: Lab) -> None:
    """Views are replaced only when there is something new."""
    lab.migrate("DEMO_HER2")
    assert lab.call("validate", "--all").returncode == 0
    with lab.session() as reader, reader.transaction():
        reader.execute("select count(*) from cohort.patient_biomarkers, cohort.cohort_summary")
        assert lab.run("validate", "--all", timeout=60).returncode == 0  # type: ignore[arg-type]


def test_sessions_count_on_nothing_that_a_database_has_set(lab: Lab) -> None:
    """Dates of another style, strings of before 2010, other languages."""
    settings = ("datestyle = 'German'", "standard_conforming_strings = off", "timezone = 'Asia/Kolkata'",
                "search_path = nowhere", "extra_float_digits = 0", "bytea_output = 'escape'")  # fmt: skip
    for setting in settings:
        lab.execute(f"alter database mbase set {setting}")
    try:
        assert lab.migrate("DEMO_HER2")["DEMO_HER2"].result == "migrated"
        done = lab.call("validate", "--all", "--json")
        assert done.returncode == 0, done.stdout
    finally:
        lab.execute("alter database mbase reset all")


def test_an_sql_error_is_a_failure(lab: Lab) -> None:
    """Every table of facts: when its statement fails, X0 says so, and nothing passes."""
    lab.migrate("DEMO_HER2")
    lab.execute(f"alter table {HER2}.expression_data rename column expression_fold_change to fold")
    (verdict,) = json.loads(lab.call("validate", "DEMO_HER2", "--json").stdout)["verdicts"]
    (x0,) = [each for each in verdict["failures"] if each["check"] == "X0"]
    assert {name.split()[0] for name in x0["named"]} >= {"patient_facts", "patient_distribution", "patient_markers"}
    assert all(name.endswith("42703") for name in x0["named"] if " " in name)


@pytest.fixture
def broken_batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Great Expectations fail to evaluate a check, as an expectation without its column does."""
    monkeypatch.setattr(suites, "_counts", lambda row: {"patient_id": row["patient_id"]})
    yield


def test_a_check_that_cannot_be_evaluated_is_no_pass(lab: Lab, broken_batch: None) -> None:
    """The patient fails, and is not published."""
    outcomes = lab.migrate("DEMO_HER2")
    assert outcomes["DEMO_HER2"].result == "failed"
    assert "could not be evaluated" in outcomes["DEMO_HER2"].message
    assert state(lab) == ("failed", "MB000", False)


def test_refusals(lab: Lab) -> None:
    """No journal, an unknown patient, no patient said, a patient that was never built, another operator."""
    lab.migrate("DEMO_HER2")
    assert "NOBODY" in complaint(lab.call("validate", "NOBODY"), 2)
    assert "either ids or --all" in complaint(lab.call("validate"), 2)
    lab.execute(
        "insert into migration.patient (patient_id, schema_name, source_database, state, run_id) "
        "values ('LATER', 'patient_later', 'mediabase_patient_LATER', 'discovered', 1)"
    )
    done = lab.call("validate", "DEMO_HER2", "LATER")
    assert done.returncode == 1 and "Not built yet, hence not validated: LATER." in done.stdout
    from orchestrator import journal

    with journal.locked(lab.where.target):
        assert "Another operator" in complaint(lab.call("validate", "--all"), 4)


def test_an_interrupt_leaves_what_was_judged(lab: Lab) -> None:
    """Exit code 130, the run says so, and the same command goes on."""
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    with lab.started("validate", "--all") as process:
        eventually(lambda: lab.query("select 1 from migration.run where command = 'validate'"), "the run began")
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    (code,) = lab.query("select exit_code from migration.run where command = 'validate'")[0]
    assert code == 130
    assert lab.call("validate", "--all").returncode == 0
