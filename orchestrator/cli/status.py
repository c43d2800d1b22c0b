"""`mediabase status`."""

from collections import Counter
from dataclasses import asdict

from orchestrator import journal
from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, table
from orchestrator.cli.settings import current
from orchestrator.journal import Patient, Run
from orchestrator.journal.access import AccessRecord, access_records, patient_access
from orchestrator.postgres.connection import connect, servers
from orchestrator.wording import counts


def status(as_json: AsJson = False) -> None:
    """Show where every patient stands, from the journal; also while a migration runs, or after it died.

    Its legacy database is open, read-only, cut over (no client is left there) or gone, as far as commands of
    `mediabase legacy` have seen it.

    Example: mediabase status
    """
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        journal.require(target)
        patients = list(journal.patients(target).values())
        runs = journal.last_runs(target, 1)
        holder = journal.holder(target)
        records = access_records(target)
    access = {patient.patient_id: patient_access(patient, records) for patient in patients}
    if as_json:
        print_json(
            {
                "running": holder,
                "last_run": asdict(runs[0]) if runs else None,
                "patients": [asdict(patient) | _legacy(patient, access[patient.patient_id]) for patient in patients],
            }
        )
        return
    listing = table(
        "Patients",
        "patient",
        "state",
        "readable",
        "legacy database",
        "#legacy rows",
        "#stored",
        "#baseline",
        "#quarantined",
        "note",
    )
    for patient in patients:
        listing.add_row(
            patient.patient_id, patient.state, "yes" if patient.published_at else "no",
            _words(patient, access[patient.patient_id]),
            *(_count(value) for value in
              (patient.legacy_rows, patient.stored_rows, patient.baseline_rows, patient.quarantined_rows)),
            _note(patient),
        )  # fmt: skip
    out.print(listing)
    by_access = Counter(str(_legacy(patient, access[patient.patient_id])["legacy_access"]) for patient in patients)
    if patients:
        out.print(f"Legacy databases: {counts(by_access)}.")
    if runs:
        out.print(_describe(runs[0], holder))


def _legacy(patient: Patient, record: AccessRecord | None) -> dict[str, object]:
    """Return whether clients can still be on its legacy database, and since when they write no more or are out."""
    words = "none" if patient.is_imported else "gone" if patient.state == "dropped" else "open"
    return {
        "legacy_access": record.words if record and words == "open" else words,
        "legacy_locked_at": record.locked_at if record else None,
        "legacy_cut_over_at": record.cut_over_at if record else None,
    }


def _words(patient: Patient, record: AccessRecord | None) -> str:
    facts = _legacy(patient, record)
    since = facts["legacy_cut_over_at"]
    return f"{facts['legacy_access']}{f' {since:%Y-%m-%d %H:%M}' if since else ''}"


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _note(patient: Patient) -> str:
    return patient.problem or counts(patient.quarantine_reasons or {})


def _describe(run: Run, holder: str | None) -> str:
    since = f"{run.started_at:%Y-%m-%d %H:%M:%S}"
    begun = f"Last run: {run.run_id} ({run.command}) by {run.operator} on {run.host}, since {since}"
    if run.finished_at:
        return f"{begun}, ended {run.finished_at:%H:%M:%S} with exit code {run.exit_code}."
    if holder:
        return f"{begun}, running ({holder})."
    return f"{begun}; it died. Run the same command again: it goes on from here."
