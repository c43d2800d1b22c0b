"""The table of staged exports: what an older one becomes, and that it does not grow with those that were in it."""

from helpers import DEMO, Lab

from orchestrator.migration import core

SIZE = "select pg_relation_size('staging.legacy_expression'), pg_indexes_size('staging.legacy_expression')"


def test_an_older_table_with_partitions_is_replaced(lab: Lab) -> None:
    """What is staged there is exported again; a build without that is refused, as any without an export."""
    lab.migrate("DEMO_HER2")
    lab.export("DEMO_TNBC")
    lab.execute(
        "drop table staging.legacy_expression cascade; "
        "create table staging.legacy_expression (patient_id text not null, transcript_id text not null, "
        "expression_fold_change double precision, disposition text) partition by list (patient_id); "
        "create unlogged table staging.legacy_expression_demo_tnbc partition of staging.legacy_expression "
        "for values in ('DEMO_TNBC')"
    )
    core.upgrade(lab.where.target)
    relations = "select relname, relkind, relpersistence from pg_class where relname ~ '^legacy_expression' order by 1"
    assert lab.query(relations) == [
        ("legacy_expression", "r", "u"),
        ("legacy_expression_patient_id_idx", "i", "u"),
    ]
    assert lab.query("select patient_id from staging.legacy_export") == []
    assert lab.migrate("DEMO_HER2", "DEMO_TNBC")["DEMO_TNBC"].result == "migrated"
    lab.verify("DEMO_HER2", "DEMO_TNBC")


def test_patients_take_the_place_of_those_before(lab: Lab) -> None:
    """Staging stays as large as it was for the first, however many come after."""
    lab.migrate(*DEMO)
    first = lab.query(SIZE)
    for _ in range(3):
        assert {each.result for each in lab.migrate(*DEMO, force=True).values()} == {"migrated"}
    assert lab.query(SIZE) == first
    assert lab.query("select count(*) from staging.legacy_expression") == [(0,)]
