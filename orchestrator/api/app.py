"""The API and the pages as one application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from orchestrator.api import cohort_routes, patient_routes, server_routes, site_routes, transcript_routes
from orchestrator.api.database import Pool, opened_pool, stream_places
from orchestrator.api.observe import Application, library_lines, observed
from orchestrator.api.problems import AnswerError, Problem, answer, as_problem, invalid

VERSION = "1.1.0"
"""Of the API. Paths have its first number; what is added raises the second."""
GZIP_FROM_BYTES = 1000
GZIP_LEVEL = 1
"""Answers are made anew each time: a higher level costs more than it saves."""
LOOPBACK = ["localhost", "127.0.0.1", "[::1]", "::1"]
OPEN_PATHS = ("/api/v1/transcripts", "/api/v1/transcripts/{transcript_id}", "/api/v1/stats")
"""Answered without a token, too, as long as they are not about a patient."""


@dataclass(frozen=True)
class Options:
    """How to serve."""

    dsn: str = field(repr=False)
    """Target, as the API's login."""
    sessions: int = 8
    """Sessions with the database; at most half of them are for streams."""
    development_token: str | None = field(default=None, repr=False)
    """Text of the token that requests without one use; None unless started for development."""
    dbt_docs: Path = Path("static_index.html")
    """dbt's page of models, where `mediabase dbt docs generate --static` leaves it."""
    report: Path = Path("mediabase-report.html")
    """What `mediabase report` wrote."""


def create_app(options: Options) -> FastAPI:
    """Return the application; it opens its sessions when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with library_lines():
            async with opened_pool(options.dsn, options.sessions) as pool:
                app.state.pool = pool
                yield
                app.state.pool = None

    app = FastAPI(
        title="MEDIABASE", version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False,
        summary="Cancer transcriptomes: one shared core, sparse fold changes per patient.",
    )  # fmt: skip
    app.state.pool = None
    app.state.stream_places = stream_places(options.sessions)
    app.state.registry = CollectorRegistry()
    app.state.development_token = options.development_token
    app.state.options = options
    for routes in (transcript_routes, patient_routes, cohort_routes, server_routes, site_routes):
        app.include_router(routes.router)
    app.add_exception_handler(RequestValidationError, invalid)
    for kind in (AnswerError, HTTPException, psycopg.Error, Exception):
        app.add_exception_handler(kind, _problem)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM_BYTES, compresslevel=GZIP_LEVEL)
    if options.development_token:  # a page elsewhere must not reach it by a name that leads here
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    return app


def served(app: FastAPI) -> Application:
    """Return the application as a server runs it."""
    find: Callable[[], Pool | None] = lambda: app.state.pool  # noqa: E731
    return observed(app, app.state.registry, find)


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        made["components"]["schemas"]["Problem"] = Problem.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        made["components"]["schemas"] |= made["components"]["schemas"]["Problem"].pop("$defs")
        for path in OPEN_PATHS:
            made["paths"][path]["get"]["security"].insert(0, {})
        app.openapi_schema = made
    return app.openapi_schema


async def _problem(request: Request, error: Exception) -> Response:
    """Answer with a problem: as a page where a person looks at one."""
    problem = as_problem(error)
    if isinstance(error, psycopg.Error):
        request.scope["mediabase.error"] = error.sqlstate or type(error).__name__
    made = site_routes.page_of(request, problem) if site_routes.is_page(request) else answer(problem)
    for name, value in (getattr(error, "headers", None) or {}).items():
        made.headers[name] = value
    return made
