"""What the facts of patients say: verdicts, and their place in the journal."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement
from orchestrator.validation.checks import BY_ID, COHORT_CHECK, Check
from orchestrator.validation.suites import Facts, broken, count


@dataclass(frozen=True)
class Finding:
    """A check that does not hold for a patient."""

    check: str
    name: str
    count: int | None
    """How many rows, or faults, speak against it; None when that could not be worked out."""
    named: list[str] = field(default_factory=list)
    """Transcript ids, the first 20, or faults."""
    show: str = ""
    """Command that shows the rest."""


@dataclass(frozen=True)
class Verdict:
    """What validation found about one patient."""

    patient_id: str
    digest: str | None
    """sha256 of its rows as they are now; None when it could not be taken."""
    failures: list[Finding]
    """Integrity checks that failed; none for a patient that is validated."""
    notes: list[Finding]
    """Checks that only inform, and found something."""

    @property
    def is_passed(self) -> bool:
        """Tell whether every integrity check holds."""
        return not self.failures

    @property
    def problem(self) -> str:
        """Return the checks that failed as one sentence; no values and no ids."""
        failed = ", ".join(f"{finding.check} {finding.name}" for finding in self.failures)
        return f"Validation failed: {failed}. See mediabase validate {self.patient_id}." if failed else ""


def judge(target: Connection, patient_ids: Sequence[str]) -> dict[str, Verdict]:
    """Return the verdict on each patient from its facts in the cohort tables.

    Facts that make the statement itself fail are one patient's: it fails X0, and the others are judged without it.
    """
    try:
        with target.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement(__package__, "facts"), {"patient_ids": list(patient_ids)}).fetchall()
    except psycopg.errors.DataError as error:
        if len(patient_ids) > 1:
            return {each: judge(target, [each])[each] for each in patient_ids}
        (patient_id,) = patient_ids
        named = [f"facts {error.sqlstate}"]
        return {patient_id: Verdict(patient_id, None, [finding(BY_ID["X0"], patient_id, "", 1, named)], [])}
    wrong = broken(rows) if rows else {}
    return {str(row["patient_id"]): _verdict(row, wrong[row["patient_id"]]) for row in rows}


def record(target: Connection, run_id: int, verdicts: Iterable[Verdict]) -> None:
    """Record verdicts beside the journal, as those of a run."""
    with target.cursor() as cursor:
        cursor.executemany(statement(__package__, "record"), [_record(run_id, verdict) for verdict in verdicts])


def judge_and_record(target: Connection, run_id: int, patient_ids: Sequence[str]) -> dict[str, Verdict]:
    """Do both."""
    verdicts = judge(target, patient_ids)
    record(target, run_id, verdicts.values())
    return verdicts


def concordance(target: Connection) -> list[Finding]:
    """Return what is noted about groups of patients of one subtype: those that are not alike."""
    rows = target.execute(statement(__package__, "concordance")).fetchall()
    named = [str(name) for (name,) in rows]
    return [finding(COHORT_CHECK, "", "", len(named), named)] if named else []


def finding(check: Check, patient_id: str, schema: str, count: int | None, named: list[str]) -> Finding:
    """Return that a check does not hold for a patient."""
    return Finding(check.id, check.name, count, named, check.show.format(patient=patient_id, schema=schema))


def _verdict(row: Facts, checks: Sequence[Check]) -> Verdict:
    patient_id, schema = str(row["patient_id"]), str(row["schema_name"])

    def found(check: Check) -> Finding:
        named = [str(name) for name in row[check.ids]] if check.ids else []
        return finding(check, patient_id, schema, count(row[check.fact]), named)

    return Verdict(
        patient_id,
        row["digest"],
        failures=[found(check) for check in checks if check.severity == "integrity"],
        notes=[found(check) for check in checks if check.severity == "information"],
    )


def _record(run_id: int, verdict: Verdict) -> dict[str, object]:
    return {
        "patient_id": verdict.patient_id,
        "run_id": run_id,
        "is_passed": verdict.is_passed,
        "failures": Jsonb([asdict(each) for each in verdict.failures]),
        # What only informs is biology: the cohort tables have it, the journal only says that there is something.
        "notes": Jsonb([{"check": each.check, "name": each.name, "count": each.count} for each in verdict.notes]),
    }
