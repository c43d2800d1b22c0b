"""The main job on the demo sandbox, through the command line."""

import json

import pytest
from helpers import DEMO, Lab

BAD_VALUES = {"infinite": 2, "nan": 2, "not_positive": 4, "null": 2, "orphan": 3}
STATUS_KEYS = {"running", "last_run", "patients"}


def written(lab: Lab) -> list[tuple[object, ...]]:
    """Return what every row of every patient table is, which transaction wrote it, and every relation there
    is.
    """
    found: list[tuple[object, ...]] = lab.query(
        "select relnamespace::regnamespace::text, relname, oid, relfilenode, relacl::text from pg_class "
        "where relnamespace in (select oid from pg_namespace where nspname ~ '^patient_') order by 1, 2"
    )
    for schema in lab.schemas():
        for table in ("expression_data", "quarantined_expression", "metadata"):
            found += lab.query(f"select tableoid, ctid, xmin, t::text from {schema}.{table} as t order by ctid")
    return found


def test_a_server_becomes_one_database_and_a_second_run_changes_nothing(lab: Lab) -> None:
    """Migrate, verify with a script that shares no code, migrate again, look at the status."""
    first = lab.results("migrate", "--all", code=3)
    assert set(first) == set(DEMO)
    assert {each["result"] for each in first.values()} == {"migrated"}
    assert first["DEMO_BAD_VALUES"]["reasons"] == BAD_VALUES
    assert first["DEMO_BASELINE"]["stored"] == 0 and first["DEMO_HER2"]["stored"] > 50
    for each in first.values():
        assert each["legacy_rows"] == each["stored"] + each["baseline"] + each["quarantined"]
    lab.verify()
    assert lab.query("select count(*) from staging.legacy_export") == [(0,)]
    assert lab.query("select pg_relation_size('staging.legacy_expression')") == [(0,)]

    before = written(lab)
    journal = lab.query("select patient_id, built_at, published_at, current_digest from migration.patient order by 1")
    second = lab.results("migrate", "--all", code=3)
    assert {each["result"] for each in second.values()} == {"unchanged"}
    assert {id_: each["reasons"] for id_, each in second.items()} == {
        id_: each["reasons"] for id_, each in first.items()
    }
    assert written(lab) == before
    assert journal == lab.query(
        "select patient_id, built_at, published_at, current_digest from migration.patient order by 1"
    )

    done = lab.run("status", "--json")
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert set(status) == STATUS_KEYS and status["running"] is None
    assert (status["last_run"]["command"], status["last_run"]["exit_code"]) == ("migrate", 3)
    assert [patient["patient_id"] for patient in status["patients"]] == sorted(DEMO)
    for patient in status["patients"]:
        assert patient["state"] == "validated" and patient["published_at"] and not patient["error_code"]
        assert patient["legacy_digest"] == patient["current_digest"]
        assert patient["quarantine_reasons"] == first[patient["patient_id"]]["reasons"]
    shown = lab.run("status")
    assert shown.returncode == 0
    assert "DEMO_BAD_VALUES" in shown.stdout and "ended" in shown.stdout and "exit code 3" in shown.stdout


def test_two_workers_do_the_same_as_one(lab: Lab) -> None:
    """`--jobs 2` with more patients than one batch; plain lines count the patients where there is no
    terminal.
    """
    for number in range(3):
        lab.add_patient(f"MORE-{number}", like=DEMO[number + 2])
    done = lab.run("migrate", "--all", "--jobs", 2)
    assert done.returncode == 3, done.stderr
    assert "9 patients: 9 migrated" in done.stdout
    assert sorted(line.split()[0] for line in done.stderr.splitlines()) == [f"{n}/9" for n in range(1, 10)]
    lab.verify()


def test_ids_with_dashes_dots_and_upper_case_keep_their_spelling(lab: Lab) -> None:
    """The schema folds, metadata and journal do not; 45 characters are the most."""
    longest = "L" + "x" * 44
    ids = [lab.add_patient(each) for each in ("TCGA-3X-AAV9-01A", "Hospital.7_b", "1", longest)]
    assert {each.result for each in lab.migrate(*ids).values()} == {"migrated"}
    lab.verify(*ids)
    assert set(lab.schemas()) == {
        "patient_tcga_3x_aav9_01a", "patient_hospital_7_b", "patient_1", f"patient_l{'x' * 44}",
    }  # fmt: skip
    assert lab.query("select patient_id from patient_tcga_3x_aav9_01a.metadata") == [("TCGA-3X-AAV9-01A",)]
    assert lab.query("select count(*) from patient_TCGA_3X_AAV9_01A.expression_data")[0][0] > 50
    assert lab.query("select rolname from pg_roles where rolname = %s", parameters=[f"reader_patient_l{'x' * 44}"])


