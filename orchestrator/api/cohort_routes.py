"""`/api/v1/cohort`: a gene across all patients, and what varies most over them, for tokens that open the cohort."""

import json
from http import HTTPStatus
from typing import Annotated

import psycopg
from fastapi import APIRouter, Path, Query, Response

from orchestrator.api import answers, parameters
from orchestrator.api.credentials import Sessions, Token
from orchestrator.api.database import Cohort, Pool, Row, read_recorded
from orchestrator.api.database import Query as Statement
from orchestrator.api.parameters import GeneSymbol
from orchestrator.api.problems import AnswerError
from orchestrator.api.responses import PROBLEMS, json_text, refusals
from orchestrator.cohort.read import gene_query, variable_query

router = APIRouter(prefix="/api/v1/cohort", tags=["cohort"], responses=PROBLEMS)


@router.get(
    "/genes/{gene_symbol}",
    response_model=answers.CohortGene,
    response_description="Every patient that is current.",
    responses=refusals(401, 403, 404),
)
async def cohort_gene(
    gene_symbol: Annotated[GeneSymbol, Path(description="HGNC symbol of a gene.")], token: Token, pool: Sessions
) -> Response:
    """Show a gene in every patient, each by its isoform that is farthest from baseline.

    Patients that changed since the cohort was refreshed are named in `stale_patients`, and have no value here.
    """
    _, isoforms, patients, stale = await _read(pool, token, "cohort: gene", gene_query(gene_symbol))
    if not isoforms:
        raise AnswerError(HTTPStatus.NOT_FOUND, "The core has no transcript of such a gene.", "gene_symbol")
    return json_text(f'{{"gene_symbol": {json.dumps(gene_symbol)}, "patients": {patients}, "stale_patients": {stale}}}')


@router.get(
    "/variable",
    response_model=answers.CohortVariable,
    response_description="The transcripts, by variance.",
    responses=refusals(401, 403, 404),
)
async def cohort_variable(
    asked: Annotated[parameters.Variable, Query()], token: Token, pool: Sessions
) -> answers.CohortVariable:
    """List the transcripts whose log2 fold change varies most over all patients, the highest variance first.

    Baseline counts as 0, and a patient whose value is in quarantine is left out for that transcript. When a patient
    changed since this was worked out, `is_current` is false and there are no transcripts.
    """
    query = variable_query(asked.limit)
    _, is_current, patients, worked_out_at, transcripts, stale = await _read(pool, token, "cohort: variable", query)
    return answers.CohortVariable(
        is_current=is_current,
        patients=patients,
        worked_out_at=worked_out_at,
        transcripts=[answers.VariableTranscript(**each) for each in json.loads(transcripts)],
        stale_patients=[answers.StalePatient(**each) for each in json.loads(stale)],
    )


async def _read(pool: Pool, token: bytes | None, endpoint: str, query: Statement) -> Row:
    """Return the one row of a statement about the cohort. Raises AnswerError where there are no such tables yet."""
    try:
        [[row]] = await read_recorded(pool, Cohort(token), endpoint, query)
    except psycopg.errors.UndefinedTable:
        raise AnswerError(HTTPStatus.NOT_FOUND, "The cohort was never refreshed here.") from None
    return row
