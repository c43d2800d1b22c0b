"""`/health`, `/ready`, `/metrics`: for those that watch the server."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from orchestrator.api import answers
from orchestrator.api.credentials import Sessions
from orchestrator.api.database import Core, read
from orchestrator.api.problems import AWAY, AnswerError
from orchestrator.api.responses import refusals
from orchestrator.postgres.statements import statement

READY_SECONDS = 0.8
"""Probes wait a second for an answer, unless they are told otherwise."""

router = APIRouter(tags=["server"])


@router.get("/health", response_model=answers.State, response_description="The server runs.")
async def health() -> answers.State:
    """Say that the server runs, whatever the database does."""
    return answers.State(status="running")


@router.get(
    "/ready", response_model=answers.State, response_description="Requests can be answered.", responses=refusals(503)
)
async def ready(pool: Sessions) -> answers.State:
    """Say whether requests can be answered: the database is there, and it is one of v0.6.0."""
    reading = asyncio.ensure_future(read(pool, Core(), (statement(__package__, "ready"), {})))
    await asyncio.wait({reading}, timeout=READY_SECONDS)
    if not reading.done():
        # Nobody waits for the end of it, which a server that does not answer can put off.
        reading.add_done_callback(lambda late: late.cancelled() or late.exception())
        reading.cancel()
        raise AnswerError(HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
    await reading
    return answers.State(status="ready")


@router.get(
    "/metrics",
    response_class=Response,
    response_description="The text format of Prometheus.",
    responses={200: {"content": {"text/plain": {}}}},
)
async def metrics(request: Request) -> Response:
    """Show figures for Prometheus: requests by route and status, how long they took, sessions."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
