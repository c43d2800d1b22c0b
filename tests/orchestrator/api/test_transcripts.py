"""`/api/v1/transcripts` and its neighbours, beside what the database itself says."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from helpers import Lab
from psycopg import ClientCursor
from serving import bearer, serving, token

from orchestrator.access.tokens import Scope
from orchestrator.api import transcripts
from orchestrator.api.database import OnePatient
from orchestrator.api.parameters import Transcripts

PATIENTS = ("DEMO_HER2", "DEMO_BAD_VALUES", "DEMO_TNBC")
ADDRESS = "/api/v1/transcripts"
HOSTILE = (
    "'; drop table public.genes; --", "\" or 1=1", "DEMO_HER2'--", "../../etc/passwd", "%00", "\x00", "\r\nX-Evil: 1",
    "\x1b[31m", "\U0001d518\u0301", "\u202e", "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "A" * 5000,
    "-1", "NaN", "1e999", "null", "[]", "patient_demo_tnbc.expression_data",
)  # fmt: skip
PARAMETERS = ("patient_id", "gene_symbols", "transcript_ids", "fold_change_min", "limit", "offset", "cursor", "order",
              "has_drugs", "nothing")  # fmt: skip
INSIDE = ("select ", "psycopg", "Traceback", "site-packages", "SQLSTATE", "pg_catalog")


@pytest.fixture(scope="module")
def published(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with patients that readers can read."""
    laboratory_server.reset()
    laboratory_server.migrate(*PATIENTS)
    yield laboratory_server
    laboratory_server.reset()


@pytest.fixture(scope="module")
def client(published: Lab) -> Iterator[httpx.Client]:
    """Return a client that may read all these patients."""
    text = token(published, "transcripts", Scope(all_patients=True, cohort=True))
    with serving(published, is_drained=True) as running:
        running.client.headers.update(bearer(text))
        yield running.client


