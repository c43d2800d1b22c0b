"""The inventory: every legacy database, read once, with what a migration then makes of it; and new names."""

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from helpers import DEMO, PREFIX, Lab, complaint, eventually, laboratory

from orchestrator import sandbox as sandboxes
from orchestrator.migration import inventory
from orchestrator.migration.inventory import Entry
from orchestrator.migration.outcome import Options
from orchestrator.postgres.embedded import SERVER_SETTINGS

ERBB2 = "ENST00000269571"
COUNTS = ("legacy_rows", "stored", "baseline", "quarantined", "reasons", "missing")


def take(lab: Lab, *patient_ids: str, jobs: int = 1, **options: Any) -> dict[str, Entry]:
    """Return the inventory by patient."""
    entries = inventory.take(
        lab.where, patient_ids or None, Options(**options), jobs, lambda _: None, lambda _: None
    )  # fmt: skip
    return {entry.patient_id: entry for entry in entries}


def test_it_says_what_a_migration_then_does(lab: Lab) -> None:
    """Counts and reasons of each patient, also where ids are not the core's; sizes as they become."""
    lab.add_patient("NARROW", "update cancer_transcript_base set expression_fold_change = 1")
    lab.add_patient(
        "OTHER",
        f"delete from transcripts where transcript_id = '{ERBB2}'",
        "update cancer_transcript_base set transcript_id = transcript_id || '.1' where gene_symbol in ('EGFR', 'TP53')",
        "update transcripts set expression_fold_change = 1",
    )
    entries = take(lab, jobs=3)
    assert set(entries) == {*DEMO, "NARROW", "OTHER"}
    assert entries["OTHER"].reasons["orphan"] > 1 and entries["OTHER"].missing
    outcomes = lab.migrate()
    for patient_id, outcome in outcomes.items():
        entry = entries[patient_id]
        assert [getattr(entry, name) for name in COUNTS] == [getattr(outcome, name) for name in COUNTS], patient_id
        ((surface, surface_class, size),) = lab.query(
            "select metadata_json ->> 'surface', metadata_json ->> 'surface_class', "
            "(select sum(pg_total_relation_size(oid)) from pg_class "
            f"where relkind = 'r' and relnamespace = 'patient_{patient_id.lower()}'::regnamespace) "
            f"from patient_{patient_id.lower()}.metadata"
        )
        assert (entry.surface, entry.surface_class) == (surface, surface_class)
        assert entry.predicted_bytes == pytest.approx(float(size), rel=0.15, abs=50_000), patient_id  # some pages


def test_what_it_tells_of_a_database(lab: Lab) -> None:
    """Versions in any shape, size, custom objects, the last write, and findings."""
    lab.add_patient(
        "SHAPE",
        "drop table schema_version; create table schema_versions (version text, applied_at timestamptz); "
        "insert into schema_versions values ('v0.5.1', now()), ('v0.4', now() - interval '1 year')",
        "create view strong as select * from cancer_transcript_base where expression_fold_change > 4; "
        "create schema lab create table notes (id int primary key); "
        "create function lab.twice(float8) returns float8 language sql as 'select $1 * 2'; "
        "alter table cancer_transcript_base add expression_freq jsonb",
        f"update transcripts set updated_at = '2031-02-03 04:05:06+00' where transcript_id = '{ERBB2}'",
    )
    entry = take(lab, "SHAPE")["SHAPE"]
    assert entry.schema_version == "v0.5.1"
    assert entry.server_version.partition(".")[0] == str(lab.query("show server_version")[0][0]).partition(".")[0]
    ((size,),) = lab.query(f"select pg_database_size('{PREFIX}SHAPE')")
    assert entry.size_bytes == size and entry.saving_bytes == size - (entry.predicted_bytes or 0)
    # A core that was upgraded has a table schema_versions, too.
    assert [name for name in entry.custom_objects if name != "table public.schema_versions"] == [
        "function lab.twice(double precision)", "schema lab", "table lab.notes", "view public.strong",
    ]  # fmt: skip
    assert entry.last_write == datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert {finding.check for finding in entry.findings} == {"custom-objects"}


