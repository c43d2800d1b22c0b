"""The whole product on a target, once on plain PostgreSQL, where it shows that these tests run, and once on Citus."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from helpers import DEMO, Lab
from places import ON_CITUS, Node, Place, is_sound, migrated, place, schema
from serving import bearer, serving

from orchestrator.access.tokens import Scope, create_token
from orchestrator.migration.core import CORE_TABLES
from orchestrator.migration.rollback import PATIENT_TABLES
from orchestrator.postgres.connection import connect

QUARANTINED = "DEMO_BAD_VALUES"
COUNTS = "select patient_id, state, stored_rows, baseline_rows, quarantined_rows from migration.patient order by 1"


@pytest.fixture(scope="module", params=["postgresql", ON_CITUS])
def moved(request: pytest.FixtureRequest, laboratory_server: Lab) -> Iterator[Place]:
    """Return a target to which every demo patient was moved."""
    laboratory_server.reset()
    with place(request.param, laboratory_server) as made:
        if request.param == "citus":
            made.run("migrate", "--all", "--jobs", "2", code=3)
        else:
            migrated(made, *DEMO)  # in this process, which takes a fraction of that
        yield made


@pytest.fixture
def client(moved: Place) -> Iterator[httpx.Client]:
    """Return a client of the API that may read everything."""
    with connect(moved.target, autocommit=True) as target:
        until = datetime.now(UTC) + timedelta(hours=1)
        text = create_token(target, f"test-{until:%H%M%S%f}", Scope((), all_patients=True, cohort=True), until)
    with serving(moved.lab, is_drained=True, **moved.settings) as running:
        running.client.headers.update(bearer(text))
        yield running.client


def answer(client: httpx.Client, path: str, **parameters: Any) -> Any:
    """Return what the API says."""
    found = client.get(f"/api/v1/{path}", params=parameters)
    assert found.status_code == 200, found.text
    return found.json()


def nodes_of(moved: Place, patient_id: str) -> set[tuple[str, int]]:
    """Return the nodes that have tables of a patient."""
    query = "select nodename, nodeport from citus_shards where starts_with(table_name::text, %s || '.')"
    return set(moved.query(query, schema(patient_id)))  # type: ignore[arg-type]


def test_every_value_is_moved(moved: Place) -> None:
    """A script that shares no code with the product says so; bad values are beside, one patient is all baseline."""
    is_sound(moved, *DEMO)
    counts = {patient_id: rest for patient_id, *rest in moved.query(COUNTS)}
    assert set(counts) == set(DEMO) and {state for state, *_ in counts.values()} == {"validated"}
    assert counts["DEMO_BASELINE"][1] == 0 and counts[QUARANTINED][3] == 13
    assert moved.query("select count(*) from cohort.patient_error") == [(0,)]


def test_where_the_tables_are(moved: Place) -> None:
    """The core on every node, each patient on one, and all else on the coordinator."""
    if moved.engine != "citus":
        assert moved.query("select 1 from pg_extension where extname = 'citus'") == []
        return
    kinds = dict(moved.query("select table_name::text, citus_table_type from citus_tables"))
    assert {kinds.get(table) for table in CORE_TABLES} == {"reference"}
    tables = {f"{schema(each)}.{table}" for each in DEMO for table in PATIENT_TABLES}
    assert {name for name, kind in kinds.items() if kind == "schema"} == tables
    assert not [name for name in kinds if name.startswith(("staging.", "migration.", "cohort.", "access."))]
    assert {len(nodes_of(moved, each)) for each in DEMO} == {1}
    left = "select sum(pg_relation_size(logicalrelid)) from pg_dist_partition"
    assert moved.query(left) == [(0,)], "what Citus leaves of the tables on the coordinator"


def test_the_upgrade_again_changes_nothing(moved: Place) -> None:
    """Also where the database is set to distribute each schema that is made."""
    if moved.engine == "citus":
        ((name,),) = moved.query("select current_database()")
        moved.execute(f"alter database {name} set citus.enable_schema_based_sharding = on")
    assert "is at v0.6.0_baseline already" in moved.call("core", "upgrade").stdout
    moved.call("core", "check")
    if moved.engine == "citus":
        assert {name for (name,) in moved.query("select schema_name::text from citus_schemas")} == set(
            map(schema, DEMO)
        )


def test_moved_again(moved: Place) -> None:
    """A patient whose data is the same is left alone, one that is built anew keeps its place."""
    before = nodes_of(moved, "DEMO_HER2") if moved.engine == "citus" else set()
    assert migrated(moved, "DEMO_HER2") == {"unchanged"}
    assert migrated(moved, "DEMO_HER2", force=True) == {"migrated"}
    is_sound(moved, "DEMO_HER2")
    assert before == (nodes_of(moved, "DEMO_HER2") if moved.engine == "citus" else set())


def test_an_edit_is_never_moved_over(moved: Place) -> None:
    """The trigger keeps the time of a change wherever the row is, and the digest finds it."""
    row = "from patient_demo_luad_egfr.expression_data order by transcript_id limit 1"
    ((transcript_id, value, updated_at),) = moved.query(
        f"select transcript_id, expression_fold_change, updated_at {row}"
    )
    change = "update patient_demo_luad_egfr.expression_data set expression_fold_change = {} where transcript_id = '{}'"
    moved.execute(change.format(77.5, transcript_id))
    assert moved.query(f"select updated_at > %s {row}", updated_at) == [(True,)]
    assert migrated(moved, "DEMO_LUAD_EGFR") == {"kept"}
    assert "fold changes" in moved.call("rollback", "DEMO_LUAD_EGFR", code=1).stdout
    moved.execute(change.format(value, transcript_id))
    moved.call("rollback", "DEMO_LUAD_EGFR", "--discard")
    assert migrated(moved, "DEMO_LUAD_EGFR") == {"migrated"}


def test_looked_at(moved: Place) -> None:
    """Status, report, lists and parity; a patient's size is that of its tables wherever they are."""
    assert QUARANTINED in moved.call("status").stdout
    moved.call("report", "-o", moved.lab.home / f"report-{moved.engine}.html")
    moved.call("parity", "--all", code=3)
    listed = json.loads(moved.call("patient", "list", "--json").stdout)
    assert {each["patient_id"] for each in listed} == set(DEMO)
    assert min(each["schema_bytes"] for each in listed) > 50_000
    assert json.loads(moved.call("patient", "show", "DEMO_HER2", "--json").stdout)["schema_bytes"] > 50_000


