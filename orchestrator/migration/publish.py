"""Publish: readers are let in, as the last step and in one transaction with the journal."""

from orchestrator.access.roles import let_reader_in
from orchestrator.errors import PatientError
from orchestrator.journal import Patient
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement


def publish(target: Connection, patient: Patient, digest: str) -> bool:
    """Let the patient's reader role in, and record `digest` as that of the published rows, in target's transaction.

    Returns whether readers can read it; see `access.roles`. Raises PatientError when the view
    cancer_transcript_base is missing, because dbt ended before it was made.
    """
    has_reader = let_reader_in(target, patient.patient_id)
    values = {"patient_id": patient.patient_id, "digest": digest}
    if target.execute(statement(__package__, "publish"), values).rowcount != 1:
        raise PatientError("MB023", "Its compatibility view is missing: run again.")
    return has_reader
