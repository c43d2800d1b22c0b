"""`dbt test --store-failures`, and which patient a test looks at."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from helpers import CHECKOUT, Lab
from psycopg import sql

LONGEST = "A-" + "b." * 21 + "1"
IDS = ("01-AB.c", "123", "1e5", "null", "true", LONGEST)
SCHEMAS_OF_FAILURES = "select nspname from pg_namespace where nspname ~ 'audit' order by 1"


@pytest.fixture(autouse=True)
def _no_failures_are_left(lab: Lab) -> Iterator[None]:
    """Drop what tests stored."""
    yield
    with lab.session() as connection:
        for (schema,) in connection.execute(SCHEMAS_OF_FAILURES).fetchall():
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))


def run_tests(lab: Lab, patient_id: str, *arguments: str, command: str = "test") -> tuple[bool, dict[str, str]]:
    """Run dbt for a patient; return whether it succeeded, and the status of each node."""
    success, said = lab.dbt(command, "--vars", json.dumps({"patient_id": patient_id}), *arguments)
    found = json.loads((lab.home / "dbt-of-tests" / "target" / "run_results.json").read_text())["results"]
    assert found, said
    return success, {result["unique_id"].split(".")[2]: result["status"] for result in found}


def change_a_value(lab: Lab, schema: str) -> str:
    """Break the last stored row of a patient past its constraints; return its id."""
    lab.execute(f'alter table "{schema}".expression_data drop constraint check_fold_change_positive')
    (transcript_id,) = lab.query(
        f'update "{schema}".expression_data set expression_fold_change = -5 '
        f'where transcript_id = (select max(transcript_id) from "{schema}".expression_data) returning transcript_id'
    )[0]
    return str(transcript_id)


def state_of(lab: Lab, schema: str) -> list[tuple[object, ...]]:
    """Return what a patient schema consists of: relations as made, with owner and rights, and its journal row."""
    return lab.query(
        f"""
        select oid::text, relname::text, relfilenode::text, relacl::text from pg_class
        where relnamespace = '{schema}'::regnamespace
        union all select oid::text, nspname, null, nspacl::text from pg_namespace where nspname = '{schema}'
        union all select state, patient_id, published_at::text, changed_at::text from migration.patient
        where schema_name = '{schema}'
        order by 2, 1
        """
    )


def test_failures_of_two_patients_at_a_time_stay_apart(lab: Lab) -> None:
    """Each in a schema of its own, that no reader of any patient may enter; the patients' own stay as they are."""
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    schemas = {"DEMO_HER2": "patient_demo_her2", "DEMO_TNBC": "patient_demo_tnbc"}
    broken = {patient_id: change_a_value(lab, schema) for patient_id, schema in schemas.items()}
    before = [state_of(lab, schema) for schema in schemas.values()]
    with ThreadPoolExecutor() as at_a_time:
        runs = [
            at_a_time.submit(lab.run, "dbt", "test", "--store-failures", "--vars", f"patient_id={patient_id}")
            for patient_id in schemas
        ]
    assert [run.result().returncode for run in runs] == [1, 1], [run.result().stdout for run in runs]
    assert all("FAIL 1 positive_finite_expression_data" in run.result().stdout for run in runs)

    assert [name for (name,) in lab.query(SCHEMAS_OF_FAILURES)] == [f"audit_{name}" for name in schemas.values()]
    for patient_id, schema in schemas.items():
        stored = f"audit_{schema}.positive_finite_expression_data_expression_fold_change"
        assert lab.query(f"select transcript_id, expression_fold_change from {stored}") == [(broken[patient_id], -5.0)]
        for reader in ("reader_patient_demo_her2", "reader_patient_demo_tnbc", "reader_core"):
            with lab.session() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"set role {reader}".encode())
                connection.execute(f"select from {stored}".encode())
    assert before == [state_of(lab, schema) for schema in schemas.values()]


