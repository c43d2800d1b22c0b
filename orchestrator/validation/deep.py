"""The suites over a patient's schema itself: Great Expectations asks the tables, not the facts about them."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import uuid4

from orchestrator.errors import MediabaseError
from orchestrator.journal import Patient
from orchestrator.postgres.connection import resolve
from orchestrator.validation.suites import context

STORED = "expression_data"
QUARANTINED = "quarantined_expression"
METADATA = "metadata"
VIEW = "cancer_transcript_base"
FORMATS = ["legacy_v0.5.0", "deseq2", "standard", "custom", "synthetic"]
UNEXPECTED = files(__package__) / "unexpected"
"""Queries for rows that speak against a check, RELATION.CHECK.sql; {batch} is the relation."""
REASONS = ["null", "nan", "infinite", "not_positive", "orphan", "duplicate", "unmatched"]


def broken_in_schema(target_dsn: str, patient: Patient) -> dict[str, tuple[int, list[str]]]:
    """Run the suites over the schema of a patient; return count and transcript ids (first 20) by id of the check.

    A relation that cannot be read breaks X0. Raises MediabaseError when the server cannot be reached.
    """
    found: dict[str, tuple[int, list[str]]] = {}
    for relation, expectations in _suites(patient).items():
        try:
            results = list(_validate(target_dsn, patient.schema_name, relation, expectations))
        except MediabaseError:
            found["X0"] = (1, [relation])
            continue
        for check, count, ids in results:
            before = found.get(check, (0, []))
            found[check] = (before[0] + count, [*before[1], *ids][:20])
    return found


def _suites(patient: Patient) -> dict[str, list[Any]]:
    """Return the expectations about each relation of a patient's schema; each says which check it belongs to."""
    from great_expectations import expectations as gx

    def about(check: str) -> dict[str, Any]:
        return {"meta": {"check": check}}

    suites: dict[str, list[Any]] = {
        STORED: [
            gx.ExpectColumnValuesToNotBeInSet(column="expression_fold_change", value_set=[1.0], **about("A1")),
            gx.ExpectColumnValuesToNotBeNull(column="expression_fold_change", **about("A3")),
            gx.ExpectColumnValuesToBeUnique(column="transcript_id", **about("P3")),
            gx.ExpectTableRowCountToEqual(value=patient.stored_rows, **about("P1")),
        ],
        QUARANTINED: [
            gx.ExpectColumnValuesToBeUnique(column="transcript_id", **about("P3")),
            gx.ExpectColumnValuesToBeInSet(column="reason", value_set=REASONS, **about("P4")),
            gx.ExpectTableRowCountToEqual(value=patient.quarantined_rows, **about("P1")),
        ],
        METADATA: [
            gx.ExpectTableRowCountToEqual(value=1, **about("A5")),
            gx.ExpectColumnValuesToBeInSet(column="patient_id", value_set=[patient.patient_id], **about("A5")),
            gx.ExpectColumnValuesToBeInSet(column="file_format", value_set=FORMATS, **about("A5")),
            gx.ExpectColumnValuesToNotBeNull(column="upload_date", **about("A5")),
        ],
        VIEW: [gx.ExpectColumnToExist(column="expression_fold_change", **about("S2"))],
    }
    for file in UNEXPECTED.iterdir():
        relation, check, _ = file.name.split(".")
        suites[relation].append(gx.UnexpectedRowsExpectation(unexpected_rows_query=file.read_text(), **about(check)))
    return suites


def _validate(
    target_dsn: str, schema: str, relation: str, expectations: list[Any]
) -> Iterator[tuple[str, int, list[str]]]:
    """Yield check, count and transcript ids of each expectation about a relation that is not met."""
    from great_expectations import ExpectationSuite
    from great_expectations.exceptions import GreatExpectationsError

    source = _source(target_dsn)
    name = f"{schema}.{relation}"
    try:
        asset = source.add_table_asset(name, table_name=relation, schema_name=schema)
        try:
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            validated = batch.validate(
                ExpectationSuite(name, expectations=expectations),
                result_format={"result_format": "COMPLETE", "unexpected_index_column_names": _key(relation)},
            )
        finally:
            source.delete_asset(name)
    except (GreatExpectationsError, ConnectionError) as error:
        raise MediabaseError(f"{name} cannot be read.") from error
    for result in validated.results:
        if not result.success:
            yield _about(result)


def _about(result: Any) -> tuple[str, int, list[str]]:
    """Return check, count and transcript ids of an expectation that is not met; an SQL error breaks X0."""
    details: Mapping[str, Any] = result.result
    if not details:
        return "X0", 1, [result.expectation_config.meta["check"]]
    rows = details.get("unexpected_index_list") or details.get("details", {}).get("unexpected_rows") or []
    ids = [str(row["transcript_id"]) for row in rows if "transcript_id" in row]
    return result.expectation_config.meta["check"], details.get("unexpected_count") or len(rows) or 1, sorted(set(ids))


def _key(relation: str) -> list[str]:
    return ["patient_id"] if relation == METADATA else ["transcript_id"]


@cache
def _source(target_dsn: str) -> Any:
    """Return the data source of a target; psycopg gets libpq's parameters, which an address could not all hold."""
    return context().data_sources.add_postgres(
        f"target {uuid4()}",  # one process may ask several targets
        connection_string="postgresql+psycopg://see@localhost/parameters",
        kwargs={"connect_args": {**resolve(target_dsn), "options": "-c default_transaction_read_only=on"}},
    )
