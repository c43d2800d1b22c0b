"""What a rehearsal made of each patient: against the dry run, against the production rows, in bytes and seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator import journal
from orchestrator.errors import PatientError
from orchestrator.journal import Patient
from orchestrator.legacy.databases import LegacyDatabase, snapshot
from orchestrator.legacy.survey import CoreIds, survey
from orchestrator.migration import core
from orchestrator.migration.extrapolate import Measured, Work
from orchestrator.migration.outcome import Options, Outcome
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.engine import table_bytes
from orchestrator.postgres.statements import statement

COMPARED = ("result", "legacy_rows", "stored", "baseline", "quarantined", "reasons", "missing")


@dataclass(frozen=True)
class Rehearsed:
    """What became of one patient in the rehearsal."""

    outcome: Outcome
    parity: bool | None
    """Whether the digest of what was stored is that of the rows in production; None where nothing was moved."""
    schema_bytes: int
    seconds: float
    """Its export, its check, and its share by rows of the dbt calls."""

    @property
    def measured(self) -> Measured:
        """Return what the extrapolation needs of it."""
        return Measured(self.outcome.stored, self.outcome.quarantined, self.schema_bytes)


def examine(
    source: Servers, scratch: Servers, databases: Sequence[LegacyDatabase], outcomes: Sequence[Outcome],
    options: Options, elapsed: float,
) -> tuple[list[Rehearsed], Work]:  # fmt: skip
    """Return what became of each patient, by id, and what migrating them took; `elapsed` is in seconds."""
    with connect(scratch.target, autocommit=True) as target, connect(source.target, autocommit=True) as production:
        seconds, calls = _timings(target)
        known = journal.patients(target, [database.patient_id for database in databases])
        ids = core.core_ids(production)
        work = Work(max(0.0, elapsed - sum(seconds.values())), sum(seconds.values()), calls, _moved(outcomes))
        by_id = {outcome.patient_id: outcome for outcome in outcomes}
        rehearsed = []
        for database in sorted(databases, key=lambda each: each.patient_id):
            outcome, patient = by_id[database.patient_id], known[database.patient_id]
            can_compare = outcome.result in ("migrated", "unchanged")
            parity = _is_in_production(source, ids, database, patient, options) if can_compare else None
            spent = seconds.get(database.patient_id, 0.0) + seconds.get("", 0.0) * _share(outcome, work.outcomes)
            rehearsed.append(Rehearsed(outcome, parity, _schema_bytes(target, patient), round(spent, 3)))
    return rehearsed, work


def differences(planned: Mapping[str, Outcome], rehearsed: Sequence[Rehearsed]) -> list[str]:
    """Return in which points the rehearsal was not what the dry run, or production, said; none should be."""
    found = []
    for each in rehearsed:
        before, after = planned[each.outcome.patient_id], each.outcome
        # What failed has no counts, and may fail at another step with another reason.
        compared = ("result",) if before.result == after.result == "failed" else COMPARED
        found += [
            f"{after.patient_id}: {name} is {getattr(after, name)}, the dry run said {getattr(before, name)}."
            for name in compared
            if getattr(before, name) != getattr(after, name)
        ]
        if each.parity is False:
            found.append(f"{after.patient_id}: what was stored is not what production holds now.")
    return found


def _is_in_production(
    source: Servers, ids: CoreIds, database: LegacyDatabase, patient: Patient, options: Options
) -> bool:
    """Tell whether the legacy rows, read in production once more, are those that the rehearsal stored."""
    try:
        with snapshot(source.legacy, database.name) as legacy:
            read = survey(legacy, ids, options.believe or patient.surface)
    except PatientError:
        return False  # it could be taken when it was copied: somebody has changed it since
    return read.stream.digest == patient.current_digest


def _schema_bytes(target: Connection, patient: Patient) -> int:
    query = statement(__package__, "schema_bytes").format(bytes=table_bytes(target))
    row = target.execute(query, {"schema_name": patient.schema_name}).fetchone()
    return int(str(row[0])) if row else 0


def _timings(target: Connection) -> tuple[dict[str, float], int]:
    """Return the seconds of work by patient, with those of dbt under the empty id, and the number of dbt calls."""
    rows = target.execute(statement(__package__, "timings")).fetchall()
    seconds = {str(patient_id or ""): float(str(spent)) for patient_id, spent, _ in rows}
    return seconds, sum(int(str(calls)) for _, _, calls in rows)


def _moved(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    return tuple(outcome for outcome in outcomes if outcome.result == "migrated")


def _share(outcome: Outcome, moved: Sequence[Outcome]) -> float:
    if outcome.result != "migrated":
        return 0.0
    return (outcome.stored + outcome.quarantined + 1) / sum(each.stored + each.quarantined + 1 for each in moved)
