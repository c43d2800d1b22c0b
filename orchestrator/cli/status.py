"""`mediabase status`."""

from dataclasses import asdict

from orchestrator import journal
from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, table
from orchestrator.cli.settings import current
from orchestrator.journal import Patient, Run
from orchestrator.postgres.connection import connect, servers
from orchestrator.wording import counts


def status(as_json: AsJson = False) -> None:
    """Show where every patient stands, from the journal; also while a migration runs, or after it died.

    Example: mediabase status
    """
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        journal.require(target)
        patients = list(journal.patients(target).values())
        runs = journal.last_runs(target, 1)
        holder = journal.holder(target)
    if as_json:
        print_json(
            {
                "running": holder,
                "last_run": asdict(runs[0]) if runs else None,
                "patients": [asdict(patient) for patient in patients],
            }
        )
        return
    listing = table(
        "Patients",
        "patient",
        "state",
        "readable",
        "#legacy rows",
        "#stored",
        "#baseline",
        "#quarantined",
        "note",
    )
    for patient in patients:
        listing.add_row(
            patient.patient_id, patient.state, "yes" if patient.published_at else "no",
            *(_count(value) for value in
              (patient.legacy_rows, patient.stored_rows, patient.baseline_rows, patient.quarantined_rows)),
            _note(patient),
        )  # fmt: skip
    out.print(listing)
    if runs:
        out.print(_describe(runs[0], holder))


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
