"""The API does what its document says, and the document in the repository is the one of the code."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import httpx
import pytest
import schemathesis
from helpers import CHECKOUT, Lab
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from serving import bearer, serving, token

from orchestrator.access.tokens import Scope
from orchestrator.api.app import OPEN_PATHS
from orchestrator.api.document import text

load_all_checks()
FEW, MANY = 12, 120
"""Of each endpoint, each of what the document allows and of what it does not."""
PATIENTS = ("DEMO_HER2", "DEMO_BAD_VALUES", "DEMO_TNBC")
KNOWN = {
    "patient_id": st.sampled_from(PATIENTS),
    "patient_ids": st.lists(st.sampled_from(PATIENTS), min_size=1, max_size=3),
    "gene_symbols": st.lists(st.sampled_from(("ERBB2", "EGFR", "NOGENE")), min_size=1, max_size=3),
    "gene_symbol": st.sampled_from(("ERBB2", "EGFR")),
    "transcript_id": st.just("ENST00000269571"),
}
"""Values that lead to something, which the document does not know."""
OPEN = {*OPEN_PATHS, "/health", "/ready", "/metrics"}
"""Answered without a token."""
NOT_MEANT = {
    "positive_data_acceptance",  # a cursor that fits its pattern is refused all the same, unless this server made it
    "negative_data_rejection",  # counts what never gets into the address, and a header that is there; see below
}
TOO_LONG = b"Invalid HTTP request received."
"""Of the HTTP server, for an address of more than 64 KiB, which the API never sees."""
UNFIT = ("limit=0", "limit=x", "offset=-1", "fold_change_min=-1", "fold_change_min=NaN", "order=up",
         "has_drugs=perhaps", "cursor=%20", "patient_id=-", "gene_symbols=%00", "nothing=1")  # fmt: skip
"""Parameters of transcripts that do not fit the document."""


@pytest.fixture(scope="module")
def address(laboratory_server: Lab) -> Iterator[tuple[str, str]]:
    """Return where a server with patients answers, and a token for all of them."""
    laboratory_server.reset()
    laboratory_server.migrate(*PATIENTS)
    made = token(laboratory_server, "contract", Scope(all_patients=True, cohort=True))
    with serving(laboratory_server, is_drained=True) as running:
        yield str(running.client.base_url), made
    laboratory_server.reset()


def test_the_document_in_the_repository_is_that_of_the_code() -> None:
    """After a change: make openapi, and look at the difference."""
    assert (CHECKOUT / "docs" / "openapi-v1.json").read_text() == text(), "run: make openapi"


@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.acceptance)])
@pytest.mark.parametrize("with_token", [True, False])
def test_answers_are_those_of_the_document(address: tuple[str, str], with_token: bool, examples: int) -> None:
    """No server error and no violation, for requests that fit the document and for others; and each is answered once.

    Without a token, the latter is so for what is open, and for nothing else.
    """
    where, made = address
    headers = bearer(made) if with_token else {}
    schema = schemathesis.openapi.from_dict(httpx.get(f"{where}/openapi.json").json())
    operations = [result.ok() for result in schema.get_all_operations()]
    statuses = {each.path: ask(each, where, headers, examples) for each in operations}
    answered = {path for path, found in statuses.items() if 200 in found}
    assert answered == ({each.path for each in operations} if with_token else OPEN), statuses


def ask(
    operation: schemathesis.schemas.APIOperation, where: str, headers: Mapping[str, str], examples: int
) -> Mapping[int, int]:
    """Ask an endpoint for what fits the document and for what does not; return how often it answered with which status.

    Half of the requests that fit name what is there; one of them is the first, because it is the simplest to make.
    """
    statuses: defaultdict[int, int] = defaultdict(int)
    checks = [check for check in CHECKS.get_all() if check.__name__ not in NOT_MEANT]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.path_parameters):
            continue
        made_up = st.booleans() if mode is GenerationMode.POSITIVE else st.just(True)

        @settings(
            max_examples=examples, deadline=None, derandomize=True, database=None,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode), made_up=made_up, data=st.data())
        def run(case: schemathesis.Case, made_up: bool, data: st.DataObject) -> None:
            if not made_up:
                name_what_is_there(case, data)
            answer = case.call(base_url=where, headers=headers)
            statuses[answer.status_code] += 1
            if answer.content != TOO_LONG:
                case.validate_response(answer, checks=checks, headers=headers)

        run()
    return statuses


def name_what_is_there(case: schemathesis.Case, data: st.DataObject) -> None:
    """Put patients, genes and a transcript of the demo in the place of those that were made up, or none."""
    for given_values, parameters in (
        (case.path_parameters, case.operation.path_parameters), (case.query, case.operation.query),
    ):  # fmt: skip
        for each in parameters:
            if each.name in KNOWN:
                given_values.pop(each.name, None)
                value = data.draw(KNOWN[each.name] if each.is_required else st.none() | KNOWN[each.name])
                if value is not None:
                    given_values[each.name] = value


@pytest.mark.parametrize("unfit", UNFIT)
def test_what_does_not_fit_is_refused_with_the_field(address: tuple[str, str], unfit: str) -> None:
    """Which parameter it is, without what was sent."""
    answer = httpx.get(f"{address[0]}/api/v1/transcripts?{unfit}", headers=bearer(address[1]))
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [unfit.partition("=")[0]]
