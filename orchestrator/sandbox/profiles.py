"""What the panel's genes are like in a kind of tumour: profiles, each with a signature."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.sandbox.panel import read
from orchestrator.sandbox.rows import Bounds


@dataclass(frozen=True)
class Profile:
    """A kind of tumour, the genes that mark it, and what the metadata of such a patient says."""

    name: str
    demo_patient: str
    """The patient of the default sandbox that has it; empty: none."""
    facts: Mapping[str, str]
    """Columns of a manifest: cancer_type, cancer_subtype, tissue_type."""
    signature: Mapping[str, Bounds]
    """By gene symbol."""


def profiles() -> dict[str, Profile]:
    """Return all profiles by name, in the order of profiles.csv."""
    signatures: dict[str, dict[str, Bounds]] = {}
    for row in read("signatures"):
        bounds = float(row["lowest"]), float(row["highest"])
        signatures.setdefault(row["profile"], {})[row["gene_symbol"]] = bounds
    made = {}
    for row in read("profiles"):
        name, demo_patient = row.pop("profile"), row.pop("demo_patient")
        made[name] = Profile(name, demo_patient, row, signatures.get(name, {}))
    return made