def listed(client: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    """Return the items of a page."""
    answer = client.get(ADDRESS, params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def truth(lab: Lab, patient_id: str) -> list[tuple[str, float | None]]:
    """Return each transcript of a patient with its fold change, None in quarantine, by the compatibility view."""
    schema = f"patient_{patient_id.lower()}"
    return lab.query(
        f"""select transcript_id, case when transcript_id not in
        (select transcript_id from {schema}.quarantined_expression) then expression_fold_change end
        from {schema}.cancer_transcript_base"""
    )


def test_an_item_says_what_the_database_knows(published: Lab, client: httpx.Client) -> None:
    """Every field, beside the row of the compatibility view."""
    [item] = listed(client, patient_id="DEMO_HER2", gene_symbols="ERBB2")
    [row] = published.query(
        """select transcript_id, gene_symbol, gene_id, gene_type, chromosome, expression_fold_change, product_type,
        pathways, drugs, molecular_functions, cellular_location, source_references, go_terms
        from patient_demo_her2.cancer_transcript_base where gene_symbol = 'ERBB2'"""
    )
    names = ("transcript_id", "gene_symbol", "gene_id", "gene_type", "chromosome", "expression_fold_change",
             "product_type", "pathways", "drugs", "molecular_functions", "cellular_location",
             "source_references")  # fmt: skip
    assert tuple(item[name] for name in names) == row[:-1]
    assert {each["go_id"]: each["name"] for each in item["go_terms"]} == {
        go_id: term["term"] for go_id, term in row[-1].items()
    }
    assert item["quarantine_reason"] is None


@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("patient_id", ["DEMO_BAD_VALUES", "DEMO_HER2"])
def test_pages_have_every_transcript_once_and_in_order(
    published: Lab, client: httpx.Client, patient_id: str, order: str
) -> None:
    """By cursors and by offsets alike; rows in quarantine come last, with their reason."""
    sign = -1 if order == "desc" else 1
    wanted = sorted(
        truth(published, patient_id), key=lambda each: (each[1] is None, sign * each[1] if each[1] else 0, each[0])
    )
    found, address = [], f"{ADDRESS}?patient_id={patient_id}&limit=97&order={order}"
    while address:
        answer = client.get(address)
        found += answer.json()
        address = answer.links.get("next", {}).get("url", "")
    assert [(each["transcript_id"], each["expression_fold_change"]) for each in found] == wanted
    assert all((each["expression_fold_change"] is None) == bool(each["quarantine_reason"]) for each in found)
    part = listed(client, patient_id=patient_id, order=order, limit=200, offset=len(wanted) - 150)
    assert [each["transcript_id"] for each in part] == [transcript_id for transcript_id, _ in wanted[-150:]]


@pytest.mark.parametrize(
    "bounds", [(2.0, None), (None, 0.5), (0.5, 2.0), (1.0, 1.0), (1.0, None), (3.0, 2.0), (0, None)]
)
def test_bounds_are_inclusive_and_leave_quarantine_out(
    published: Lab, client: httpx.Client, bounds: tuple[float | None, float | None]
) -> None:
    """Beside the same filter in Python."""
    low, high = bounds
    asked = {name: value for name, value in zip(("fold_change_min", "fold_change_max"), bounds, strict=True)
             if value is not None}  # fmt: skip
    found = listed(client, patient_id="DEMO_BAD_VALUES", limit=10_000, **asked)
    wanted = {
        transcript_id for transcript_id, value in truth(published, "DEMO_BAD_VALUES")
        if value is not None and (low is None or value >= low) and (high is None or value <= high)
    }  # fmt: skip
    assert {each["transcript_id"] for each in found} == wanted
    assert len(found) == len(wanted)


def test_names_may_be_separated_or_repeated(client: httpx.Client) -> None:
    """As the guide writes them, and as programs do; without a patient all are at baseline."""
    one = listed(client, gene_symbols="ERBB2,EGFR", fold_change_min=1.0)
    assert {each["gene_symbol"] for each in one} == {"ERBB2", "EGFR"}
    assert {each["expression_fold_change"] for each in one} == {1.0}
    assert listed(client, gene_symbols=["ERBB2", "EGFR"]) == one
    assert listed(client, transcript_ids=",".join(each["transcript_id"] for each in one)) == one


@pytest.mark.parametrize(("name", "field"), [("has_drugs", "drugs"), ("has_pathways", "pathways")])
def test_what_is_known_of_a_gene_can_be_asked_for(client: httpx.Client, name: str, field: str) -> None:
    """Both ways, and together they are everything."""
    with_some = listed(client, patient_id="DEMO_HER2", limit=10_000, **{name: True})
    without = listed(client, patient_id="DEMO_HER2", limit=10_000, **{name: False})
    assert with_some and all(each[field] for each in with_some)
    assert without and not any(each[field] for each in without)
    assert len(with_some) + len(without) == 600


def test_a_selective_filter_reads_the_sparse_table_by_its_index(published: Lab) -> None:
    """No arm for the baseline, no join that fills in 1.0."""
    query, values = transcripts.page(
        Transcripts(patient_id="DEMO_HER2", fold_change_min=2, limit=10), OnePatient(None, "DEMO_HER2")
    )
    with published.session() as target:
        target.execute("set enable_seqscan = off")
        text = ClientCursor(target).mogrify(query, values)
        plan = "\n".join(str(line) for (line,) in target.execute(f"explain {text}".encode()).fetchall())
    assert "on expression_data sparse" in plan and "Index" in plan
    assert "on transcripts core" not in plan and "quarantined_expression" not in plan


def test_one_transcript_and_those_that_are_not_there(client: httpx.Client) -> None:
    """An orphan has its id and the reason; what nobody knows is not found."""
    assert client.get(f"{ADDRESS}/ENST00000269571").json()["expression_fold_change"] == 1.0
    asked = {"patient_id": "DEMO_BAD_VALUES"}
    orphan = client.get(f"{ADDRESS}/ENST00000269571.8", params=asked).json()
    assert (orphan["quarantine_reason"], orphan["gene_id"], orphan["go_terms"]) == ("orphan", None, [])
    assert client.get(f"{ADDRESS}/ENST00000269571.8").status_code == 404


def test_a_whole_patient_is_a_stream_that_is_recorded(published: Lab, client: httpx.Client) -> None:
    """Each stored and quarantined row is a line, and the record says how many."""
    published.execute("truncate access.audit")
    answer = client.get("/api/v1/patients/DEMO_BAD_VALUES/transcripts")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    wanted = {(name, value) for name, value in truth(published, "DEMO_BAD_VALUES") if value != 1.0}
    assert {(each["transcript_id"], each["expression_fold_change"]) for each in lines} == wanted
    assert answer.headers["content-encoding"] == "gzip"
    recorded = published.query("select patient_id, endpoint, rows from access.audit")
    assert recorded == [("DEMO_BAD_VALUES", "all rows", len(lines))]


def test_each_access_leaves_one_record(published: Lab, client: httpx.Client) -> None:
    """Who, which patient, through what, how many rows; none for the core."""
    published.execute("truncate access.audit")
    listed(client, patient_id="DEMO_HER2", limit=7)
    listed(client, limit=3)
    client.get("/api/v1/compare", params={"patient_ids": "DEMO_HER2,DEMO_TNBC", "gene_symbols": "ERBB2"})
    client.get("/api/v1/patients/NOBODY")
    assert published.query("select patient_id, endpoint, rows from access.audit order by audit_id") == [
        ("DEMO_HER2", "transcripts", 7), ("DEMO_HER2", "compare", 1), ("DEMO_TNBC", "compare", 1),
    ]  # fmt: skip


def test_questions_of_the_guide(published: Lab, client: httpx.Client) -> None:
    """Drug targets, tumour suppressors, pathways and comparisons, beside the view."""
    her2 = "patient_demo_her2.cancer_transcript_base"
    drugs = client.get("/api/v1/patients/DEMO_HER2/drug-targets").json()
    assert {(each["gene_symbol"], each["molecule_name"]) for each in drugs} == set(published.query(
        f"""select v.gene_symbol, d.molecule_name from {her2} as v
        join opentargets_known_drugs d on d.target_gene_id = v.gene_id
        where v.expression_fold_change > 3.0 and d.is_approved"""
    ))  # fmt: skip
    lost = client.get("/api/v1/patients/DEMO_TNBC/tumor-suppressors").json()
    assert [(each["transcript_id"], each["expression_fold_change"]) for each in lost] == published.query(
        """select transcript_id, expression_fold_change from patient_demo_tnbc.cancer_transcript_base
        where gene_symbol in (select gene_symbol from cohort.biomarker_panels where panel = 'tumor_suppressor')
        and expression_fold_change < 0.8 order by 2, 1"""
    )
    paths = client.get("/api/v1/patients/DEMO_HER2/pathways", params={"genes_min": 1}).json()
    assert {(each["pathway_id"], each["overexpressed_genes"]) for each in paths} == set(published.query(
        f"""select p.pathway_id, count(distinct v.gene_id) from {her2} as v join gene_pathways p using (gene_id)
        where v.expression_fold_change > 2.0 group by 1"""
    ))  # fmt: skip
    told = client.get("/api/v1/compare", params={"patient_ids": "DEMO_TNBC,DEMO_HER2", "gene_symbols": "ERBB2,NONE"})
    both = {each["patient_id"]: each["genes"]["ERBB2"]["expression_fold_change"] for each in told.json()["patients"]}
    assert both["DEMO_HER2"] > 4 > 1 > both["DEMO_TNBC"]
    assert told.json()["unknown_gene_symbols"] == ["NONE"]


def test_hostile_requests_are_answered_and_do_nothing(published: Lab, client: httpx.Client) -> None:
    """Two hundred and more in every parameter, in paths and headers: nothing runs, nothing is told, nothing is 500."""
    before = published.query("select count(*) from public.genes union all select count(*) from pg_class")
    answers = [client.get(ADDRESS, params={name: text}) for name in PARAMETERS for text in HOSTILE]
    for text in HOSTILE:
        quoted = httpx.QueryParams({"x": text}).__str__()[2:][:2000]
        answers += [
            client.get(f"/api/v1/patients/{quoted}"),
            client.get(f"{ADDRESS}/{quoted}"),
            client.get(f"/{quoted}"),
        ]
        name = text.encode("ascii", "ignore").replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")
        answers.append(client.get("/api/v1/patients", headers={"Authorization": b"Bearer " + name.strip() + b"x"}))
    assert len(answers) >= 200
    assert {each.status_code for each in answers} <= {200, 400, 401, 404, 422}
    for each in answers:
        assert not any(word in each.text for word in INSIDE), each.text
        assert "x-evil" not in each.headers
        if each.status_code != 200:
            assert "drop table" not in each.text and "<script>" not in each.text, each.text
    assert published.query("select count(*) from public.genes union all select count(*) from pg_class") == before
