"""A MEDIABASE v0.5.0 server to try things on: generated, or built from CSV files."""

from orchestrator.sandbox.lifecycle import DatabaseFacts, Removed, Report, Step, down, up
from orchestrator.sandbox.spec import FromFiles, Generated, SandboxSpec

__all__ = [
    "DatabaseFacts",
    "FromFiles",
    "Generated",
    "Removed",
    "Report",
    "SandboxSpec",
    "Step",
    "down",
    "up",
]
