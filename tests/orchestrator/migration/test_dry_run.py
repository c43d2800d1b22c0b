"""The dry run says what the real run then does, and writes nothing."""

from typing import Any

import pytest
from helpers import Lab

COMPARED = ("result", "legacy_rows", "stored", "baseline", "quarantined", "reasons", "missing")


def facts(outcomes: dict[str, Any]) -> dict[str, tuple[object, ...]]:
    """Return what both runs must say of each patient."""
    return {id_: tuple(getattr(each, name) for name in COMPARED) for id_, each in outcomes.items()}


def state(lab: Lab) -> list[tuple[object, ...]]:
    """Return the next transaction number, and every relation's file; reading changes neither."""
    return [
        *lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text"),
        *lab.query("select oid, relname, relfilenode, xmin from pg_class where relpersistence <> 't' order by oid"),
    ]


def make_patients(lab: Lab) -> tuple[str, ...]:
    """Add patients of every outcome, and return all ids to run on."""
    lab.add_patient("DISAGREE", "update transcripts set expression_fold_change = 7 where gene_id = 'ENSG00000141736'")
    lab.add_patient("LACKING", "delete from cancer_transcript_base where gene_symbol = 'TP53'; "
                    "delete from transcripts where gene_id = 'ENSG00000141510'")  # fmt: skip
    lab.add_patient("NUMERIC", "alter table cancer_transcript_base alter expression_fold_change type numeric")
    return ("DEMO_BAD_VALUES", "DEMO_BASELINE", "DEMO_HER2", "DISAGREE", "LACKING", "NUMERIC")


@pytest.mark.parametrize("on_bad_rows", ["quarantine", "fail"])
def test_it_says_what_then_happens(lab: Lab, on_bad_rows: str) -> None:
    """Patient by patient, with bad rows counted; on a new target, and again on a migrated one."""
    ids = make_patients(lab)
    planned = lab.plan(*ids, on_bad_rows=on_bad_rows)
    done = lab.migrate(*ids, on_bad_rows=on_bad_rows)
    planned_facts, done_facts = facts(planned), facts(done)
    for patient_id in ids:
        if done[patient_id].result == "failed":
            assert planned[patient_id].result == "failed", patient_id
        else:
            assert planned_facts[patient_id] == done_facts[patient_id], patient_id
    assert done["DEMO_HER2"].result == "migrated" and done["DISAGREE"].result == "failed"
    assert facts(lab.plan(*ids, on_bad_rows=on_bad_rows)) == facts(lab.migrate(*ids, on_bad_rows=on_bad_rows))
    for force in (True, False):
        lab.execute("update patient_demo_her2.expression_data set expression_fold_change = 3 "
                    "where transcript_id = "
                    "(select min(transcript_id) from patient_demo_her2.expression_data)")  # fmt: skip
        assert facts(lab.plan("DEMO_HER2", "DEMO_BASELINE", force=force)) == facts(
            lab.migrate("DEMO_HER2", "DEMO_BASELINE", force=force)
        )


def test_it_writes_nothing(lab: Lab) -> None:
    """No transaction number is used in the target or a legacy database, before and after a migration."""
    before = state(lab)
    lab.results("migrate", "--all", "--dry-run", code=3)
    lab.results("migrate", "--all", "--dry-run", "--on-bad-rows", "fail", code=1)
    assert state(lab) == before
    lab.migrate("DEMO_HER2", "DEMO_BAD_VALUES")
    before = [*state(lab), *lab.query("select t::text from migration.patient as t order by 1")]
    lab.results("migrate", "--all", "--dry-run", "--force", code=3)
    assert [*state(lab), *lab.query("select t::text from migration.patient as t order by 1")] == before


def test_it_works_on_a_core_that_was_not_upgraded_and_needs_no_rights(lab: Lab) -> None:
    """Planning before anything is installed, as a role that may only read; the core stays as it is."""
    lab.forget_upgrade()
    lab.execute("drop role if exists clerk; create role clerk login", "postgres")
    lab.execute("grant select on all tables in schema public to clerk")
    lab.add_patient("READABLE", "grant select on all tables in schema public to clerk")
    try:
        dsn = lab.where.target.replace("user=mediabase", "user=clerk")
        done = lab.run("migrate", "READABLE", "--dry-run", MEDIABASE_DSN=dsn)
        assert done.returncode == 0, done.stderr
        assert lab.query("select to_regnamespace('migration')") == [(None,)]
    finally:
        lab.reset()
        lab.execute("drop owned by clerk")
        lab.execute("drop role clerk", "postgres")