def test_facts_are_changed(moved: Place) -> None:
    """What is known about a patient, which does not make it look edited."""
    moved.call("patient", "update", "DEMO_HER2", "--cancer-type", "Breast Cancer", "--cancer-subtype", "HER2+")
    assert moved.query("select cancer_subtype from patient_demo_her2.metadata") == [("HER2+",)]
    assert migrated(moved, "DEMO_HER2", force=True) == {"migrated"}
    moved.call("patient", "update", "DEMO_HER2", "--unset", "cancer_type", "--unset", "cancer_subtype")
    is_sound(moved, "DEMO_HER2")


def test_a_core_that_loses_a_transcript(moved: Place) -> None:
    """Rows change places with the core, and back."""
    ((lost,),) = moved.query("select min(transcript_id) from patient_demo_tnbc.expression_data")
    ((gene_id,),) = moved.query("select gene_id from public.transcripts where transcript_id = %s", lost)
    moved.execute(f"delete from public.transcript_go_terms where transcript_id = '{lost}'")
    moved.execute(f"delete from public.transcripts where transcript_id = '{lost}'")
    moved.call("migrate", "--all", "--requeue-quarantine")
    reason = f"select reason from patient_demo_tnbc.quarantined_expression where transcript_id = '{lost}'"
    assert moved.query(reason) == [("orphan",)]
    moved.execute(f"insert into public.transcripts (transcript_id, gene_id) values ('{lost}', '{gene_id}')")
    moved.call("migrate", "--all", "--requeue-quarantine")
    is_sound(moved, *DEMO)


