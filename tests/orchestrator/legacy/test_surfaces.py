"""The two legacy tables that hold fold changes: how they can relate, and odd shapes of them."""

import pytest
from helpers import Lab

ERBB2, EGFR = "ENST00000269571", "ENST00000275493"
BASELINE_WIDE = "update cancer_transcript_base set expression_fold_change = 1"
BASELINE_NARROW = "update transcripts set expression_fold_change = 1"
SET_NARROW = f"update transcripts set expression_fold_change = 7 where transcript_id = '{ERBB2}'"


def row_of(lab: Lab, schema: str, transcript_id: str = ERBB2) -> float:
    """Return a transcript's fold change in v0.6.0."""
    ((value,),) = lab.query(
        f"select expression_fold_change from {schema}.cancer_transcript_base where transcript_id = '{transcript_id}'"
    )
    return float(value)


def test_every_relation_of_the_surfaces(lab: Lab) -> None:
    """The class is recorded, and the values come from the surface that has them."""
    lab.add_patient("AGREE")
    lab.add_patient("WIDE", BASELINE_NARROW)
    lab.add_patient("NARROW", BASELINE_WIDE)
    lab.add_patient("ONLY-WIDE", "drop table transcripts cascade")
    lab.add_patient("ONLY-NARROW", "drop table cancer_transcript_base cascade")
    lab.add_patient("EVEN", like="DEMO_BASELINE")
    wanted = {
        "AGREE": ("agree", "cancer_transcript_base", 600),
        "WIDE": ("table-only", "cancer_transcript_base", 600),
        "NARROW": ("transcripts-only", "transcripts", 600),
        "ONLY-WIDE": ("table-only", "cancer_transcript_base", 600),
        "ONLY-NARROW": ("transcripts-only", "transcripts", 600),
        "EVEN": ("all-baseline", "cancer_transcript_base", 600),
    }
    outcomes = lab.migrate(*wanted)
    assert {each.result for each in outcomes.values()} == {"migrated"}
    for patient_id, (surface_class, surface, rows) in wanted.items():
        schema = f"patient_{patient_id.lower().replace('-', '_')}"
        assert lab.query(
            "select metadata_json ->> 'surface_class', metadata_json ->> 'surface', "
            "total_transcripts_uploaded "
            f"from {schema}.metadata"
        ) == [(surface_class, surface, rows)], patient_id
    assert outcomes["NARROW"].stored == outcomes["ONLY-NARROW"].stored == outcomes["AGREE"].stored > 50
    lab.verify(*wanted)


def test_a_database_without_rows_is_no_patient_at_baseline(lab: Lab) -> None:
    """A failed load looks like it: every transcript would read 1.0. So said by the dry run, too."""
    lab.add_patient("EMPTY", "truncate cancer_transcript_base; truncate transcripts cascade")
    for outcome in (lab.plan("EMPTY")["EMPTY"], lab.migrate("EMPTY")["EMPTY"]):
        assert outcome.result == "failed"
        assert "have no rows" in outcome.message
    assert not lab.schemas()


def test_a_wide_table_that_lost_its_rows_does_not_hide_those_of_the_other(lab: Lab) -> None:
    """An empty cancer_transcript_base beside a full transcripts is not an empty patient."""
    lab.add_patient("LOST", "truncate cancer_transcript_base")
    outcome = lab.migrate("LOST")["LOST"]
    assert (outcome.result, outcome.legacy_rows) == ("migrated", 600)
    assert outcome.stored > 50


def test_surfaces_that_disagree_are_taken_as_told(lab: Lab) -> None:
    """Nothing is moved until the operator says which; --surface each way; and again without a word."""
    for patient_id in ("LEFT", "RIGHT"):
        lab.add_patient(patient_id, SET_NARROW)
    stopped = lab.migrate("LEFT", "RIGHT")
    assert {each.result for each in stopped.values()} == {"failed"}
    assert "--surface cancer_transcript_base or --surface transcripts" in stopped["LEFT"].message
    assert lab.schemas() == []
    assert lab.migrate("LEFT", believe="cancer_transcript_base")["LEFT"].result == "migrated"
    assert lab.migrate("RIGHT", believe="transcripts")["RIGHT"].result == "migrated"
    assert row_of(lab, "patient_left") > 10
    assert row_of(lab, "patient_right") == 7
    lab.verify("LEFT")


def test_a_patient_moved_with_surface_is_done_when_the_next_run_does_not_say_which(lab: Lab) -> None:
    """What was decided for a patient is known: `migrate --all` the next day does not fail it."""
    lab.add_patient("DECIDED", SET_NARROW)
    lab.migrate("DECIDED", believe="transcripts")
    assert lab.migrate("DECIDED")["DECIDED"].result == "unchanged"
    assert lab.query("select state from migration.patient") == [("validated",)]