def test_transcripts_that_the_legacy_database_lacks_are_counted_and_read_as_baseline(lab: Lab) -> None:
    """They are `missing` in the outcome, and neither stored nor quarantined."""
    lab.add_patient(
        "LACKING",
        "delete from cancer_transcript_base where transcript_id in "
        "(select transcript_id from cancer_transcript_base where expression_fold_change = 1 "
        "order by transcript_id limit 7)",
    )
    outcome = lab.migrate("LACKING")["LACKING"]
    assert (outcome.missing, outcome.legacy_rows) == (7, 593)
    lab.verify("LACKING")
    assert lab.query("select missing_rows from migration.patient") == [(7,)]


def test_values_at_the_edges_arrive_bit_by_bit(lab: Lab) -> None:
    """One ulp beside 1.0, the smallest and the largest double, a negative zero, odd ids."""
    lab.add_patient(
        "EDGES",
        """
        update cancer_transcript_base set expression_fold_change = edge.value
        from (
            select transcript_id, row_number() over (order by transcript_id) as n from cancer_transcript_base
            where expression_fold_change = 1
        ) as baseline
        inner join unnest(array[
            '1.0000000000000002', '0.9999999999999999', '5e-324', '1.7976931348623157e308', '-0', '0.1',
            '-5e-324'
        ]::float8[]) with ordinality as edge (value, n) using (n)
        where cancer_transcript_base.transcript_id = baseline.transcript_id;
        insert into cancer_transcript_base (transcript_id, expression_fold_change) values
        ('', 2), (' ', 2), ('Ünï™ 日本', 2), (E'tab\\tand "quotes"''', 1), (repeat('long', 100), null),
        ('NULL', 'NaN');
        """,
    )
    outcome = lab.migrate("EDGES", believe="cancer_transcript_base")["EDGES"]
    assert outcome.result == "migrated"
    assert outcome.reasons == {"not_positive": 2, "orphan": 4, "null": 1, "nan": 1}
    lab.verify("EDGES")


@pytest.mark.parametrize("length", [3_000, 9_000])
def test_ids_too_long_to_be_stored_fail_with_the_reason(lab: Lab, length: int) -> None:
    """More than an index holds, and more than a page: the patient fails alone, and says why."""
    digits = f"(select string_agg(md5(n::text), '') from generate_series(1, {length // 32 + 1}) as n)"
    lab.add_patient(
        "LONG",
        "drop table transcripts cascade; "
        "alter table cancer_transcript_base drop constraint cancer_transcript_base_pkey, "
        "alter transcript_id type text; "
        f"insert into cancer_transcript_base (transcript_id, expression_fold_change) values ({digits}, 2)",
    )
    lab.add_patient("SHORT")
    outcomes = lab.migrate("LONG", "SHORT")
    assert outcomes["SHORT"].result == "migrated"
    assert outcomes["LONG"].result == "failed"
    assert "a transcript id of it is longer than PostgreSQL can index" in outcomes["LONG"].message
    assert lab.schemas() == ["patient_short"]


def test_reader_roles_see_their_patient_and_the_core_only(lab: Lab) -> None:
    """Published means readable by the patient's role, through the view too."""
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    with lab.session() as reader:
        reader.execute("set role reader_patient_demo_her2")
        reader.execute("set search_path = patient_demo_her2, public")
        assert reader.execute("select count(*) from cancer_transcript_base").fetchone() == (600,)
        assert reader.execute("select count(*) from metadata").fetchone() == (1,)
        for denied in ("patient_demo_tnbc.expression_data", "migration.patient", "staging.legacy_export"):
            allowed = reader.execute(
                "select has_schema_privilege(split_part(%s, '.', 1), 'usage')", [denied]
            ).fetchone()
            assert allowed == (False,), denied
