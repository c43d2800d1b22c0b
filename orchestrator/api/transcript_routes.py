"""`/api/v1/transcripts`: the core's transcripts, each with its fold change in a patient or at baseline."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from orchestrator.api import answers, parameters, transcripts
from orchestrator.api.credentials import Sessions, StreamPlaces, Token, entrance
from orchestrator.api.database import OnePatient, read_recorded, stream
from orchestrator.api.parameters import PatientPath, TranscriptId
from orchestrator.api.problems import AnswerError
from orchestrator.api.responses import NO_STORE, PROBLEMS, json_text, refusals
from orchestrator.api.statements import of_patient

NDJSON: dict[int | str, dict[str, Any]] = {200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}

router = APIRouter(prefix="/api/v1", tags=["transcripts"], responses=PROBLEMS)


@router.get(
    "/transcripts",
    response_model=list[answers.Transcript],
    response_description="A transcript each.",
    responses=refusals(400, 401, 404),
)
async def list_transcripts(
    asked: Annotated[parameters.Transcripts, Query()], token: Token, pool: Sessions, request: Request
) -> Response:
    """List transcripts by fold change, then by id, so that pages are stable; quarantined rows come last.

    The header `Link` with rel=next leads to the next page.
    """
    way = entrance(token, asked.patient_id)
    [[(rows, items, fold_change, transcript_id)]] = await read_recorded(
        pool, way, "transcripts", transcripts.page(asked, way)
    )
    answer = json_text(items)
    if following := transcripts.next_cursor(asked, rows, fold_change, transcript_id):
        address = request.url.remove_query_params("offset").include_query_params(cursor=following)
        answer.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
    return answer


@router.get(
    "/transcripts/{transcript_id}",
    response_model=answers.Transcript,
    response_description="The transcript.",
    responses=refusals(401, 404),
)
async def one_transcript(
    transcript_id: Annotated[TranscriptId, Path(description="Ensembl id without version.")],
    asked: Annotated[parameters.OneTranscript, Query()],
    token: Token,
    pool: Sessions,
) -> Response:
    """Show one transcript, with its fold change in a patient or at baseline."""
    way = entrance(token, asked.patient_id)
    [[(rows, items, *_)]] = await read_recorded(pool, way, "transcript", transcripts.one(transcript_id, way))
    if not rows:
        raise AnswerError(HTTPStatus.NOT_FOUND, "There is no such transcript.", "transcript_id")
    return json_text(items[1:-1])


@router.get(
    "/patients/{patient_id}/transcripts",
    response_class=StreamingResponse,
    response_description="One JSON object a line.",
    responses={**NDJSON, **refusals(401, 404)},
)
async def all_rows(patient_id: PatientPath, token: Token, pool: Sessions, places: StreamPlaces) -> Response:
    """Stream every stored and quarantined row of a patient, by id, one JSON object a line; others are at 1.0."""
    named = of_patient(patient_id)
    way = OnePatient(token, patient_id)
    lines = stream(pool, places, way, "all rows", (named("all_rows_count"), {}), (named("all_rows"), {}))
    first = await anext(lines, b"")  # so that a patient that may not be read is a problem, and not a broken stream
    return StreamingResponse(_whole(first, lines), headers=NO_STORE, media_type="application/x-ndjson")


async def _whole(first: bytes, others: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(others):  # a client that goes away must not keep a session
        yield first
        async for part in others:
            yield part
