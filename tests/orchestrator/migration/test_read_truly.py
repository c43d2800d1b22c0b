"""Ways in which a value could be missed although everything seems well, each tried on a real server."""

import threading
from pathlib import Path
from typing import Any

from helpers import PREFIX, Lab, eventually

from orchestrator.legacy.databases import snapshot
from orchestrator.legacy.survey import survey
from orchestrator.migration.core import core_ids
from orchestrator.postgres.connection import connect

CHANGED = "select count(*) from cancer_transcript_base where expression_fold_change <> 1"
ADDED = "insert into {} (transcript_id, gene_id) select 'ENST00000999999', min(gene_id) from genes"


def test_a_table_that_is_truncated_meanwhile_does_not_read_as_baseline(lab: Lab) -> None:
    """TRUNCATE ignores snapshots, hence the lock that is taken before one."""
    patient = lab.add_patient("TRUNCATED")
    ((changed,),) = lab.query(CHANGED, PREFIX + patient)
    failed: list[Exception] = []

    def truncate() -> None:
        try:
            lab.change(patient, "truncate cancer_transcript_base, transcripts cascade")
        except Exception as error:
            failed.append(error)

    with lab.session() as target, snapshot(lab.where.legacy, PREFIX + patient) as legacy:
        rival = threading.Thread(target=truncate)
        rival.start()
        waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ~ '^truncate'"
        eventually(lambda: lab.query(waits), "TRUNCATE waits for the reader")
        found = survey(legacy, core_ids(target))
    rival.join()
    assert not failed
    assert (found.surface_class, found.stream.rows) == ("agree", changed)


def test_rows_that_a_policy_hides_fail_the_patient(lab: Lab) -> None:
    """Row-level security would leave rows out without a word."""
    patient = lab.add_patient(
        "POLICY",
        "drop role if exists clerk_of_policy",
        "create role clerk_of_policy login createdb createrole",
        "grant select on all tables in schema public to clerk_of_policy",
        "alter table cancer_transcript_base enable row level security",
        "create policy half on cancer_transcript_base using (expression_fold_change = 1)",
    )
    try:
        lab.run("core", "upgrade")
        with connect(lab.where.legacy.replace("user=mediabase", "user=clerk_of_policy")) as clerk:
            assert clerk.info.user == "clerk_of_policy"
        done = lab.run(
            "migrate", patient,
            MEDIABASE_DSN=lab.where.target,
            MEDIABASE_LEGACY_DSN=lab.where.legacy.replace("user=mediabase", "user=clerk_of_policy"),
        )  # fmt: skip
        assert done.returncode == 1, done.stdout
        assert "42501" in done.stderr
        assert not lab.schemas()
    finally:
        lab.drop_patient(patient)
        lab.execute("drop owned by clerk_of_policy cascade; drop role clerk_of_policy")


def test_functions_of_the_legacy_database_do_not_run(lab: Lab) -> None:
    """A better match than the built-in one would run with the operator's rights, and could forge hashes."""
    patient = lab.add_patient(
        "FORGED",
        "create function public.hashtextextended(text, integer) returns bigint language sql as "
        "$$ select 1 / 0::bigint $$",
    )
    assert lab.migrate(patient)[patient].result == "migrated"
    lab.verify(patient)


def test_a_change_that_commits_during_a_rebuild_is_not_built_over(lab: Lab) -> None:
    """The build looks for changes under a lock that keeps writers out, and waits for earlier ones."""
    lab.migrate("DEMO_HER2")
    ((before,),) = lab.query("select min(transcript_id) from patient_demo_her2.expression_data")
    outcome: dict[str, Any] = {}
    with lab.session() as writer:
        writer.autocommit = False
        writer.execute(
            "update patient_demo_her2.expression_data set expression_fold_change = 99 where transcript_id = %s",
            [before],
        )
        rebuild = threading.Thread(target=lambda: outcome.update(lab.migrate("DEMO_HER2", force=True)))
        rebuild.start()
        waits = "select 1 from pg_locks where mode = 'ShareRowExclusiveLock' and not granted"
        eventually(lambda: lab.query(waits), "the build waits for the writer")
        writer.commit()
        rebuild.join()
    assert outcome["DEMO_HER2"].result == "failed"
    assert "changed after it was built" in outcome["DEMO_HER2"].message
    values = "select expression_fold_change from patient_demo_her2.expression_data where transcript_id = %s"
    assert lab.query(values, parameters=[before]) == [(99.0,)]


