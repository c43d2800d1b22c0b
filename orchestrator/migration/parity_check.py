"""Parity of both live sides: each patient's legacy database against its schema in v0.6.0."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakSet

import psycopg

from orchestrator import journal
from orchestrator.errors import MediabaseError, RefusedError, UsageError
from orchestrator.journal import Patient
from orchestrator.legacy.databases import LegacyDatabase, snapshot
from orchestrator.legacy.kept import Kept, kept_rows, values
from orchestrator.legacy.profile import BASELINE, STORED
from orchestrator.legacy.survey import CoreIds, transcript_ids
from orchestrator.migration.bisection import Comparison, Difference, Look, Side, compare, look
from orchestrator.migration.current_rows import current_side, has_view, in_core, patient_snapshot, without_row
from orchestrator.migration.names import legacy_databases
from orchestrator.migration.parity_result import (
    Parity,
    Shown,
    Verdict,
    cells_text,
    count_differences,
    journal_dispositions,
    quarantined,
)
from orchestrator.migration.reference import read_core_ids
from orchestrator.patient_id import check, is_supported, schema_name
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.threads import in_threads

PATIENCE_SECONDS = 5
"""How long to wait for somebody who keeps a table locked."""
CORE_CHANGED = "The core has other transcripts than when it was migrated: mediabase migrate {}."
NO_VIEW = "Its view cancer_transcript_base is gone: mediabase patient upgrade {} makes it again."
CHANGED_ALIKE = "Both sides were changed alike since it was migrated."
JOURNAL_CHANGED = "Both sides agree, and not with the journal: its row there was changed since it was migrated."
OTHER_SERVER = "That legacy database is of another server than the one it was migrated from."


@dataclass(frozen=True)
class Pair:
    """A patient, and the name of its legacy database where there is one."""

    patient_id: str
    database: str | None


@dataclass(frozen=True)
class Found:
    """Both sides of a patient as they are now, and what the journal says."""

    patient: Patient
    kept: Kept
    legacy: Side
    current: Side
    legacy_look: Look
    current_look: Look
    core: CoreIds
    has_view: bool
    is_other_server: bool

    @property
    def dispositions(self) -> dict[str, dict[str, int]]:
        """Return the rows by disposition, without those of which there are none."""
        counted = {name: count for name, count in self.legacy_look.counts.items() if name != BASELINE}
        baseline = self.kept.ids.rows - sum(counted.values())
        return {
            "legacy": {**counted, **({BASELINE: baseline} if baseline else {})},
            "current": self.current_look.counts,
            "journal": journal_dispositions(self.patient),
        }

    @property
    def has_same_rows(self) -> bool:
        """Tell whether every row is where and what it must be."""
        is_same = (self.legacy_look.digest, self.legacy_look.dispositions) == (
            self.current_look.digest,
            self.current_look.dispositions,
        )
        return is_same and self.kept.ids.rows == self.patient.legacy_rows

    @property
    def is_legacy_changed(self) -> bool:
        """Tell whether the legacy rows are not those that it was migrated from."""
        counts = self.dispositions
        return self.legacy_look.digest != self.patient.legacy_digest or counts["legacy"] != counts["journal"]

    @property
    def is_current_changed(self) -> bool:
        """Tell whether digest, counts or view in v0.6.0 are not those that were built."""
        return is_changed(self.patient, self.current_look) or not self.has_view


def is_changed(patient: Patient, found: Look) -> bool:
    """Tell whether what a patient schema holds is not what was built."""
    built = {name: count for name, count in journal_dispositions(patient).items() if name != BASELINE}
    return found.digest != (patient.current_digest or patient.legacy_digest) or found.counts != built


def check_parity(
    servers: Servers,
    patient_ids: Sequence[str] | None,
    jobs: int,
    limit: int,
    begin: Callable[[int], None],
    report: Callable[[Parity], None],
) -> list[Parity]:
    """Compare the named patients, or all, in v0.5.0 with v0.6.0 as both are now; return what was found, by id.

    `jobs` at a time, in read-only transactions. Keeps the first `limit` differing transcripts of each. Raises
    UsageError when a server cannot be reached or a patient is unknown, RefusedError without a journal.
    """
    databases = legacy_databases(servers)
    with connect(servers.target) as target:
        target.read_only = True
        journal.require(target)
        pairs = _pairs(databases, journal.patients(target).values(), patient_ids)
        core = read_core_ids(target, servers.target)
    begin(len(pairs))
    found = in_threads(partial(_check, servers, core, limit), pairs, jobs, report)
    return sorted(found, key=lambda each: each.patient_id)


def _is_migrated(patient: Patient) -> bool:
    return patient.built_at is not None and patient.state != "rolled_back"


def _pairs(databases: Sequence[LegacyDatabase], patients: Iterable[Patient], asked: Sequence[str] | None) -> list[Pair]:
    """Return the asked patients, or all that the journal or the legacy server knows."""
    names = {database.name for database in databases}
    pairs = {database.patient_id: Pair(database.patient_id, database.name) for database in databases}
    for patient in filter(_is_migrated, patients):
        source = patient.source_database if patient.source_database in names else None
        pairs[patient.patient_id] = Pair(patient.patient_id, source)
    if asked is None:
        if not pairs:
            raise RefusedError("There is nothing to compare: no legacy database, and no patient in the journal.")
        return list(pairs.values())
    wanted = [check(patient_id) for patient_id in dict.fromkeys(asked)]
    unknown = [patient_id for patient_id in wanted if patient_id not in pairs]
    renamed = {database.legacy_id: database.patient_id for database in databases}
    if unknown and unknown[0] in renamed:
        raise UsageError(f"Patient {unknown[0]} was renamed: it is {renamed[unknown[0]]} now.")
    if unknown:
        raise UsageError(
            f"Neither the journal nor a legacy database knows patient {', '.join(unknown)} "
            "(ids keep upper and lower case)."
        )
    return [pairs[patient_id] for patient_id in wanted]


def _check(servers: Servers, core: CoreIds, limit: int, pair: Pair, in_hand: WeakSet[Connection]) -> Parity:
    if not is_supported(pair.patient_id):
        return Parity(pair.patient_id, "not migrated", "Name it with mediabase inventory --rename OLD=NEW first.")
    try:
        return _compare(servers, core, limit, pair, in_hand)
    except (MediabaseError, psycopg.Error) as error:
        return Parity(pair.patient_id, "failed", _describe(error))


def _describe(error: MediabaseError | psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return "Another session keeps its tables locked: compare it when that has ended."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "This role may not read all of it: grant it SELECT on its tables; with row security also BYPASSRLS."
    return describe_failure(error)[1]


def _compare(servers: Servers, core: CoreIds, limit: int, pair: Pair, in_hand: WeakSet[Connection]) -> Parity:
    schema = schema_name(pair.patient_id)
    with ExitStack() as stack:
        target = stack.enter_context(patient_snapshot(servers.target, schema, PATIENCE_SECONDS))
        in_hand.add(target)
        patient = journal.patients(target, [pair.patient_id]).get(pair.patient_id)
        if patient is None or not _is_migrated(patient):
            problem = patient.problem if patient else ""
            return Parity(pair.patient_id, "not migrated", problem or f"mediabase migrate {pair.patient_id} moves it.")
        current = current_side(target, schema)
        current_look = look(current)
        if pair.database is None:
            return _without_legacy(patient, current_look)
        legacy = stack.enter_context(snapshot(servers.legacy, pair.database, PATIENCE_SECONDS))
        in_hand.add(legacy)
        kept = kept_rows(legacy, str(patient.surface), core)
        legacy_side = Side(legacy, kept.query, kept.parameters)
        found = Found(
            patient=patient,
            kept=kept,
            legacy=legacy_side,
            current=current,
            legacy_look=look(legacy_side),
            current_look=current_look,
            core=core,
            has_view=patient.published_at is None or has_view(target, schema),
            is_other_server=bool(patient.legacy_system) and _system(legacy) != patient.legacy_system,
        )
        return _judge(found, *_differences(found, limit))


def _without_legacy(patient: Patient, found: Look) -> Parity:
    has_changed = is_changed(patient, found)
    is_dropped = patient.state == "dropped"
    why = f"Dropped; its archive is {patient.archive}." if is_dropped else (
        f"There is no {patient.source_database} on the legacy server."
    )  # fmt: skip
    return Parity(
        patient_id=patient.patient_id,
        result="dropped" if is_dropped and not has_changed else "no legacy database",
        message=f"{why} v0.6.0 {'is not' if has_changed else 'is'} as it was migrated.",
        stored=found.counts.get(STORED, 0),
        quarantined=quarantined(found),
    )


def _system(legacy: Connection) -> str:
    row = legacy.execute("select system_identifier::text from pg_control_system()").fetchone()
    return str(row[0]) if row else ""


def _differences(found: Found, limit: int) -> tuple[Comparison, list[Shown]]:
    """Return how the rows differ, and the first transcripts that do, rows that only were at baseline among them."""
    if found.has_same_rows:
        return Comparison(), []
    rows = max(sum(each.counts.values()) for each in (found.legacy_look, found.current_look))
    compared = compare(found.legacy, found.current, rows, limit)
    lost = _lost_baseline(found)
    differences = [*compared.first, *(Difference(transcript_id, (), ()) for transcript_id in lost)]
    shown = _show(found, sorted(differences, key=lambda each: each.transcript_id or "")[:limit])
    return replace(compared, differing=compared.differing + len(lost)), shown


def _lost_baseline(found: Found) -> list[str]:
    """Return transcripts whose rows at 1.0 the legacy database lacks now.

    Known only of a patient that had a row of every core transcript: v0.6.0 has no row to show which it had.
    """
    is_complete = found.kept.has_unique_ids and not found.kept.ids.missing
    if is_complete or found.patient.missing_rows or not _has_same_core(found):
        return []
    absent = found.core.load().difference(transcript_ids(found.legacy.connection, str(found.patient.surface)))
    return without_row(found.current, list(absent))


def _show(found: Found, differences: Sequence[Difference]) -> list[Shown]:
    ids = [each.transcript_id for each in differences if each.transcript_id is not None]
    at_baseline = values(found.legacy.connection, str(found.patient.surface), ids) if ids else {}
    known = in_core(found.current.connection, ids) if ids else set()
    shown = []
    for each in differences:
        legacy, legacy_disposition = cells_text(each.left)
        current, current_disposition = cells_text(each.right)
        if not each.left and each.transcript_id in at_baseline:
            legacy, legacy_disposition = "1.0", BASELINE
        if not each.right and each.transcript_id in known:
            current_disposition = BASELINE
        shown.append(Shown(each.transcript_id or "null", legacy, legacy_disposition, current, current_disposition))
    return shown


def _has_same_core(found: Found) -> bool:
    return found.patient.core_fingerprint == str(found.core.fingerprint)


def _judge(found: Found, compared: Comparison, shown: Sequence[Shown]) -> Parity:
    counts = found.dispositions
    return Parity(
        patient_id=found.patient.patient_id,
        result=_verdict(found, compared),
        message=_message(found),
        legacy_rows=found.kept.ids.rows,
        stored=found.current_look.counts.get(STORED, 0),
        baseline=counts["legacy"].get(BASELINE, 0),
        quarantined=quarantined(found.current_look),
        differing=compared.differing,
        fetched=compared.fetched,
        dispositions=counts,
        differences=tuple(shown),
    )


def _verdict(found: Found, compared: Comparison) -> Verdict:
    if not _has_same_core(found):
        return "core changed"
    if found.has_same_rows and found.has_view:
        return "same"
    # What became of a row follows from its value: where only that differs, v0.6.0 was changed.
    is_current_changed = found.is_current_changed or bool(compared.misplaced)
    if found.is_legacy_changed:
        return "both changed" if is_current_changed else "legacy changed"
    return "v0.6.0 changed" if is_current_changed else "differs"


def _message(found: Found) -> str:
    patient = found.patient
    said = [
        "" if _has_same_core(found) else CORE_CHANGED.format(patient.patient_id),
        "" if found.has_view else NO_VIEW.format(patient.patient_id),
        "; ".join(count_differences(found.dispositions)),
        _why_alike(found) if found.has_same_rows and _has_same_core(found) else "",
        OTHER_SERVER if found.is_other_server and not found.has_same_rows else "",
        patient.problem,
    ]
    return " ".join(each for each in said if each)


def _why_alike(found: Found) -> str:
    """Say why the rows of both sides, which are the same, are not as the journal has them; empty when they are."""
    patient, legacy, current = found.patient, found.legacy_look, found.current_look
    if not (found.is_legacy_changed or is_changed(patient, current)):
        return ""
    proven = (patient.legacy_digest, patient.current_digest or patient.legacy_digest)
    return CHANGED_ALIKE if legacy.digest not in proven else JOURNAL_CHANGED
