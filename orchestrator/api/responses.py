"""How answers are sent, and how the document tells of those that are problems."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import Response

from orchestrator.api.problems import MEDIA_TYPE

NO_STORE = {"Cache-Control": "no-store"}
"""Data of patients stays nowhere on the way."""
DESCRIPTIONS = {
    400: "A parameter does not fit the others.",
    401: "Data of patients needs a valid token.",
    403: "The token does not open this.",
    404: "There is no such thing, or none that the token opens.",
    422: "A parameter cannot be used; `errors` has each.",
    503: "The database is away or busy; ask again after Retry-After seconds.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the document says of problems with these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": DESCRIPTIONS[status], "content": content} for status in statuses}


PROBLEMS = refusals(422, 503)
"""Those of every endpoint."""


def json_text(text: str, headers: Mapping[str, str] = NO_STORE) -> Response:
    """Return JSON that PostgreSQL wrote as an answer."""
    return Response(text, HTTPStatus.OK, headers, "application/json")
