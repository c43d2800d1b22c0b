"""What is told about a patient: that it is right, that its queries run for whom it is meant, and what it keeps back."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers import Lab, complaint, mediabase
from psycopg.conninfo import make_conninfo

from orchestrator.context.examples import EXAMPLES, OTHER_SCHEMA
from orchestrator.patient_id import reader_role, schema_name

PATIENT, OTHER = "DEMO_HER2", "DEMO_TNBC"
SCHEMA = schema_name(PATIENT)
GUIDE = ("overexpressed_genes", "drug_targets", "suppressor_loss", "pathways")
NAMES = [name for name, _, _ in EXAMPLES]
CLINICAL = "Clinical words of DEMO_HER2"


@pytest.fixture(scope="module")
def cohort(laboratory_server: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return the laboratory with both patients, and the one with rows in quarantine, moved."""
    lab = laboratory_server
    lab.reset()
    manifest = tmp_path_factory.mktemp("manifest") / "patients.csv"
    manifest.write_text(f"patient_id,cancer_type,clinical_notes\n{PATIENT},{CLINICAL} type,{CLINICAL} notes\n")
    done = lab.run("migrate", PATIENT, OTHER, "DEMO_BAD_VALUES", "--manifest", manifest)
    assert done.returncode == 3, done.stderr
    assert lab.query(f"select clinical_notes from {SCHEMA}.metadata") == [(f"{CLINICAL} notes",)]
    yield lab
    lab.reset()


