"""The dry run: what a migration would do, without writing anything on either side."""

from collections.abc import Callable, Sequence

from orchestrator.errors import MediabaseError
from orchestrator.legacy.databases import LegacyDatabase, choose, discover, snapshot
from orchestrator.legacy.survey import CoreIds, dispositions, survey
from orchestrator.migration import core, journal
from orchestrator.migration.batch import settled_by_data
from orchestrator.migration.outcome import Options, Outcome
from orchestrator.postgres.connection import Servers, connect

KEPT = ("stored", "baseline")


def plan(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    options: Options,
    begin: Callable[[int], None],
    report: Callable[[Outcome], None],
) -> list[Outcome]:
    """Return what `migrate` with the same arguments would make of each patient.

    Raises what `migrate` raises. Both servers see read-only transactions only.
    """
    databases = choose(discover(servers.legacy), patient_ids)
    begin(len(databases))
    outcomes = []
    with connect(servers.target) as target:
        target.read_only = True
        core.check(target)
        known = journal.patients(target) if journal.exists(target) else {}
        ids = core.core_ids(target)
        for database in databases:
            patient = known.get(database.patient_id)
            try:
                settled = patient and settled_by_data(servers.legacy, target, ids, database, patient, options)
                outcome = settled or _predict(servers.legacy, database, ids, options)
            except MediabaseError as error:
                outcome = Outcome(database.patient_id, "failed", str(error))
            report(outcome)
            outcomes.append(outcome)
        target.rollback()
    return outcomes


def _predict(legacy_dsn: str, database: LegacyDatabase, ids: CoreIds, options: Options) -> Outcome:
    with snapshot(legacy_dsn, database.name) as legacy:
        taken = survey(legacy, ids, options.believe)
        counts = dispositions(legacy, taken.surface, taken.ids.unknown)
    reasons = {name: count for name, count in counts.items() if name not in KEPT}
    if reasons and options.on_bad_rows == "fail":
        return Outcome(database.patient_id, "failed", f"It has rows that cannot be stored: {reasons}.")
    return Outcome(
        patient_id=database.patient_id,
        result="migrated",
        legacy_rows=taken.ids.rows,
        stored=counts.get("stored", 0),
        baseline=counts.get("baseline", 0),
        quarantined=sum(reasons.values()),
        reasons=reasons,
        missing=taken.ids.missing,
    )
