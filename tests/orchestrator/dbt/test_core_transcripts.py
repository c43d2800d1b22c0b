"""What the core has of all transcripts is in one view, which the views of all patients read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers import Lab, copy_project

from orchestrator.dbt import runner
from orchestrator.errors import MediabaseError
from orchestrator.migration.patients_upgrade import Upgraded, upgrade_patients

PATIENTS = ("DEMO_BAD_VALUES", "DEMO_HER2")
SHARED = "cohort.core_transcripts"
VIEW = "patient_demo_her2.cancer_transcript_base"
MAX_RULE_BYTES = 12_000
"""With the expressions of the core's columns in its three arms it had 28,500."""


@pytest.fixture
def seed(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the seed of a copy of the project, which this process runs."""
    copy_project(tmp_path)
    monkeypatch.setattr(runner, "project_folder", lambda: tmp_path)
    yield tmp_path / "seeds" / "legacy_columns.csv"
    lab.reset()
    lab.execute("drop schema cohort cascade")  # the next run makes it of this project again


def change(seed: Path, old: str, new: str) -> None:
    """Change the one place of the seed that says so."""
    text = seed.read_text()
    assert text.count(old) == 1
    seed.write_text(text.replace(old, new))


def upgrade(lab: Lab) -> dict[str, Upgraded]:
    """Upgrade all patients, and return what became of each."""
    done = upgrade_patients(lab.where.target, None, lab.home / "dbt-of-another-project", lambda _: None, lambda _: None)
    return {each.patient_id: each for each in done}


def read(lab: Lab, query: str) -> list[tuple[Any, ...]]:
    """Return what the patient's reader sees."""
    with lab.session() as session:
        session.execute("set role reader_patient_demo_her2")
        return session.execute(query.encode()).fetchall()


def test_a_patients_view_is_small(lab: Lab) -> None:
    """It has none of the core's expressions, which would be kept in the catalog for each patient."""
    lab.migrate(*PATIENTS)
    rules = lab.query(
        "select pg_column_size(ev_action) from pg_rewrite inner join pg_class on ev_class = pg_class.oid "
        "where relname = 'cancer_transcript_base' and starts_with(relnamespace::regnamespace::text, 'patient_')"
    )
    assert len(rules) == len(PATIENTS) and all(size < MAX_RULE_BYTES for (size,) in rules), rules


def test_what_the_core_has_changes_for_all_at_once(lab: Lab, seed: Path) -> None:
    """No patient's view is touched, and all show it, those of readers too."""
    lab.migrate(*PATIENTS)
    change(seed, "exact,g.gene_type,", "lossy,upper(g.gene_type),")
    assert upgrade(lab) == {patient_id: Upgraded(patient_id) for patient_id in PATIENTS}
    types = f"select distinct gene_type from {VIEW} where gene_type is not null"
    assert lab.query(types) == read(lab, types)
    assert all(name == name.upper() for (name,) in lab.query(types))


def test_a_column_of_another_type_takes_no_view_away(lab: Lab, seed: Path) -> None:
    """Patients' views stay as they are, and the command says why they were not upgraded."""
    lab.migrate(*PATIENTS)
    before = lab.query(f"select md5(string_agg(shown::text, '' order by transcript_id)) from {VIEW} as shown")
    change(seed, "gene_type,text,exact,g.gene_type", "gene_type,text[],lossy,array[g.gene_type]")
    with pytest.raises(MediabaseError, match="dbt run --select path:models/core"):
        upgrade(lab)
    assert lab.query(f"select md5(string_agg(shown::text, '' order by transcript_id)) from {VIEW} as shown") == before


def test_orphans_read_as_columns_of_v050_without_facts(lab: Lab) -> None:
    """Empty rather than null where v0.5.0 wrote them empty."""
    lab.migrate("DEMO_BAD_VALUES")
    shown = lab.query(
        "select distinct gene_symbol, coordinates ->> 'start', drugs::text, pathways::text, features::text "
        "from patient_demo_bad_values.cancer_transcript_base inner join patient_demo_bad_values.quarantined_expression "
        "using (transcript_id) where reason = 'orphan'"
    )
    assert shown == [(None, None, "{}", "{}", "{}")]


def test_readers_of_patients_may_read_it(lab: Lab) -> None:
    """Also where their role came after it."""
    lab.migrate("DEMO_HER2")
    lab.execute(f"revoke select on {SHARED} from reader_core")
    shown = f"select count(gene_symbol) > 0 from {VIEW}"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        read(lab, shown)
    done = lab.run("core", "upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert read(lab, shown) == [(True,)]


def test_it_is_made_again_with_the_views_that_went_with_it(lab: Lab) -> None:
    """By the command that makes patients' views what the models say."""
    lab.migrate(*PATIENTS)
    lab.execute(f"drop view {SHARED} cascade")
    assert lab.query(f"select to_regclass('{VIEW}')") == [(None,)]
    done = lab.run("patient", "upgrade", "--all")
    assert done.returncode == 0 and "Upgraded: 2;" in done.stdout, done.stdout + done.stderr
    assert lab.run("validate", *PATIENTS).returncode == 0
    lab.verify(*PATIENTS)


def test_a_long_query_does_not_keep_readers_of_all_patients_waiting(lab: Lab, seed: Path) -> None:
    """They would wait behind what replaces the view, which gives up; once the query is over it can be done."""
    lab.migrate(*PATIENTS)
    change(seed, "exact,g.gene_type,", "lossy,upper(g.gene_type),")
    with lab.session() as reading, reading.transaction():
        reading.execute(f"select count(*) from {VIEW}".encode())
        with pytest.raises(MediabaseError, match="dbt run --select path:models/core"):
            upgrade(lab)
    assert upgrade(lab) == {patient_id: Upgraded(patient_id) for patient_id in PATIENTS}
