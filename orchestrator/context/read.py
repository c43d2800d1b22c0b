"""Reads what is told about a patient: the journal, the catalog, and dbt's manifest; never a row of the patient."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from orchestrator import journal
from orchestrator.context.examples import examples
from orchestrator.context.facts import Column, Context, Relation, Rows, Where
from orchestrator.context.rules import private, rules
from orchestrator.dbt.runner import Project, dbt_environment, parse_project
from orchestrator.errors import RefusedError, UsageError
from orchestrator.journal import Patient
from orchestrator.patient_id import check
from orchestrator.postgres.connection import Connection, Servers, connect, resolve
from orchestrator.postgres.statements import statement

CORE = "core"
"""Name of the dbt source whose tables are the core."""
PATIENT_FOLDER = "patient"
"""Of the dbt models that each patient has a relation of."""

Types = dict[tuple[str, str], dict[str, str]]


def read(servers: Servers, artifacts: Path, patient_id: str, say: Callable[[str], None]) -> Context:
    """Return what there is to tell about a patient; `say` is told what takes seconds.

    Raises UsageError for what is no patient id of the journal, RefusedError without a journal or when readers cannot
    read the patient, MediabaseError when dbt's project does not parse.
    """
    check(patient_id)
    with connect(servers.target, autocommit=True) as target:
        patient = _published(target, patient_id)
        where = Where(target.info.host, target.info.port, target.info.dbname)
        types = _types(target, patient.schema_name)
    say("reading the dbt project")
    rows = Rows(patient.stored_rows or 0, patient.baseline_rows or 0, patient.quarantined_rows or 0)
    return Context(
        patient_id=patient_id,
        schema=patient.schema_name,
        where=where,
        rows=rows,
        rules=rules(patient.schema_name, rows),
        private=private(patient.schema_name),
        relations=tuple(_relations(_project(servers.target, artifacts), patient.schema_name, types)),
        examples=examples(patient.schema_name),
    )


def _published(target: Connection, patient_id: str) -> Patient:
    journal.require(target)
    patient = journal.patients(target, [patient_id]).get(patient_id)
    if patient is None:
        raise UsageError(f"The journal knows no patient {patient_id}: `mediabase status` shows who there is.")
    if patient.published_at is None:
        raise RefusedError(
            f"Readers cannot read patient {patient_id}, who is {patient.state}: `mediabase migrate {patient_id}` first."
        )
    return patient


def _types(target: Connection, schema: str) -> Types:
    found: Types = defaultdict(dict)
    values = {"schemas": [schema, "public"]}
    rows = target.execute(statement(__package__, "columns"), values).fetchall()
    for place, relation, column, data_type in rows:
        found[str(place), str(relation)][str(column)] = str(data_type)
    return found


def _project(target_dsn: str, artifacts: Path) -> Project:
    os.environ.update(dbt_environment(resolve(target_dsn), artifacts / "context"))
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        return parse_project()


def _relations(project: Project, schema: str, types: Types) -> Iterator[Relation]:
    """Yield the patient's relations and the core's tables that are there, each by name."""
    models = [node for node in project.manifest.nodes.values()
              if node.resource_type == "model" and node.fqn[1] == PATIENT_FOLDER]  # fmt: skip
    sources = [node for node in project.manifest.sources.values() if node.source_name == CORE]
    for place, nodes in ((schema, models), ("public", sources)):
        for node in sorted(nodes, key=lambda node: str(node.name)):
            if found := types.get((place, node.name)):
                yield _relation(node, place, found)


def _relation(node: Any, schema: str, types: dict[str, str]) -> Relation:
    """Return a relation with the types of the database, and the words of the manifest."""
    said = {name: _line(column.description) for name, column in node.columns.items() if column.description}
    return Relation(
        schema=schema,
        name=node.name,
        description=_line(node.description),
        columns=tuple(Column(name, each, said[name]) for name, each in types.items() if name in said),
        others=tuple(f"{name} {each}" for name, each in types.items() if name not in said),
    )


def _line(text: str) -> str:
    return " ".join(text.split())
