"""`mediabase patient update`."""

from typing import Annotated

import typer

from orchestrator.cli.options import AsJson, Fact, ReadDepth
from orchestrator.cli.output import out, print_json
from orchestrator.cli.patient_look import PatientId
from orchestrator.cli.settings import current
from orchestrator.migration.patient_facts import check_facts, update_facts
from orchestrator.postgres.connection import servers


def update(
    patient_id: PatientId,
    cancer_type: Fact = None,
    cancer_subtype: Fact = None,
    tissue_type: Fact = None,
    sample_type: Fact = None,
    sequencing_platform: Fact = None,
    read_depth_millions: ReadDepth = None,
    normalization_method: Fact = None,
    clinical_notes: Fact = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Remove a fact, such as cancer_type; may be given several times."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is known about a patient. Its values stay as they are, and it does not count as edited.

    The journal keeps which facts were changed, and when, but not what they say.

    Example: mediabase patient update TUMOR-7 --cancer-type "Breast Cancer" --unset clinical_notes
    """
    facts = check_facts({
        "cancer_type": cancer_type, "cancer_subtype": cancer_subtype, "tissue_type": tissue_type,
        "sample_type": sample_type, "sequencing_platform": sequencing_platform,
        "read_depth_millions": read_depth_millions, "normalization_method": normalization_method,
        "clinical_notes": clinical_notes,
    })  # fmt: skip
    with servers(current()) as where:
        changed = update_facts(where.target, patient_id, facts, list(dict.fromkeys(unset or ())))
    if as_json:
        print_json({"patient_id": patient_id, "changed": changed})
        return
    out.print(f"Changed: {', '.join(changed)}." if changed else "That is what it said already; nothing was changed.")
    if {"cancer_type", "cancer_subtype"} & set(changed):
        out.print(f"Whether its biology agrees is for mediabase validate {patient_id} to say.")
