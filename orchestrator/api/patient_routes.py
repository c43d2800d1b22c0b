"""`/api/v1/patients`, `/compare` and `/stats`: one patient at a time, each in its own role."""

import json
from http import HTTPStatus
from typing import Annotated

import psycopg
from fastapi import APIRouter, Query, Response

from orchestrator.api import answers, parameters
from orchestrator.api.credentials import Sessions, Token
from orchestrator.api.database import Cohort, Core, OnePatient, read, read_recorded, record, tell
from orchestrator.api.parameters import PatientPath
from orchestrator.api.problems import AnswerError, unauthorized
from orchestrator.api.responses import PROBLEMS, json_text, refusals
from orchestrator.api.statements import of_patient
from orchestrator.patient_id import is_supported, schema_name
from orchestrator.postgres.statements import statement

router = APIRouter(prefix="/api/v1", responses=PROBLEMS)
REFUSALS = refusals(401, 404)


@router.get(
    "/patients",
    tags=["patients"],
    response_model=answers.PatientList,
    responses=refusals(401),
    response_description="The patients, by id.",
)
async def list_patients(
    asked: Annotated[parameters.Patients, Query()], token: Token, pool: Sessions
) -> answers.PatientList:
    """List the patients that the token opens, by id."""
    if token is None:
        raise unauthorized()
    found = await tell(pool, "select * from access.patients(%s)", [token])
    part = found[asked.offset : asked.offset + asked.limit]
    async with pool.connection() as connection:
        await record(connection, Cohort(token), "patients", len(part))
    return answers.PatientList(
        count=len(found),
        patients=[
            answers.ListedPatient(patient_id=each, schema_name=schema, expression_data_count=count, created_at=at)
            for each, schema, _, count, _, at in part
        ],
    )


@router.get(
    "/patients/{patient_id}",
    tags=["patients"],
    response_model=answers.Patient,
    responses=REFUSALS,
    response_description="Metadata and counts of rows.",
)
async def one_patient(patient_id: PatientPath, token: Token, pool: Sessions) -> Response:
    """Show the metadata of a patient, and how many rows it has of which kind."""
    [[(_, item)]] = await read_recorded(
        pool, OnePatient(token, patient_id), "patient", (of_patient(patient_id)("patient"), {})
    )
    names = json.dumps({"patient_id": patient_id, "schema_name": schema_name(patient_id)})
    return json_text(f"{names[:-1]}, {item[1:]}")


@router.get(
    "/patients/{patient_id}/drug-targets",
    tags=["patients"],
    response_model=list[answers.DrugTarget],
    response_description="A drug and a gene each.",
    responses=REFUSALS,
)
async def drug_targets(
    patient_id: PatientPath, asked: Annotated[parameters.DrugTargets, Query()], token: Token, pool: Sessions
) -> Response:
    """List drugs for genes that the patient overexpresses, the highest fold change first."""
    try:
        return await _items(pool, token, patient_id, "drug_targets", asked)
    except psycopg.errors.UndefinedTable as error:
        if "opentargets_known_drugs" not in str(error.diag.message_primary):
            raise
        raise AnswerError(HTTPStatus.NOT_FOUND, "This core has no table of known drugs.") from None


@router.get(
    "/patients/{patient_id}/tumor-suppressors",
    tags=["patients"],
    response_model=list[answers.SuppressorLoss],
    response_description="A transcript each.",
    responses=REFUSALS,
)
async def tumor_suppressors(
    patient_id: PatientPath, asked: Annotated[parameters.TumorSuppressors, Query()], token: Token, pool: Sessions
) -> Response:
    """List transcripts of tumour suppressors that the patient underexpresses, the lowest fold change first."""
    return await _items(pool, token, patient_id, "tumor_suppressors", asked)


@router.get(
    "/patients/{patient_id}/pathways",
    tags=["patients"],
    response_model=list[answers.Pathway],
    response_description="A pathway each.",
    responses=REFUSALS,
)
async def pathways(
    patient_id: PatientPath, asked: Annotated[parameters.Pathways, Query()], token: Token, pool: Sessions
) -> Response:
    """List pathways by how many of their genes the patient overexpresses."""
    return await _items(pool, token, patient_id, "pathways", asked)


@router.get(
    "/compare",
    tags=["patients"],
    response_model=answers.Comparison,
    response_description="The genes of each patient.",
    responses=REFUSALS,
)
async def compare(asked: Annotated[parameters.Compare, Query()], token: Token, pool: Sessions) -> answers.Comparison:
    """Show genes beside each other in several patients, each by its isoform that is farthest from baseline."""
    if token is None:
        raise unauthorized()
    if not all(map(is_supported, asked.patient_ids)):
        raise AnswerError(HTTPStatus.NOT_FOUND, "One of these is no patient that this token opens.", "patient_ids")
    known = {
        str(name)
        for (name,) in (await read(pool, Core(), (statement(__package__, "known_genes"), asked.model_dump())))[0]
    }
    found = []
    for patient_id in asked.patient_ids:
        query = (of_patient(patient_id)("compare"), {"gene_symbols": asked.gene_symbols})
        [[(_, items)]] = await read_recorded(pool, OnePatient(token, patient_id), "compare", query)
        genes = {symbol: answers.ComparedGene(**gene) for symbol, gene in json.loads(items).items()}
        found.append(answers.ComparedPatient(patient_id=patient_id, genes=genes))
    return answers.Comparison(
        patients=found, unknown_gene_symbols=[each for each in asked.gene_symbols if each not in known]
    )


@router.get(
    "/stats", tags=["server"], response_model=answers.Stats, response_description="Counts.", responses=refusals(401)
)
async def stats(token: Token, pool: Sessions) -> Response:
    """Show what the core holds, and how many patients the token opens."""
    [[(core,)]] = await read(pool, Core(), (statement(__package__, "core_stats"), {}))
    count = "null"
    if token is not None:
        count = str(len(await tell(pool, "select from access.patients(%s)", [token])))
    return json_text(f'{core[:-1]}, "patients": {count}}}')


async def _items(
    pool: Sessions, token: bytes | None, patient_id: str, name: str, asked: parameters.Parameters
) -> Response:
    query = (of_patient(patient_id)(name), asked.model_dump())
    [[(_, items, *_)]] = await read_recorded(pool, OnePatient(token, patient_id), name.replace("_", " "), query)
    return json_text(items)
