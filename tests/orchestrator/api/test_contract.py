"""The API does what its document says, and the document in the repository is the one of the code."""

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from helpers import CHECKOUT, DEMO, Lab
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from serving import bearer, serving, token

from orchestrator.access.tokens import Scope
from orchestrator.api.document import text

load_all_checks()
EXAMPLES = 25
"""Of each endpoint, each of what the document allows and of what it does not."""
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
    laboratory_server.migrate(*DEMO)
    made = token(laboratory_server, "contract", Scope(all_patients=True, cohort=True))
    with serving(laboratory_server, is_drained=True) as running:
        yield str(running.client.base_url), made
    laboratory_server.reset()


def test_the_document_in_the_repository_is_that_of_the_code() -> None:
    """After a change: make openapi, and look at the difference."""
    assert (CHECKOUT / "docs" / "openapi-v1.json").read_text() == text(), "run: make openapi"


@pytest.mark.parametrize("with_token", [True, False])
def test_answers_are_those_of_the_document(address: tuple[str, str], with_token: bool) -> None:
    """No server error and no violation, for requests that fit the document and for others."""
    where, made = address
    headers = bearer(made) if with_token else {}
    schema = schemathesis.openapi.from_dict(httpx.get(f"{where}/openapi.json").json())
    checks = [check for check in CHECKS.get_all() if check.__name__ not in NOT_MEANT]
    count = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case) -> None:
                nonlocal count
                count += 1
                answer = case.call(base_url=where, headers=headers)
                if answer.content != TOO_LONG:
                    case.validate_response(answer, checks=checks, headers=headers)

            if mode is GenerationMode.POSITIVE or operation.query or operation.path_parameters:
                ask()
    assert count > EXAMPLES


@pytest.mark.parametrize("unfit", UNFIT)
def test_what_does_not_fit_is_refused_with_the_field(address: tuple[str, str], unfit: str) -> None:
    """Which parameter it is, without what was sent."""
    answer = httpx.get(f"{address[0]}/api/v1/transcripts?{unfit}", headers=bearer(address[1]))
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [unfit.partition("=")[0]]
