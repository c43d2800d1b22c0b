"""`/api/v1/cohort`: what it says beside the database itself, for whom, and what is left of that in the record."""

import json
from collections.abc import Iterator

import httpx
import pytest
from helpers import DEMO, Lab
from serving import bearer, serving, token

from orchestrator import journal
from orchestrator.access.tokens import Scope
from orchestrator.cohort.refresh import refresh_stale

GENE, VARIABLE = "/api/v1/cohort/genes/ERBB2", "/api/v1/cohort/variable"


@pytest.fixture(scope="module")
def published(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with patients of which the cohort is current, but for one."""
    laboratory_server.reset()
    laboratory_server.migrate(*DEMO)
    refresh(laboratory_server)
    yield laboratory_server
    laboratory_server.reset()


@pytest.fixture(scope="module")
def client(published: Lab) -> Iterator[httpx.Client]:
    """Return a client without a token."""
    with serving(published, is_drained=True) as running:
        yield running.client


def refresh(lab: Lab) -> None:
    """Refresh as the command does."""
    with journal.locked(lab.where.target) as target:
        refresh_stale(target, lambda _: None, lambda _: None)


def told(lab: Lab, *arguments: object) -> dict[str, object]:
    """Return what the command says."""
    done = lab.call("cohort", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_both_say_what_the_commands_say(published: Lab, client: httpx.Client) -> None:
    """Also of a patient that is stale: it is named, and has no value."""
    headers = bearer(token(published, "everything", Scope(cohort=True)))
    found = client.get(GENE, headers=headers).json()
    assert found == told(published, "gene", "ERBB2")
    assert [each["patient_id"] for each in found["patients"]] == sorted(DEMO) and found["stale_patients"] == []
    her2 = next(each for each in found["patients"] if each["patient_id"] == "DEMO_HER2")
    assert her2["expression_fold_change"] > 2 and her2["transcript_id"]

    most = client.get(VARIABLE, params={"limit": 5}, headers=headers).json()
    said = told(published, "variable", "--limit", 5)
    assert most["transcripts"] == said["transcripts"] and len(most["transcripts"]) == 5
    assert (most["is_current"], most["patients"], most["stale_patients"]) == (True, len(DEMO), [])

    published.migrate("DEMO_TNBC", force=True)
    named = [{"patient_id": "DEMO_TNBC", "reason": "changed since its refresh"}]
    found = client.get(GENE, headers=headers).json()
    assert found["stale_patients"] == named and "DEMO_TNBC" not in {each["patient_id"] for each in found["patients"]}
    most = client.get(VARIABLE, headers=headers).json()
    assert (most["is_current"], most["transcripts"], most["stale_patients"]) == (False, [], named)
    refresh(published)
    assert client.get(VARIABLE, headers=headers).json()["is_current"]


def test_only_a_token_for_the_cohort_opens_it(published: Lab, client: httpx.Client) -> None:
    """Not one for all patients, and nobody without one."""
    patients = bearer(token(published, "patients", Scope(all_patients=True)))
    for address in (GENE, VARIABLE):
        assert client.get(address).status_code == 401
        assert client.get(address, headers=bearer("mb_unknown")).status_code == 401
        assert client.get(address, headers=patients).status_code == 403


def test_what_is_not_there_or_does_not_fit_is_a_problem(published: Lab, client: httpx.Client) -> None:
    """A gene that the core has not, and limits."""
    headers = bearer(token(published, "unfit", Scope(cohort=True)))
    for address, status, field in (
        ("/api/v1/cohort/genes/NOGENE", 404, "gene_symbol"), (f"/api/v1/cohort/genes/{'A' * 51}", 422, "gene_symbol"),
        (f"{VARIABLE}?limit=0", 422, "limit"), (f"{VARIABLE}?limit=1001", 422, "limit"),
        (f"{VARIABLE}?offset=1", 422, "offset"),
    ):  # fmt: skip
        answer = client.get(address, headers=headers)
        assert answer.status_code == status and [each["field"] for each in answer.json()["errors"]] == [field]


def test_each_access_is_recorded(published: Lab, client: httpx.Client) -> None:
    """Who, through what, and for how many patients or transcripts."""
    headers = bearer(token(published, "recorded", Scope(cohort=True)))
    client.get(GENE, headers=headers)
    client.get(VARIABLE, params={"limit": 3}, headers=headers)
    assert published.query(
        "select audit.patient_id, endpoint, rows from access.audit inner join access.token using (token_id) "
        "where token.name = 'recorded' order by audit_id"
    ) == [(None, "cohort: gene", len(DEMO)), (None, "cohort: variable", 3)]