def test_writes_are_counted(lab: Lab) -> None:
    """Since the server's statistics were last reset; the column updated_at need not tell of one."""
    lab.add_patient("QUIET")
    before = take(lab, "QUIET")["QUIET"]
    assert before.counted_writes is not None and before.last_write is not None
    assert datetime.now(UTC) - before.last_write < timedelta(hours=1)
    lab.change("QUIET", f"update cancer_transcript_base set expression_fold_change = 3 where transcript_id = '{ERBB2}'")

    def counted() -> int:
        return take(lab, "QUIET")["QUIET"].counted_writes or 0

    until = time.monotonic() + 5
    while counted() <= before.counted_writes and time.monotonic() < until:
        time.sleep(0.05)
    assert counted() == before.counted_writes + 1


def test_the_last_write_by_commit_times() -> None:
    """Where the server keeps them, they tell of a write that no column does; a view in a table's place has none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SERVER_SETTINGS, "track_commit_timestamp", "on")
        with laboratory(sandboxes.Generated(transcripts=200)) as lab:
            time.sleep(1)
            ((before,),) = lab.query("select now()")
            lab.change("DEMO_HER2", "update cancer_transcript_base set expression_fold_change = 3")
            lab.change("DEMO_TNBC", "alter table cancer_transcript_base rename to odd")
            lab.change("DEMO_TNBC", "create view cancer_transcript_base as table odd")
            entries = take(lab)
            assert (entries["DEMO_HER2"].last_write or before) > before > (entries["DEMO_CRC_MSI"].last_write or before)
            assert entries["DEMO_TNBC"].stored == lab.plan("DEMO_TNBC")["DEMO_TNBC"].stored


def test_an_interrupt_ends_it_at_once(lab: Lab) -> None:
    """Also while a scan is at work, here one that waits for a lock."""
    with lab.session(PREFIX + "DEMO_HER2") as session, lab.started("inventory") as process:
        session.execute("begin; lock table genes in access exclusive mode")
        eventually(
            lambda: lab.query(
                "select 1 from pg_locks where not granted and relation = 'genes'::regclass", PREFIX + "DEMO_HER2"
            ),
            "it waits",
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 130


def test_each_table_is_read_once_and_nothing_is_written(lab: Lab) -> None:
    """One sequential scan of each legacy table, by the server's own count; no transaction number is used."""
    lab.add_patient("ONCE")
    scans = ("select relname, seq_scan, idx_scan from pg_stat_user_tables "
             "where relname in ('cancer_transcript_base', 'transcripts') order by 1")  # fmt: skip
    lab.change("ONCE", "select pg_stat_reset()")
    before = lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text")
    take(lab, "ONCE")
    until = time.monotonic() + 5
    while lab.query(scans, PREFIX + "ONCE")[0][1] == 0 and time.monotonic() < until:
        time.sleep(0.05)
    assert [(name, scanned) for name, scanned, _ in lab.query(scans, PREFIX + "ONCE")] == [
        ("cancer_transcript_base", 1), ("transcripts", 1),
    ]  # fmt: skip
    assert lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text") == before


def test_the_command(lab: Lab) -> None:
    """A table for people, JSON for machines; unknown patients and malformed names are refused."""
    shown = lab.call("inventory")
    assert shown.returncode == 0 and "DEMO_HER2" in shown.stdout and "in v0.6.0" in shown.stdout
    listed = json.loads(lab.call("inventory", "DEMO_HER2", "--json").stdout)
    assert [each["patient_id"] for each in listed] == ["DEMO_HER2"] and listed[0]["saving_bytes"] > 0
    assert "NOBODY" in complaint(lab.call("inventory", "NOBODY"), 2)
    for text in ("A", "=B", "A=", "="):
        assert "OLD=NEW" in complaint(lab.call("inventory", "--rename", text), 2)


