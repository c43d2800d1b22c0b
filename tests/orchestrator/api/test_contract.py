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
# A cursor is a text that only this server makes: one that fits its pattern is refused all the same.
NOT_MEANT = {"positive_data_acceptance"}


@pytest.fixture(scope="module")
def address(laboratory_server: Lab) -> Iterator[tuple[str, str]]:
    """Return where a server with patients answers, and a token for all of them."""
    laboratory_server.reset()
    laboratory_server.migrate(*DEMO)
    made = token(laboratory_server, "contract", Scope(all_patients=True, cohort=True))
    with serving(laboratory_server) as running:
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
                case.call_and_validate(base_url=where, headers=headers, checks=checks)

            if mode is GenerationMode.POSITIVE or operation.query or operation.path_parameters:
                ask()
    assert count > EXAMPLES
