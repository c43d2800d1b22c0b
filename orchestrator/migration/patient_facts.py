"""Facts about a patient that is there: looked at, and put where validation and a rebuild find them, too."""

import math
from collections.abc import Mapping, Sequence

from psycopg import sql
from psycopg.rows import dict_row

from orchestrator import journal
from orchestrator.errors import ExitCode, RefusedError, UsageError
from orchestrator.migration.manifest import COLUMNS, Manifest, store_manifest, update_metadata
from orchestrator.migration.parity import is_gone
from orchestrator.migration.patients import known_patient
from orchestrator.postgres.connection import Connection

FACTS = COLUMNS[1:]
NOT_BUILT = "Patient {} has no data in v0.6.0 that facts could be about (mediabase status says where it stands)."
EDITED = (
    "The metadata of {} is not what its last build or update made of it: somebody edited it, and it stays as it is. "
    "Put that back first."
)


def check_facts(given: Mapping[str, str | float | None]) -> dict[str, str]:
    """Return those of the facts that are given, as a manifest has them.

    Raises UsageError for text that is empty or cannot be printed, and for a read depth that is no number from 0.
    """
    facts = {name: value for name, value in given.items() if value is not None}
    for name, value in facts.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, float):
            if not 0 <= value < math.inf:
                raise UsageError(f"{option} takes a number from 0, in millions of reads.")
        elif not value.strip() or not all(each.isprintable() or each in "\n\t" for each in value):
            raise UsageError(f"{option} takes text that can be printed, and is not empty.")
    return {name: str(value) for name, value in facts.items()}


def update_facts(target_dsn: str, patient_id: str, facts: Mapping[str, str], unset: Sequence[str] = ()) -> list[str]:
    """Change what is known about a patient, and remove the facts named in `unset`; return the names of what changed.

    The journal then knows the metadata as it is, and a rebuild makes it so again. All of it is done, or nothing.
    Raises UsageError for a patient that the journal does not know or when there is nothing to do, RefusedError for one
    without data or with metadata that somebody edited, LockedError while another operator is at work.
    """
    values = {**facts, **dict.fromkeys(unset, "")}
    if unknown := sorted(set(values) - set(FACTS)):
        raise UsageError(f"There is no fact {', '.join(unknown)}: there are {', '.join(FACTS)}.")
    if twice := sorted(set(facts) & set(unset)):
        raise UsageError(f"Either a new value or --unset, not both: {', '.join(twice)}.")
    if not values:
        raise UsageError("Say what to change: one of the facts, or --unset with the name of one.")
    with journal.locked(target_dsn) as target:
        known = known_patient(target, patient_id)
        if known.built_at is None or is_gone(target, known.schema_name):
            raise RefusedError(NOT_BUILT.format(patient_id))
        with target.transaction():
            return _update(target, known, values)


def _update(target: Connection, known: journal.Patient, values: Mapping[str, str]) -> list[str]:
    patient_id = known.patient_id
    before = _facts(target, known.schema_name)
    manifest = Manifest(["patient_id", *values], [{"patient_id": patient_id, **values}])
    store_manifest(target, manifest)
    if update_metadata(target, manifest, {patient_id}):
        raise RefusedError(EDITED.format(patient_id))
    after = _facts(target, known.schema_name)
    changed = [name for name in values if before.get(name) != after[name]]
    if changed:
        run_id = journal.start_run(target, "patient update", {"patients": 1})
        journal.event(target, run_id, patient_id, "facts changed", fields=changed)
        journal.finish_run(target, run_id, ExitCode.DONE)
    return changed


def _facts(target: Connection, schema: str) -> dict[str, object]:
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, FACTS)), sql.Identifier(schema, "metadata")
    )
    with target.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchone() or {}
