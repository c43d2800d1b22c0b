"""The dbt project by itself, as someone who knows only dbt uses it."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import CHECKOUT, Lab, clean_environment

from orchestrator.dbt.runner import expand_short_vars
from orchestrator.postgres.connection import environment

PATIENT = "patient_id: DEMO_HER2"


def test_parse_has_no_warnings(lab: Lab) -> None:
    """Also no deprecation, seen by dbt's own command through ours."""
    done = lab.run("dbt", "--warn-error", "parse", "--show-all-deprecations", "--no-partial-parse")
    assert done.returncode == 0, done.stdout


def test_build_and_test_pass_on_a_staged_export(lab: Lab) -> None:
    """`dbt build`, then `dbt test`, for a patient with bad values; and a run of several."""
    lab.export("DEMO_BAD_VALUES", "DEMO_HER2", "DEMO_TNBC")
    done = lab.run("dbt", "build", "--vars", "patient_id=DEMO_BAD_VALUES")
    assert done.returncode == 0, done.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout
    success, said = lab.dbt("test", "--vars", "patient_id: DEMO_BAD_VALUES")
    assert success, said
    success, said = lab.dbt("run", "--vars", '{"patient_ids": ["DEMO_HER2", "DEMO_TNBC"]}')
    assert success, said
    lab.verify("DEMO_BAD_VALUES", "DEMO_HER2", "DEMO_TNBC")


@pytest.mark.parametrize("command", ["run", "build", "test"])
@pytest.mark.parametrize("variables", ["{}", '{"patient_ids": ["DEMO_HER2"]}'])
def test_the_missing_variable_is_named(lab: Lab, command: str, variables: str) -> None:
    """Without a patient, and with a list where it means nothing."""
    lab.export("DEMO_HER2")
    success, said = lab.dbt(command, "--vars", variables)
    if command == "run" and variables != "{}":
        assert success, said
    else:
        assert not success
        assert "patient_id: X" in said


def test_docs_of_a_database_are_one_file(lab: Lab) -> None:
    """`docs generate --static` needs no patient; the sources that are not in the target do no harm."""
    success, said = lab.dbt("docs", "generate", "--static")
    assert success, said
    page = (lab.home / "dbt-of-tests" / "target" / "static_index.html").read_text()
    assert "quarantined_expression" in page


@pytest.mark.parametrize("select", [[], ["--select", "expression_data"], ["--select", "cancer_transcript_base"]])
def test_empty_is_refused(lab: Lab, select: list[str]) -> None:
    """--empty would empty a patient, or make its view show nothing."""
    lab.migrate("DEMO_HER2")
    lab.export("DEMO_HER2")
    success, said = lab.dbt("run", "--empty", "--vars", PATIENT, *select)
    assert not success, said
    assert "--empty" in said
    lab.verify("DEMO_HER2")


def test_companions_are_not_built_alone(lab: Lab) -> None:
    """They change in one transaction with their leader."""
    lab.export("DEMO_HER2")
    for name in ("quarantined_expression", "metadata"):
        success, said = lab.dbt("run", "--vars", PATIENT, "--select", name)
        assert not success and "select expression_data too" in said


def test_one_failing_patient_of_a_list_is_named_and_the_others_are_built(lab: Lab) -> None:
    """One that is unknown, one without an export; the run that built one succeeds, the run that built none
    fails.
    """
    lab.migrate("DEMO_TNBC")
    lab.export("DEMO_HER2")
    success, said = lab.dbt("run", "--vars", '{"patient_ids": ["UNKNOWN", "DEMO_HER2", "DEMO_TNBC"]}')
    assert success, said
    lab.verify("DEMO_HER2", "DEMO_TNBC")
    success, said = lab.dbt("run", "--vars", '{"patient_ids": ["UNKNOWN", "DEMO_TNBC"]}')
    assert not success and "export it first" in said
    assert "patient_unknown" not in lab.schemas()
    lab.verify("DEMO_TNBC")


def test_models_and_singular_tests_are_linted(lab: Lab) -> None:
    """sqlfluff through dbt's templater, with the rules of the project; generic tests are macros, which it skips."""
    success, said = lab.dbt("seed", "--select", "legacy_columns")
    assert success, said
    done = subprocess.run(
        [Path(sys.executable).with_name("sqlfluff"), "lint", "models", "tests/singular", "tests/cohort"],
        cwd=CHECKOUT, capture_output=True, text=True,
        env=clean_environment(**environment(lab.where.target), DBT_TARGET_PATH=str(lab.home / "lint"),
                              DBT_LOG_PATH=str(lab.home / "lint")),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_short_form_of_vars_is_expanded() -> None:
    """Everything else reaches dbt as it is."""
    assert expand_short_vars(["run", "--vars", "patient_id=A=B"]) == [
        "run",
        "--vars",
        '{"patient_id": "A=B"}',
    ]
    assert expand_short_vars(["run", "--vars", 'patient_id=x"y']) == [
        "run",
        "--vars",
        '{"patient_id": "x\\"y"}',
    ]
    for others in (
        ["run", "--vars", "patient_id: X"],
        ["run", "--vars", '{"patient_id": "a=b"}'],
        ["run", "--select", "a=b"],
        ["--vars"],
        [],
        ["run", "--vars", "patient id=X"],
    ):
        assert expand_short_vars(others) == others
