"""Schema cohort: dbt makes what is there for all patients, and facts about them are then worked out without it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orchestrator.dbt.runner import Project, run_models
from orchestrator.dbt.seeds import check_seeds, ensure_seeds
from orchestrator.errors import MediabaseError
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import Connection

FACTS = "path:models/cohort"
"""Tables, functions and views of facts."""
CORE = "path:models/core"
"""What patients' views read."""


def prepare_cohort(project: Project, target: Connection, *places: str) -> None:
    """Make seeds, and what the models at these places make for all patients; no facts yet.

    `target` is in autocommit mode. Raises MediabaseError when dbt fails, or a seed cannot be used.
    """
    ensure_seeds(project, target)
    check_seeds(project, target)
    if not run_models(project, [*places], {}):
        raise MediabaseError(
            "What schema cohort has for all patients could not be made. "
            f"What dbt itself says: mediabase dbt run --select {' '.join(places)}"
        )


def work_out_facts(project: Project, target: Connection, beside: Connection, patient_ids: Sequence[str]) -> None:
    """Work out every fact about these patients anew; what could not be worked out is in cohort.patient_error.

    Those about what is stored take as long as all others: they go on in `beside`, a second session, meanwhile.
    """
    models = [
        node for node in project.manifest.nodes.values()
        if node.resource_type == "model" and node.config.materialized == "cohort_table"
    ]  # fmt: skip
    stored = [node for node in models if node.name == "patient_facts"]
    with ThreadPoolExecutor(1) as pool:
        meanwhile = pool.submit(_fill, beside, stored, patient_ids)
        _fill(target, [node for node in models if node not in stored], patient_ids)
        meanwhile.result()


def _fill(target: Connection, models: Sequence[Any], patient_ids: Sequence[str]) -> None:
    calls = ", ".join(f"{node.schema}.fill_{node.name}(%(patient_id)s, %(schema)s)" for node in models)
    for patient_id in patient_ids:
        target.execute(f"select {calls}".encode(), {"patient_id": patient_id, "schema": schema_name(patient_id)})
