"""Queries that run as they are: the guide's four types, the two ways to read a patient, and two patients."""

from psycopg import sql

from orchestrator.context.facts import Example
from orchestrator.postgres.statements import statement

OTHER_SCHEMA = "patient_other"
"""Stands for the schema of a second patient; whose it is depends on what the login may read."""

EXAMPLES = (
    ("named_genes", "Fold changes of some genes, baseline included",
     "LEFT JOIN and COALESCE, because 1.0 belongs into the result. A reason says that the value is in quarantine."),
    ("overexpressed_genes", "Overexpressed genes", "1.0 is not above 2.0: only stored rows are read, by their index."),
    ("drug_targets", "Targets of approved drugs that are overexpressed",
     "A drug is listed once for each of its indications, hence DISTINCT."),
    ("suppressor_loss", "Tumour suppressors that are lost", "How much of 1.0 is missing, in percent."),
    ("pathways", "Pathways by their overexpressed genes", "Each gene counts once, however many transcripts it has."),
    ("view", "SQL of v0.5.0", "By the compatibility view; with search_path set, its name alone is enough."),
    ("two_patients", "Genes of two patients side by side",
     f"Put the other patient's schema in place of {OTHER_SCHEMA}. It takes a login that may read both."),
)  # fmt: skip
"""Name of the file, title, note."""


def examples(schema: str) -> tuple[Example, ...]:
    """Return the examples for the patient with this schema."""
    names = {"schema": sql.Identifier(schema), "other": sql.Identifier(OTHER_SCHEMA)}
    return tuple(
        Example(name, title, note, statement(__package__, name).format(**names).as_string().strip())
        for name, title, note in EXAMPLES
    )