def test_surfaces_that_differ_by_one_row_disagree(lab: Lab) -> None:
    """By a value's last bit, by a null, by a row that is only in one."""
    lab.add_patient(
        "BIT",
        "update transcripts set expression_fold_change = '2.0000000000000004' where transcript_id "
        f"= '{EGFR}'; "
        f"update cancer_transcript_base set expression_fold_change = 2 where transcript_id = '{EGFR}'",
    )
    lab.add_patient("NULL", f"update transcripts set expression_fold_change = null where transcript_id = '{EGFR}'")
    lab.add_patient("ROW", f"delete from cancer_transcript_base where transcript_id = '{ERBB2}'")
    outcomes = lab.migrate("BIT", "NULL", "ROW")
    assert {id_: each.result for id_, each in outcomes.items()} == dict.fromkeys(outcomes, "failed")
    assert all("disagree" in each.message for each in outcomes.values())


def test_tables_of_other_shapes_are_read_by_name(lab: Lab) -> None:
    """27 columns in another order, single precision, varchar ids, a schema called like the user in front of
    public.
    """
    lab.add_patient(
        "OLD",
        """
        alter table cancer_transcript_base add publications jsonb, add expression_freq jsonb,
            add cancer_types text[], add expression_log2 double precision default 99;
        create table reordered as select expression_log2, expression_fold_change, gene_symbol, transcript_id,
            gene_id from cancer_transcript_base;
        drop table cancer_transcript_base cascade;
        alter table reordered rename to cancer_transcript_base;
        """,
    )
    lab.add_patient(
        "SINGLE",
        "update cancer_transcript_base set expression_fold_change = 0.1 where transcript_id = "
        "'ENST00000275493'; "
        "alter table cancer_transcript_base alter expression_fold_change type real; "
        "alter table transcripts alter expression_fold_change type real; "
        "update transcripts set expression_fold_change = 0.1 where transcript_id = 'ENST00000275493'",
    )
    lab.add_patient("SHORT", "alter table cancer_transcript_base alter transcript_id type varchar(30)")
    lab.add_patient("PARTED", """
        alter table cancer_transcript_base rename to part;
        create table cancer_transcript_base (like part) partition by hash (transcript_id);
        create table part_0 partition of cancer_transcript_base for values with (modulus 1, remainder 0);
        insert into cancer_transcript_base select * from part;
    """)  # fmt: skip
    lab.add_patient("SHADOWED", """
        create schema mediabase;
        create table mediabase.cancer_transcript_base as select * from cancer_transcript_base;
        update mediabase.cancer_transcript_base set expression_fold_change = 99;
    """)  # fmt: skip
    ids = ("OLD", "SINGLE", "SHORT", "PARTED", "SHADOWED")
    outcomes = lab.migrate(*ids)
    assert {id_: (each.result, each.message) for id_, each in outcomes.items()} == dict.fromkeys(ids, ("migrated", ""))
    lab.verify(*ids)
    ((single,),) = lab.query(
        f"select expression_fold_change from patient_single.expression_data where transcript_id = '{EGFR}'"
    )
    assert single == 0.10000000149011612


@pytest.mark.parametrize("value_type", ["numeric", "text", "integer"])
def test_values_of_inexact_types_are_refused(lab: Lab, value_type: str) -> None:
    """Numeric, text and integers are not doubles: the patient fails, and the message names the column."""
    alter = (
        f"alter table {{0}} alter expression_fold_change drop default, alter expression_fold_change type {value_type}"
    )
    lab.add_patient("ODD-WIDE", alter.format("cancer_transcript_base"))
    lab.add_patient("ODD-NARROW", BASELINE_WIDE, "drop index idx_transcripts_expression",
                    alter.format("transcripts"))  # fmt: skip
    outcomes = lab.migrate("ODD-WIDE", "ODD-NARROW")
    for patient_id, table in (("ODD-WIDE", "cancer_transcript_base"), ("ODD-NARROW", "transcripts")):
        assert outcomes[patient_id].result == "failed"
        assert f"{table}.expression_fold_change is {value_type}" in outcomes[patient_id].message
    assert lab.schemas() == []


def test_ids_that_are_null_are_counted_with_the_repeated(lab: Lab) -> None:
    """A table that lost its key can have rows without an id."""
    lab.add_patient(
        "NULLID",
        "alter table cancer_transcript_base drop constraint cancer_transcript_base_pkey; "
        "alter table cancer_transcript_base alter transcript_id drop not null; "
        "insert into cancer_transcript_base (transcript_id, expression_fold_change) values (null, "
        "3), (null, 4)",
    )
    outcome = lab.migrate("NULLID")["NULLID"]
    assert outcome.result == "failed" and "2 transcript ids" in outcome.message


def test_the_legacy_database_is_read_in_one_snapshot(lab: Lab) -> None:
    """A row changed between the scan of one surface and that of the other does not look like a
    disagreement.
    """
    lab.add_patient("BUSY")
    with (
        lab.gate("COPY", "BUSY") as gate,
        lab.started("migrate", "BUSY") as process,
    ):
        gate.reached(process)  # the snapshot is taken, nothing is read
        for table in ("cancer_transcript_base", "transcripts"):
            lab.change("BUSY", f"update {table} set expression_fold_change = 5.5 where transcript_id = '{EGFR}'")
        gate.open()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert row_of(lab, "patient_busy", EGFR) == 1
    assert lab.migrate("BUSY")["BUSY"].result == "migrated"
    lab.verify("BUSY")