def test_gone_and_back(moved: Place) -> None:
    """One is rolled back, another removed with all of it kept; nothing is left on any node, and both come back."""
    moved.call("rollback", "DEMO_TNBC")
    moved.call("patient", "remove", "DEMO_CRC_MSI", "--yes")
    for dsn in [node.dsn for node in moved.nodes] or [moved.target]:
        ((name,),) = moved.query("select current_database()")
        with connect(dsn, dbname=name) as connection:
            schemas = connection.execute("select nspname from pg_namespace where nspname ~ '^patient_'").fetchall()
        assert {each for (each,) in schemas} == set(map(schema, DEMO)) - {schema("DEMO_TNBC"), schema("DEMO_CRC_MSI")}
    moved.call("patient", "remove", "DEMO_CRC_MSI", "--undo")
    assert migrated(moved, "DEMO_TNBC") == {"migrated"}
    is_sound(moved, "DEMO_TNBC", "DEMO_CRC_MSI")


def test_archived_dropped_and_restored(moved: Place) -> None:
    """The backup of the core restores anywhere, thin archives are made of it, and a rollback restores the database."""
    assert "1 backups, 0 failed" in moved.call("backup", "--core").stdout
    moved.call("archive", "DEMO_LUAD_EGFR", "--thin")
    moved.call("drop-legacy", "DEMO_LUAD_EGFR", "--yes")
    assert "restored" in moved.call("rollback", "DEMO_LUAD_EGFR").stdout
    assert migrated(moved, "DEMO_LUAD_EGFR") == {"migrated"}
    is_sound(moved, "DEMO_LUAD_EGFR")


def test_read_through_the_api(moved: Place, client: httpx.Client) -> None:
    """Every patient by its own role, wherever it is, two beside each other, and the core."""
    assert answer(client, "patients")["count"] == len(DEMO)
    for patient_id in DEMO:
        assert answer(client, f"patients/{patient_id}")["patient_id"] == patient_id
    highest = answer(client, "transcripts", patient_id="DEMO_HER2", limit=1)[0]
    assert highest["gene_symbol"] == "ERBB2" and highest["expression_fold_change"] > 10
    compared = answer(client, "compare", patient_ids="DEMO_HER2,DEMO_TNBC", gene_symbols="ERBB2")
    assert {"DEMO_HER2", "DEMO_TNBC"} <= set(json.dumps(compared).replace('"', " ").split())
    assert answer(client, "stats")


def test_the_cohort(moved: Place) -> None:
    """Fold changes of all, of one gene, and those that vary most."""
    moved.call("cohort", "refresh")
    assert "6 current, 0 stale" in moved.call("cohort", "status").stdout
    gene = moved.call("cohort", "gene", "ERBB2").stdout
    assert all(patient_id in gene for patient_id in DEMO)
    assert "ERBB2" in moved.call("cohort", "variable", "--limit", "5").stdout


def test_dbt_by_itself(moved: Place) -> None:
    """Export, build and test of a patient, as somebody who knows only dbt does it."""
    moved.lab.export("DEMO_HER2")
    success, said = moved.lab.dbt("build", "--vars", "patient_id: DEMO_HER2")
    assert success, said
    assert migrated(moved, "DEMO_HER2") == {"migrated"}


def test_a_patient_moves_to_another_node(moved: Place, client: httpx.Client) -> None:
    """It is the same patient afterwards, for validation, for a migration and for readers."""
    if len(moved.nodes) < 2:
        pytest.skip("needs Citus with two nodes")
    ((before,),) = [list(nodes_of(moved, "DEMO_HER2"))]
    after: Node = next(node for node in moved.nodes if (node.host, node.port) != before)
    moved.query("select citus_schema_move('patient_demo_her2', %s, %s)", after.host, after.port)
    assert nodes_of(moved, "DEMO_HER2") == {(after.host, after.port)}
    is_sound(moved, "DEMO_HER2")
    assert migrated(moved, "DEMO_HER2") == {"unchanged"}
    assert answer(client, "transcripts", patient_id="DEMO_HER2", limit=1)[0]["gene_symbol"] == "ERBB2"
    assert migrated(moved, "DEMO_HER2", force=True) == {"migrated"}
    is_sound(moved, "DEMO_HER2")
