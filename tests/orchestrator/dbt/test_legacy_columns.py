"""The seed legacy_columns: the view is made of it, and says nothing else."""

import csv
from collections.abc import Iterator

import psycopg
import pytest
import yaml
from helpers import CHECKOUT, Lab

from orchestrator.queries.column_map import FOLD_CHANGE, LegacyColumn, legacy_columns

COLUMNS = list(legacy_columns().values())
CURRENT = [column for column in COLUMNS if column.is_current]
NAMED = [(column.name, column.data_type) for column in CURRENT]
VIEW = "cancer_transcript_base"
BUILD = ["run", "--select", "path:models/staging", "path:models/patient", "--vars", "patient_id: DEMO_HER2"]
MISSING = "drop table if exists cohort.legacy_columns cascade"


@pytest.fixture
def changed(lab: Lab) -> Iterator[Lab]:
    """Return a laboratory in which the seed may be changed: it is loaded again afterwards."""
    yield lab
    success, said = lab.dbt("seed", "--full-refresh", "--select", "legacy_columns")
    assert success, said


def test_the_view_has_the_columns_of_the_seed(lab: Lab) -> None:
    """Names, order and types."""
    lab.migrate("DEMO_HER2")
    shown = lab.query(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        f"where attrelid = 'patient_demo_her2.{VIEW}'::regclass and attnum > 0 order by attnum"
    )
    assert shown == NAMED and len(shown) == 23


def test_what_else_says_which_columns_there_are_says_the_same() -> None:
    """The specification that patients are validated by, and the documentation of the view."""
    with (CHECKOUT / "seeds" / "patient_structure_spec.csv").open(newline="") as file:
        specified = [
            (row["name"], row["definition"])
            for row in csv.DictReader(file)
            if (row["relation"], row["kind"]) == (VIEW, "column")
        ]
    assert specified == NAMED
    models = yaml.safe_load((CHECKOUT / "models" / "patient" / "_patient__models.yml").read_text())["models"]
    (documented,) = [model["columns"] for model in models if model["name"] == VIEW]
    assert [(column["name"], column["data_type"]) for column in documented] == NAMED


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_what_a_column_is_made_of_is_what_its_mapping_says(lab: Lab, column: LegacyColumn) -> None:
    """A constant, or nothing at all, where there are no facts; the core's tables elsewhere."""
    assert bool(column.difference) == (column.mapping != "exact")
    if not column.is_current or column.name == FOLD_CHANGE:
        assert column.expression == ""
        return
    value = f"select {column.expression}::{column.data_type}"
    if column.mapping == "none":
        assert len(lab.query(value)) == 1 and " from " not in column.expression
        return
    with pytest.raises(psycopg.errors.UndefinedTable):  # the transcript or the gene, which are not there
        lab.query(value)
    lab.query(f"{value} from public.transcripts as t inner join public.genes as g on t.gene_id = g.gene_id")


@pytest.mark.parametrize("state", [MISSING, "comment on table cohort.legacy_columns is 'another [0]'"])
def test_a_view_is_made_of_the_seed_or_not_at_all(changed: Lab, state: str) -> None:
    """Without the table, or with another file's: dbt says what to run. What was built of it stays."""
    changed.migrate("DEMO_HER2", "DEMO_TNBC")
    changed.execute(state)
    assert changed.query(f"select count(*) from patient_demo_tnbc.{VIEW}") == [(600,)]
    changed.execute("drop schema patient_demo_her2 cascade; delete from migration.patient")
    changed.export("DEMO_HER2")
    success, said = changed.dbt(*BUILD)
    assert not success and "run mediabase dbt seed --full-refresh, then this again" in said
    assert changed.query(f"select to_regclass('patient_demo_her2.{VIEW}')") == [(None,)]
    success, said = changed.dbt("docs", "generate", "--static")
    assert success, said
    for command in (["seed", "--full-refresh"], BUILD):
        success, said = changed.dbt(*command)
        assert success, said
    changed.verify("DEMO_HER2")


def test_a_migration_loads_the_seed_that_it_needs(changed: Lab) -> None:
    """Through the command line; nobody has to think of it."""
    changed.migrate("DEMO_TNBC")
    changed.execute(MISSING)
    assert changed.results("migrate", "DEMO_HER2")["DEMO_HER2"]["result"] == "migrated"
    changed.verify("DEMO_HER2")


def test_dbt_build_stands_alone(changed: Lab) -> None:
    """On a target where dbt has made nothing yet."""
    changed.execute("drop schema if exists cohort cascade")
    changed.export("DEMO_HER2")
    success, said = changed.dbt("build", "--vars", "patient_id: DEMO_HER2")
    assert success, said
    changed.verify("DEMO_HER2")
