"""The pages: made here, with the rights of the token in the browser's cookie; they work without scripts."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from orchestrator.access.tokens import hash_of
from orchestrator.api import render, site_reading, transcript_routes
from orchestrator.api.credentials import COOKIE, LONGEST, Sessions, StreamPlaces, VisitorToken, visitor_token
from orchestrator.api.database import Cohort, record, tell
from orchestrator.api.parameters import TEXT, Names, Parameters
from orchestrator.api.problems import AnswerError, headers
from orchestrator.api.responses import NO_STORE
from orchestrator.api.views import ApiView, ErrorView, LoginView, MissingView, Visitor

router = APIRouter(include_in_schema=False)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
DBT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: 'self'; "
    "font-src data:; connect-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""dbt's page is one of scripts, all in the file."""
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
Text = Annotated[str, Query(max_length=200, pattern=TEXT)]


class Compared(Parameters):
    """What the form of a comparison asks for; nothing at first."""

    patient_ids: Names = Field(default=[])
    gene_symbols: Names = Field(default=[])


@dataclass(frozen=True)
class Guest:
    """Who looks, and the hash of the token that they came with."""

    token: bytes
    visitor: Visitor


async def guest(request: Request, token: VisitorToken, pool: Sessions) -> Guest:
    """Return who looks. Raises AnswerError, which leads to the form for a token, when nobody may."""
    if token is None:
        raise AnswerError(HTTPStatus.UNAUTHORIZED, "A token is needed.")
    rows = await tell(pool, "select name, cohort from access.scope(%s)", [token])
    if not rows:
        raise AnswerError(HTTPStatus.UNAUTHORIZED, "This token is unknown, expired or revoked.")
    is_development = request.app.state.development_token is not None and not request.cookies.get(COOKIE)
    return Guest(token, Visitor(rows[0][0], rows[0][1], is_development))


Guested = Annotated[Guest, Depends(guest)]


@router.get("/")
async def overview(
    who: Guested, pool: Sessions, q: Text = "", state: Text = "", page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    """Show the patients."""
    return _page(render.render_overview(await site_reading.overview(pool, who.token, who.visitor, q, state, page)))


@router.get("/patients/{patient_id}")
async def patient(patient_id: str, who: Guested, pool: Sessions) -> Response:
    """Show a patient."""
    view = await site_reading.patient(pool, who.token, who.visitor, patient_id)
    return _page(await run_in_threadpool(render.render_patient, view))


@router.get("/patients/{patient_id}/transcripts.ndjson")
async def download(patient_id: str, who: Guested, pool: Sessions, places: StreamPlaces) -> Response:
    """Send all rows of a patient to a browser."""
    site_reading.check_id(patient_id)
    answer = await transcript_routes.all_rows(patient_id, who.token, pool, places)
    answer.headers["Content-Disposition"] = f'attachment; filename="{patient_id}.ndjson"'
    return answer


@router.get("/compare")
async def compare(
    who: Guested,
    pool: Sessions,
    asked: Annotated[Compared, Query()],
) -> Response:
    """Show patients beside each other."""
    view = await site_reading.compare(pool, who.token, who.visitor, asked.patient_ids, asked.gene_symbols)
    return _page(await run_in_threadpool(render.render_compare, view))


@router.get("/api")
async def api(request: Request, pool: Sessions) -> Response:
    """Describe the API; that takes no token."""
    address = str(request.base_url).rstrip("/")
    return _page(render.render_api(ApiView(await _visitor(request, pool), request.app.openapi(), address)))


@router.get("/dbt-docs")
async def dbt_docs(request: Request, pool: Sessions) -> Response:
    """Show dbt's page of models and columns, which holds no data; that takes no token."""
    command = "mediabase dbt docs generate --static"
    return await _file(request, pool, request.app.state.options.dbt_docs, DBT_POLICY, "Models", command)


@router.get("/report")
async def report(who: Guested, request: Request, pool: Sessions) -> Response:
    """Show the report of the migration, which holds values of all patients."""
    [(_, _, _, all_patients, cohort)] = await tell(pool, "select * from access.scope(%s)", [who.token])
    if not (all_patients and cohort):
        raise AnswerError(HTTPStatus.FORBIDDEN, "The report tells of all patients, and this token does not open all.")
    if request.app.state.options.report.is_file():
        patients = await tell(pool, "select from access.patients(%s)", [who.token])
        async with pool.connection() as connection:
            await record(connection, Cohort(who.token), "page: report", len(patients))
    place = request.app.state.options.report
    return await _file(request, pool, place, REPORT_POLICY, "Migration report", "mediabase report")


@router.get("/login")
async def login_form() -> Response:
    """Ask for a token."""
    return _page(render.render_login(LoginView("")))


@router.post("/login")
async def login(request: Request, pool: Sessions, token: Annotated[str, Form()] = "") -> Response:
    """Keep a token in the browser's cookie, when it is valid."""
    _refuse_other_sites(request)
    text = token.strip()[:LONGEST]
    if not await tell(pool, "select from access.scope(%s)", [hash_of(text)]):
        return _page(render.render_login(LoginView("This token is unknown, expired or revoked.")), HTTPStatus.FORBIDDEN)
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    is_https = request.url.scheme == "https"
    answer.set_cookie(COOKIE, text, httponly=True, samesite="strict", secure=is_https, path="/")
    return answer


@router.post("/logout")
async def logout(request: Request) -> Response:
    """Forget the token of the browser; it stays valid."""
    _refuse_other_sites(request)
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def is_page(request: Request) -> bool:
    """Tell whether a person looks at this, rather than a program."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def page_of(request: Request, problem: AnswerError) -> Response:
    """Return a problem as a page; without a token the form for one."""
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    made = _page(render.render_error(ErrorView(None, problem.status.phrase, problem.detail)), problem.status)
    made.headers.update(headers(problem))
    return made


async def _visitor(request: Request, pool: Sessions) -> Visitor | None:
    try:
        return (await guest(request, visitor_token(request), pool)).visitor
    except AnswerError:
        return None


async def _file(request: Request, pool: Sessions, place: Path, policy: str, title: str, command: str) -> Response:
    if not place.is_file():
        view = MissingView(await _visitor(request, pool), title, command, request.url.path)
        return _page(render.render_missing(view), HTTPStatus.NOT_FOUND)
    return FileResponse(place, media_type="text/html", headers={**NO_STORE, "Content-Security-Policy": policy})


def _page(html: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return HTMLResponse(html, status, {**NO_STORE, "Content-Security-Policy": POLICY})


def _refuse_other_sites(request: Request) -> None:
    """Raise AnswerError for a form that a page of another site sends."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise AnswerError(HTTPStatus.FORBIDDEN, "This form was sent by another site.")
