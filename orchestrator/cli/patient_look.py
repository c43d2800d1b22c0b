"""`mediabase patient list` and `mediabase patient show`."""

from dataclasses import asdict
from typing import Annotated

import typer

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, table
from orchestrator.cli.settings import current
from orchestrator.migration import patients
from orchestrator.migration.manifest import COLUMNS
from orchestrator.migration.patients import Details, Listed
from orchestrator.postgres.connection import connect, read_only, servers
from orchestrator.wording import counts, size

PatientId = Annotated[str, typer.Argument(metavar="ID", help="A patient that the journal knows.")]


def list_patients(as_json: AsJson = False) -> None:
    """List the patients of the journal: where each came from, what it is, how large, and since when it can be read.

    Example: mediabase patient list
    """
    with servers(current()) as where, connect(read_only(where).target, autocommit=True) as target:
        found = patients.list_patients(target)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    listing = table("Patients", "patient", "from", "format", "cancer", "#stored", "#baseline", "#quarantined", "#size",
                    "published")  # fmt: skip
    for each in found:
        listing.add_row(
            each.patient_id, each.source, each.file_format or "", _cancer(each),
            *(_count(rows) for rows in (each.stored_rows, each.baseline_rows, each.quarantined_rows)),
            "" if each.schema_bytes is None else size(each.schema_bytes),
            f"{each.published_at:%Y-%m-%d %H:%M}" if each.published_at else f"no ({each.state})",
        )  # fmt: skip
    out.print(listing if found else "There is no patient.")


def show_patient(patient_id: PatientId, as_json: AsJson = False) -> None:
    """Show what is known about a patient, but for its values: facts, counts, how it was read, its last verdict.

    Example: mediabase patient show TUMOR-7
    """
    with servers(current()) as where, connect(read_only(where).target, autocommit=True) as target:
        found = patients.details(target, patient_id)
    if as_json:
        print_json(asdict(found))
        return
    listing = table(patient_id, "what", "note")
    for what, note in (*_journal(found), *_metadata(found), ("validation", _verdict(found))):
        if note:
            listing.add_row(what, note)
    out.print(listing)


def _journal(found: Details) -> list[tuple[str, str]]:
    known = found.journal
    return [
        ("state", known.state),
        ("problem", known.problem),
        ("from", known.source_database),
        ("schema", known.schema_name),
        ("size", size(found.schema_bytes) if found.schema_bytes else ""),
        ("published", f"{known.published_at:%Y-%m-%d %H:%M}" if known.published_at else "no"),
        ("rows that it came with", _count(known.legacy_rows)),
        ("stored", _count(known.stored_rows)),
        ("at baseline", _count(known.baseline_rows)),
        ("in quarantine", _count(known.quarantined_rows)),
        ("why there", counts(known.quarantine_reasons or {})),
    ]


def _metadata(found: Details) -> list[tuple[str, str]]:
    row = dict(found.metadata or {})
    details = row.pop("metadata_json", None)
    facts = [(name, "" if row.get(name) is None else str(row[name])) for name in ("file_format", *COLUMNS[1:])]
    read = [(name, str(value)) for name, value in details.items() if value] if isinstance(details, dict) else []
    return [*facts, *((f"read: {name}", value) for name, value in read)]


def _verdict(found: Details) -> str:
    verdict = found.validation
    if verdict is None:
        return "none yet"
    result = "passed" if verdict["is_passed"] else f"failed: {_names(verdict['failures'])}"
    noted = _names(verdict["notes"])
    return f"{result}, {verdict['checked_at']:%Y-%m-%d %H:%M}" + (f"; noted: {noted}" if noted else "")


def _names(findings: object) -> str:
    found = findings if isinstance(findings, list) else []
    return ", ".join(f"{each['check']} {each['name']}" for each in found)


def _cancer(each: Listed) -> str:
    return "; ".join(filter(None, (each.cancer_type, each.cancer_subtype)))


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