def test_a_patient_with_stored_failures_is_dropped_and_made_again(lab: Lab) -> None:
    """Stored failures hold nothing of the patient's schema back, and later ones take their place."""
    lab.migrate("DEMO_HER2")
    change_a_value(lab, "patient_demo_her2")
    assert not run_tests(lab, "DEMO_HER2", "--store-failures")[0]
    lab.execute("drop schema patient_demo_her2 cascade")
    lab.migrate("DEMO_HER2")
    assert run_tests(lab, "DEMO_HER2", "--store-failures")[0]
    stored = "audit_patient_demo_her2.positive_finite_expression_data_expression_fold_change"
    assert lab.query(f"select * from {stored}") == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["test", "--vars", '{"patient_id": "UNKNOWN"}'], "does not know this patient"),
        (["build", "--vars", '{"patient_id": "UNKNOWN"}'], "does not know this patient"),
        (["test", "--vars", '{"patient_id": "demo_her2"}'], "does not know this patient"),
        (["test"], "pass --vars 'patient_id: X'"),
        (["test", "--exclude", "path:models/patient"], "never mix"),
        (["test", "--select", "stg_legacy__expression"], "never mix"),
    ],
)
def test_a_refused_run_stores_nothing(lab: Lab, arguments: list[str], expected: str) -> None:
    """Neither rows nor a schema for them; and without a patient, staging would mix several."""
    lab.export("DEMO_HER2")
    success, said = lab.dbt(*arguments, "--store-failures")
    assert not success
    assert expected in said
    assert lab.query(SCHEMAS_OF_FAILURES) == []


def test_failures_of_the_core_are_stored_without_a_patient(lab: Lab) -> None:
    """In a schema of their own."""
    lab.migrate("DEMO_HER2")
    success, said = lab.dbt(
        "test", "--store-failures", "--exclude", "path:models/patient", "path:models/staging"
    )  # fmt: skip
    assert success, said
    assert lab.query(SCHEMAS_OF_FAILURES) == [("audit_shared",)]


def test_staging_is_tested_for_the_patient_only(lab: Lab) -> None:
    """What is staged of another neither fails a patient's tests nor is stored with it."""
    lab.export("DEMO_HER2", "DEMO_TNBC")
    lab.execute("alter table staging.legacy_export alter legacy_digest drop not null")
    lab.execute("update staging.legacy_export set legacy_digest = null where patient_id = 'DEMO_TNBC'")
    try:
        of_staging = ["--select", "source:staging", "--store-failures"]
        assert run_tests(lab, "DEMO_HER2", *of_staging)[0]
        success, results = run_tests(lab, "DEMO_TNBC", *of_staging)
        assert not success and results["source_not_null_staging_legacy_export_legacy_digest"] == "fail"
        table = "source_not_null_staging_legacy_export_legacy_digest"
        assert lab.query(f"select * from audit_patient_demo_her2.{table}") == []
        assert len(lab.query(f"select * from audit_patient_demo_tnbc.{table}")) == 1
    finally:
        lab.execute(
            "truncate staging.legacy_export; alter table staging.legacy_export alter legacy_digest set not null"
        )


@pytest.mark.parametrize("patient_id", IDS)
def test_the_right_patient_is_tested_whatever_its_id(lab: Lab, patient_id: str) -> None:
    """`dbt build` passes beside a broken patient, and a change of this one is found, and stored under its name."""
    lab.migrate("DEMO_TNBC")
    change_a_value(lab, "patient_demo_tnbc")
    lab.add_patient(patient_id)
    lab.export(patient_id)
    success, results = run_tests(lab, patient_id, command="build")
    assert success, results
    singular = {path.stem for folder in ("singular", "cohort") for path in (CHECKOUT / "tests" / folder).glob("*.sql")}
    assert {name for name in results if name.startswith("assert_")} == singular
    schema = "patient_" + patient_id.lower().replace("-", "_").replace(".", "_")
    change_a_value(lab, schema)
    success, results = run_tests(lab, patient_id, "--store-failures", "--select", "path:tests/singular")
    assert not success
    assert [name for name, status in results.items() if status == "fail"] == ["assert_values_are_as_proven"]
    assert lab.query(SCHEMAS_OF_FAILURES) == [(f"audit_{schema}",)]
