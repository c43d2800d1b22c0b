"""Problems as answers: RFC 9457, one sentence each, nothing of the inside."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import psycopg
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
AWAY = "The database cannot be reached: ask again in a moment."
SLOW = "That took too long: ask for less, or in parts."
CHANGING = "What was asked for is being changed: ask again in a moment."
INSIDE = "That failed; what happened is in the log of the server."
CLASSES_AWAY = ("08", "57P", "53")
"""Connections, a server that shuts down or starts, resources."""
CLASSES_CHANGING = ("42P01", "3F000", "42501", "22023", "55", "40")
"""A patient that was rolled back in this moment: its tables, its schema, its role; locks."""
BY_TOKEN = {
    "MB401": (HTTPStatus.UNAUTHORIZED, "This token is unknown, expired or revoked."),
    "MB403": (HTTPStatus.FORBIDDEN, "This token does not open the facts of the whole cohort."),
    "MB404": (HTTPStatus.NOT_FOUND, "There is no such patient, or none that this token opens."),
}


class FieldProblem(BaseModel):
    """What is wrong with one parameter."""

    field: str = Field(description="Name of the parameter.")
    message: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457; its type is about:blank)."""

    title: str = Field(description="The status in words.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What happened, and what to do.")
    errors: list[FieldProblem] = Field(default=[], description="Parameters that are wrong.")


@dataclass
class AnswerError(Exception):
    """A request that is answered with a problem."""

    status: HTTPStatus
    detail: str
    field: str | None = None
    """The parameter that is wrong."""


def unauthorized() -> AnswerError:
    """Return the problem of a request without a token."""
    return AnswerError(HTTPStatus.UNAUTHORIZED, "Data of patients needs a token: Authorization: Bearer mb_...")


def as_problem(error: Exception) -> AnswerError:
    """Return what is told of any failure; of one that nobody foresaw, only that there was one."""
    if isinstance(error, AnswerError):
        return error
    if isinstance(error, PoolTimeout | PoolClosed | TooManyRequests | psycopg.InterfaceError):
        return AnswerError(HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
    if isinstance(error, psycopg.Error):
        return _of_database(error)
    if isinstance(error, HTTPException):
        return AnswerError(HTTPStatus(error.status_code), HTTPStatus(error.status_code).description or "Not possible.")
    return AnswerError(HTTPStatus.INTERNAL_SERVER_ERROR, INSIDE)


def answer(problem: AnswerError, errors: Sequence[FieldProblem] = ()) -> Response:
    """Return a problem as the answer of the API."""
    fields = [FieldProblem(field=problem.field, message=problem.detail)] if problem.field else list(errors)
    body = Problem(title=problem.status.phrase, status=problem.status, detail=problem.detail, errors=fields)
    return JSONResponse(body.model_dump(), problem.status, headers(problem), MEDIA_TYPE)


def headers(problem: AnswerError) -> Mapping[str, str]:
    """Return the headers that go with a problem."""
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}


def field_problems(error: RequestValidationError) -> list[FieldProblem]:
    """Return what is wrong with each parameter; what was sent is not repeated."""
    found = []
    for each in error.errors():
        place = [str(part) for part in each["loc"] if part not in ("query", "path", "body", "header")]
        name = re.sub(r"[^A-Za-z0-9_.-]", "?", place[0])[:50] if place else "request"
        message = "There is no such parameter." if each["type"] == "extra_forbidden" else str(each["msg"])
        found.append(FieldProblem(field=name, message=message))
    return found


async def invalid(_request: Request, error: Exception) -> Response:
    """Answer a request whose parameters cannot be used."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # what it is registered for
    detail = "Some parameters cannot be used; errors has each."
    return answer(AnswerError(HTTPStatus.UNPROCESSABLE_ENTITY, detail), field_problems(error))


def _of_database(error: psycopg.Error) -> AnswerError:
    code = error.sqlstate or ""
    if code in BY_TOKEN:
        return AnswerError(*BY_TOKEN[code])
    if code == "57014":
        return AnswerError(HTTPStatus.SERVICE_UNAVAILABLE, SLOW)
    if code.startswith(CLASSES_CHANGING):
        return AnswerError(HTTPStatus.SERVICE_UNAVAILABLE, CHANGING)
    if code.startswith(CLASSES_AWAY) or (not code and isinstance(error, psycopg.OperationalError)):
        return AnswerError(HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
    return AnswerError(HTTPStatus.INTERNAL_SERVER_ERROR, INSIDE)