@pytest.fixture(scope="module")
def told(cohort: Lab) -> dict[str, Any]:
    """Return what is told about the patient, as data."""
    done = cohort.run("context", "--patient", PATIENT, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def page(cohort: Lab) -> str:
    """Return what is told about the patient, as Markdown."""
    done = cohort.run("context", "--patient", PATIENT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_reader(lab: Lab, query: str, *roles: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query for a login that has these roles and nothing else, as it would see them."""
    with lab.session() as connection, connection.transaction(force_rollback=True):
        connection.execute("create role somebody")
        for role in roles:
            connection.execute(f"grant {role} to somebody".encode())
        connection.execute("set local role somebody")
        return connection.execute(query.encode()).fetchall()


def sql_of(told: dict[str, Any], name: str) -> str:
    """Return an example's query."""
    (found,) = [each["sql"] for each in told["examples"] if each["name"] == name]
    return str(found)


def with_results(told: dict[str, Any], name: str) -> tuple[str, str]:
    """Return an example's query for a patient in whom it finds something, and who that is: one has lost none."""
    patient_id = OTHER if name == "suppressor_loss" else PATIENT
    return sql_of(told, name).replace(SCHEMA, schema_name(patient_id)), patient_id


@pytest.mark.parametrize("name", [name for name in NAMES if name != "two_patients"])
def test_every_query_runs_as_the_patients_reader(cohort: Lab, told: dict[str, Any], name: str) -> None:
    """As it is printed, in the reader role itself, and for a login that has it; each finds something."""
    as_reader(cohort, sql_of(told, name), reader_role(PATIENT))
    query, patient_id = with_results(told, name)
    with cohort.session() as connection:
        connection.execute(f"set role {reader_role(patient_id)}".encode())
        rows = connection.execute(query.encode()).fetchall()
    assert rows and rows == as_reader(cohort, query, reader_role(patient_id))
    assert OTHER_SCHEMA not in query


def test_two_patients_take_two_roles(cohort: Lab, told: dict[str, Any]) -> None:
    """With the other's schema in its place; whoever may read one of them only is refused."""
    query = sql_of(told, "two_patients").replace(OTHER_SCHEMA, schema_name(OTHER))
    rows = as_reader(cohort, query, reader_role(PATIENT), reader_role(OTHER))
    assert {symbol for symbol, *_ in rows} == {"ERBB2", "EGFR", "ESR1"}
    assert any(one != other for _, _, one, other in rows)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_reader(cohort, query, reader_role(PATIENT))


def test_queries_say_what_v050_said(cohort: Lab, told: dict[str, Any]) -> None:
    """The guide's four types are there; found fold changes are those of the compatibility view, 1.0 included."""
    assert set(GUIDE) <= set(NAMES)
    for name in ("named_genes", "overexpressed_genes", "drug_targets", "suppressor_loss"):
        query, patient_id = with_results(told, name)
        view = f"{schema_name(patient_id)}.cancer_transcript_base"
        folds = dict(cohort.query(f"select transcript_id, expression_fold_change from {view}"))
        rows = [row[1:3] for row in cohort.query(query)]
        assert rows and all(folds[transcript] == fold for transcript, fold in rows), name
    assert 1.0 in {row[2] for row in cohort.query(sql_of(told, "named_genes"))}
    (above,) = cohort.query(
        f"select count(*) from (select from {SCHEMA}.cancer_transcript_base "
        "where expression_fold_change > 2.0 order by expression_fold_change desc limit 20) as found"
    )
    assert len(cohort.query(sql_of(told, "overexpressed_genes"))) == len(cohort.query(sql_of(told, "view"))) == above[0]
    assert cohort.query(sql_of(told, "pathways")) == cohort.query(
        "select pathway_id, pathway_name, pathway_source, count(*) from ("
        "    select distinct p.gene_id, p.pathway_id, p.pathway_name, p.pathway_source from public.gene_pathways as p "
        f"    where p.gene_id in (select gene_id from {SCHEMA}.cancer_transcript_base where expression_fold_change > 2)"
        ") as found group by 1, 2, 3 order by 4 desc, 2, 1 limit 20"
    )


def test_selective_queries_use_the_index(cohort: Lab, told: dict[str, Any]) -> None:
    """As the rules say: only stored rows are read, and the core's are looked up for them."""
    with cohort.session() as connection:
        connection.execute("set enable_seqscan = off")  # in so small a core, reading all of it costs nothing
        for name in ("overexpressed_genes", "view"):
            plan = "\n".join(str(line) for (line,) in connection.execute(f"explain {sql_of(told, name)}".encode()))
            assert "expression_data_fold_change_idx" in plan, (name, plan)


def test_relations_are_those_of_the_manifest_and_the_database(cohort: Lab, told: dict[str, Any]) -> None:
    """Each with a description; each column with the database's type, and a description or by name only."""
    project = cohort.project().manifest
    wanted = {(SCHEMA, node.name): node for node in project.nodes.values()
              if node.resource_type == "model" and node.original_file_path.startswith("models/patient/")}  # fmt: skip
    wanted |= {("public", node.name): node for node in project.sources.values() if node.source_name == "core"}
    found = {(each["schema"], each["name"]): each for each in told["relations"]}
    assert set(found) == set(wanted) and len(found) == 4 + 8
    for (schema, name), relation in found.items():
        said = wanted[schema, name]
        assert relation["description"] == " ".join(said.description.split()) != ""
        listed = {each["name"]: each["data_type"] for each in relation["columns"]}
        listed |= dict(each.split(" ", 1) for each in relation["others"])
        there = cohort.query(
            "select attname::text, format_type(atttypid, atttypmod) from pg_attribute "
            f"where attrelid = '{schema}.{name}'::regclass and attnum > 0 and not attisdropped"
        )
        assert listed == dict(there)
        for column in relation["columns"]:
            assert column["description"] == " ".join(said.columns[column["name"]].description.split()) != ""
        assert relation["others"] == [] and len(relation["columns"]) == len(said.columns)


def test_facts_are_the_journals(cohort: Lab, told: dict[str, Any]) -> None:
    """Rows, names and where to connect to."""
    (counts,) = cohort.query(
        "select stored_rows, baseline_rows, quarantined_rows from migration.patient where patient_id = %s",
        parameters=[PATIENT],
    )
    assert tuple(told["rows"][name] for name in ("stored", "baseline", "quarantined")) == counts
    assert (told["patient_id"], told["schema"], told["where"]["database"]) == (PATIENT, SCHEMA, "mbase")
    assert f"host={told['where']['host']} port={told['where']['port']} " in f"{cohort.where.target} "


def test_rows_in_quarantine_are_told(cohort: Lab) -> None:
    """How many there are, and in the first example why; LEFT JOIN and COALESCE alone would read 1.0."""
    done = cohort.run("context", "--patient", "DEMO_BAD_VALUES", "--json")
    bad = json.loads(done.stdout)
    (kept,) = cohort.query("select count(*) from patient_demo_bad_values.quarantined_expression")
    assert bad["rows"]["quarantined"] == kept[0] > 0
    assert any(f"quarantined_expression ({kept[0]:,} rows)" in rule for rule in bad["rules"])
    genes = re.sub(r"where .*\n", "where q.reason is not null\n", sql_of(bad, "named_genes"))
    assert {fold for _, _, fold, _ in cohort.query(genes)} == {1.0}


def test_log2_and_search_path_work_as_told(cohort: Lab, told: dict[str, Any], page: str) -> None:
    """The expression for log2, and the statements for a session."""
    (rule,) = [each for each in told["rules"] if "log2" in each]
    expression = re.findall(r"write (log\(.*\))\.", rule)[0]
    wanted = cohort.query(f"select ln(expression_fold_change) / ln(2) from {SCHEMA}.expression_data order by 1")
    found = cohort.query(f"select {expression}::float8 from {SCHEMA}.expression_data order by 1")
    assert [each for (each,) in found] == pytest.approx([each for (each,) in wanted])
    (session,) = re.findall(r"```sql\n(set search_path.*?)```", page, re.DOTALL)
    with cohort.session() as connection:
        connection.execute(f"set role {reader_role(PATIENT)}".encode())
        connection.execute(session.encode())
        assert connection.execute(sql_of(told, "view").replace(f'"{SCHEMA}".', "").encode()).fetchall()


def test_the_page_tells_all_of_it(told: dict[str, Any], page: str) -> None:
    """What the data has, as Markdown whose tables hold together; the queries between fences."""
    queries = [each.strip() for each in re.findall(r"```sql\n(.*?);\n```", page, re.DOTALL)]
    assert queries[1:] == [each["sql"] for each in told["examples"]]
    sentences = [*told["rules"], *told["private"], *(each["description"] for each in told["relations"])]
    assert all(each in page for each in sentences)
    for relation in told["relations"]:
        assert f"\n### {relation['schema']}.{relation['name']}\n" in page
        for column in relation["columns"]:
            assert f"| {column['name']} | {column['data_type']} | {column['description']} |" in page
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1
    assert "\n\n\n" not in page and page.endswith("```\n") and not page.endswith("\n\n")


def test_it_holds_no_value_of_the_patient(cohort: Lab, page: str) -> None:
    """Two patients' pages differ in their names and counts and in nothing else; no clinical word, no password."""
    done = cohort.run("context", "--patient", OTHER)
    assert done.returncode == 0, done.stderr
    plain = []
    for patient_id, text in ((PATIENT, page), (OTHER, done.stdout)):
        assert text.count(schema_name(patient_id)) > 10 and patient_id in text
        without_names = text.replace(schema_name(patient_id), "SCHEMA").replace(patient_id, "ID")
        plain.append(re.sub(r"\([\d,]+ rows\)", "(N rows)", without_names))
    assert plain[0] == plain[1]
    assert CLINICAL not in page
    rows = cohort.query(f"select expression_fold_change::text from {SCHEMA}.expression_data")
    telling = {value for (value,) in rows if len(value) > 4}
    assert len(telling) > 50 and not {value for value in telling if value in page}


def test_a_password_is_not_told(cohort: Lab) -> None:
    """Nor is the user, who may read everybody."""
    secret = "not-to-be-told"
    dsn = make_conninfo(cohort.where.target, password=secret)
    for more in ([], ["--json"]):
        done = mediabase("context", "--patient", PATIENT, *more, MEDIABASE_DSN=dsn, MEDIABASE_HOME=str(cohort.home))
        assert done.returncode == 0, done.stderr
        assert secret not in done.stdout + done.stderr
        assert "user=mediabase" not in done.stdout


def test_nobody_to_tell_about(cohort: Lab, tmp_path: Path) -> None:
    """One sentence, and the exit code that says whether to ask otherwise or to do something first."""
    assert "no patient NOBODY" in complaint(cohort.call("context", "--patient", "NOBODY"), 2)
    assert "no patient demo_her2" in complaint(cohort.call("context", "--patient", "demo_her2"), 2)
    assert "is not a patient id" in complaint(cohort.call("context", "--patient", "x; drop table y"), 2)
    elsewhere = {
        "MEDIABASE_DSN": make_conninfo(cohort.where.target, dbname="postgres"),
        "MEDIABASE_HOME": str(tmp_path),
    }
    assert "no journal" in complaint(mediabase("context", "--patient", PATIENT, **elsewhere), 5)
    assert mediabase("context").returncode == 2


def test_a_patient_that_readers_cannot_read(cohort: Lab) -> None:
    """What to do is said, and nothing of the patient."""
    cohort.execute("update migration.patient set published_at = null, state = 'built' where patient_id = 'DEMO_TNBC'")
    try:
        done = cohort.call("context", "--patient", OTHER)
    finally:
        cohort.execute(
            "update migration.patient set published_at = built_at, state = 'validated' where patient_id = 'DEMO_TNBC'"
        )
    said = complaint(done, 5)
    assert f"Readers cannot read patient {OTHER}, who is built: `mediabase migrate {OTHER}` first." in said
    assert done.stdout == ""