def test_a_new_name(lab: Lab) -> None:
    """It is used by everything, the old one is told apart, and can be taken back as long as nothing was moved."""
    lab.add_patient("Karl-Marx", like="DEMO_BASELINE")
    assert lab.call("inventory", "P-1", "--rename", "Karl-Marx=P-1").returncode == 0
    said = complaint(lab.call("migrate", "Karl-Marx"), 2)
    assert "P-1" in said
    assert lab.plan("P-1")["P-1"].result == "migrated"
    assert lab.call("inventory", "P-2", "--rename", "Karl-Marx=P-2").returncode == 0
    assert lab.call("inventory", "Karl-Marx", "--rename", "Karl-Marx=Karl-Marx").returncode == 0
    assert lab.call("inventory", "P-1", "--rename", "Karl-Marx=P-1").returncode == 0
    assert lab.migrate("P-1")["P-1"].result == "migrated"
    assert lab.migrate("P-1")["P-1"].result == "unchanged"
    assert lab.schemas() == ["patient_p_1"]
    ((everything,),) = lab.query("select metadata::text from patient_p_1.metadata")
    assert "Marx" not in everything
    assert "moved already" in complaint(lab.call("inventory", "--rename", "Karl-Marx=P-3"), 5)


def test_a_name_of_a_patient_whose_legacy_database_is_gone(lab: Lab) -> None:
    """Its schema is never built over, neither by a rename nor by a database that has the name by chance."""
    lab.add_patient("GONE", like="DEMO_TNBC")
    lab.migrate("GONE")
    before = lab.query("select * from patient_gone.expression_data")
    lab.drop_patient("GONE")
    lab.add_patient("OTHER")
    assert "came from elsewhere" in complaint(lab.call("inventory", "--rename", "OTHER=GONE"), 5)
    assert "one schema name" in complaint(lab.call("inventory", "--rename", "OTHER=gone"), 5)
    lab.execute("insert into migration.rename values ('OTHER', 'GONE', 1)")
    assert "came from elsewhere" in complaint(lab.call("migrate", "GONE"), 5)
    assert lab.query("select * from patient_gone.expression_data") == before


def test_names_that_cannot_be_given(lab: Lab) -> None:
    """Taken, unknown, not an id; of several, none is recorded when one cannot be."""
    lab.add_patient("A-1", like="DEMO_BASELINE")
    lab.add_patient("B", like="DEMO_BASELINE")
    lab.migrate("DEMO_BASELINE")
    for new in ("B", "b", "DEMO-HER2", "DEMO_BASELINE", "demo.baseline"):
        said = complaint(lab.call("inventory", "--rename", "B=C", "--rename", f"A-1={new}"), 5) if new in (
            "DEMO-HER2", "DEMO_BASELINE", "demo.baseline"
        ) else complaint(lab.call("inventory", "--rename", f"A-1={new}"), 5)  # fmt: skip
        assert "one schema name" in said
    assert "nobody" in complaint(lab.call("inventory", "--rename", "nobody=C"), 2)
    assert "not a patient id" in complaint(lab.call("inventory", "--rename", "B=C D"), 2)
    assert lab.query("select * from migration.rename") == []
    swapped = lab.call("inventory", "--rename", "A-1=B", "--rename", "B=A-1")
    assert swapped.returncode == 0, swapped.stderr
    assert sorted(lab.query("select legacy_id, patient_id from migration.rename")) == [("A-1", "B"), ("B", "A-1")]


@pytest.mark.acceptance
def test_a_thousand_databases_in_under_two_minutes() -> None:
    """With two jobs; small ones, because the disk is finite: what is measured is what each database costs besides."""
    with laboratory(sandboxes.Generated(transcripts=200)) as lab:
        with lab.session("postgres") as session:
            for number in range(1000 - len(DEMO)):
                session.execute(
                    f'create database "{PREFIX}N{number}" template "{PREFIX}DEMO_HER2" strategy wal_log'.encode()
                )
        started = time.monotonic()
        done = lab.run("inventory", "--jobs", "2", "--json", timeout=120)
        seconds = time.monotonic() - started
        assert done.returncode == 0 and len(json.loads(done.stdout)) == 1000
        print(f"1,000 databases in {seconds:.1f} s")
        assert seconds < 120