def test_an_orphan_that_the_core_learns_of_is_stored_by_the_next_run(lab: Lab) -> None:
    """Neither side's rows changed, and yet the patient is not done."""
    patient = lab.add_patient(
        "LEARNED",
        "insert into cancer_transcript_base (transcript_id, expression_fold_change) values ('ENST00000999999', 2.5)",
        ADDED.format("transcripts"),
        "update transcripts set expression_fold_change = 2.5 where transcript_id = 'ENST00000999999'",
    )
    assert lab.migrate(patient)[patient].reasons == {"orphan": 1}
    lab.execute(ADDED.format("public.transcripts"))
    try:
        again = lab.migrate(patient)[patient]
        assert (again.result, again.quarantined) == ("migrated", 0)
        lab.verify(patient)
    finally:
        lab.execute("delete from public.transcripts where transcript_id = 'ENST00000999999'")


def test_an_export_is_void_when_the_core_has_changed_since(lab: Lab) -> None:
    """A row at 1.0 whose id was known is not staged; were it unknown by now, nobody would notice."""
    lab.export("DEMO_HER2")
    lab.execute(ADDED.format("public.transcripts"))
    try:
        built, said = lab.dbt("run", "--vars", '{"patient_id": "DEMO_HER2"}')
        assert not built
        assert "core have changed since the export" in said
        assert not lab.schemas()
    finally:
        lab.execute("delete from public.transcripts where transcript_id = 'ENST00000999999'")


def test_metadata_that_was_edited_is_not_built_over(lab: Lab) -> None:
    """Clinical notes are a patient's data too."""
    lab.migrate("DEMO_HER2")
    lab.execute("update patient_demo_her2.metadata set clinical_notes = 'seen by the tumour board'")
    assert lab.migrate("DEMO_HER2", force=True)["DEMO_HER2"].result == "failed"
    assert lab.query("select clinical_notes from patient_demo_her2.metadata") == [("seen by the tumour board",)]


def test_the_policy_for_bad_rows_is_no_place_for_sql(lab: Lab) -> None:
    """The variable is part of the build's text, so anything but its two words is refused at parse."""
    lab.export("DEMO_HER2")
    for hostile in ("x' = 'y' then null; end if; create table public.hacked (i int); if 'a", "Fail", 7, None):
        built, said = lab.dbt("run", "--vars", f'{{"patient_id": "DEMO_HER2", "on_bad_rows": {hostile!r}}}')
        assert not built
        assert "on_bad_rows is quarantine or fail" in said
    assert lab.query("select to_regclass('public.hacked')") == [(None,)]


def test_a_manifest_adds_facts_and_leaves_edited_metadata_alone(lab: Lab, tmp_path: Path) -> None:
    """A second manifest with other columns takes nothing away, and notes that somebody wrote stay."""
    facts = "select cancer_type, tissue_type, clinical_notes from patient_demo_her2.metadata"
    manifest = tmp_path / "patients.csv"
    for columns, values in (("cancer_type", "Breast Cancer"), ("tissue_type", "breast")):
        manifest.write_text(f"patient_id,{columns}\nDEMO_HER2,{values}\n")
        assert lab.run("migrate", "DEMO_HER2", "--manifest", manifest).returncode == 0
    assert lab.query(facts) == [("Breast Cancer", "breast", None)]
    assert lab.migrate("DEMO_HER2", force=True)["DEMO_HER2"].result == "migrated"
    assert lab.query(facts) == [("Breast Cancer", "breast", None)]
    lab.execute("update patient_demo_her2.metadata set clinical_notes = 'seen'")
    manifest.write_text("patient_id,cancer_type\nDEMO_HER2,other\n")
    done = lab.run("migrate", "DEMO_HER2", "--manifest", manifest)
    assert "the manifest was not applied" in " ".join(done.stdout.split())
    assert lab.query(facts) == [("Breast Cancer", "breast", "seen")]
