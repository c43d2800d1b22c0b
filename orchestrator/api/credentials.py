"""Who asks: the token of a request, of which only the hash goes any further."""

from asyncio import Semaphore
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from orchestrator.access.tokens import hash_of
from orchestrator.api.database import Core, OnePatient, Pool

COOKIE = "mediabase_token"
LONGEST = 200
bearer = HTTPBearer(auto_error=False, description="A token of `mediabase token create`.")


def token_of(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> bytes | None:
    """Return the hash of the token that a request has; without Authorization, of what `visitor_token` finds; or None.

    So links of the pages lead into the API, too: the API only reads, and no other site makes a browser send the cookie.
    """
    if given:
        return hash_of(given.credentials[:LONGEST])
    return None if "authorization" in request.headers else visitor_token(request)


def visitor_token(request: Request) -> bytes | None:
    """Return the hash of the token that a browser has in its cookie, or of the one for development; or None."""
    text = request.cookies.get(COOKIE, "")[:LONGEST]
    return hash_of(text) if text else development_token(request)


def development_token(request: Request) -> bytes | None:
    """Return the hash of the token that this server made for itself; None unless it was started for development."""
    made: str | None = request.app.state.development_token
    return hash_of(made) if made else None


def pool_of(request: Request) -> Pool:
    """Return the sessions of this server."""
    pool: Pool = request.app.state.pool
    return pool


def places_of(request: Request) -> Semaphore:
    """Return the places that this server has for streams."""
    places: Semaphore = request.app.state.stream_places
    return places


def entrance(token: bytes | None, patient_id: str | None) -> Core | OnePatient:
    """Return the way to a patient, or to the core when none is named."""
    return OnePatient(token, patient_id) if patient_id is not None else Core()


Token = Annotated[bytes | None, Depends(token_of)]
VisitorToken = Annotated[bytes | None, Depends(visitor_token)]
Sessions = Annotated[Pool, Depends(pool_of)]
StreamPlaces = Annotated[Semaphore, Depends(places_of)]
