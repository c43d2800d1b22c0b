"""`/health`, `/ready`, `/metrics`: for those that watch the server."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from orchestrator.api import answers
from orchestrator.api.credentials import Sessions
from orchestrator.api.database import Core, read
from orchestrator.api.responses import refusals
from orchestrator.postgres.statements import statement

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
    await read(pool, Core(), (statement(__package__, "ready"), {}))
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
