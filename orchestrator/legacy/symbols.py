"""Gene symbols of a database: whether two databases have the same, and where they differ."""

from orchestrator.legacy.survey import Values
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement


def symbol_sum(connection: Connection) -> Values:
    """Return number and hash sum of the gene symbols in public.genes."""
    row = connection.execute(statement(__package__, "symbols")).fetchone()
    assert row is not None  # noqa: S101  # an aggregate has one row
    return Values(rows=int(str(row[0])), hash_sum=str(row[1]))


def gene_symbols(connection: Connection) -> dict[str, str]:
    """Return the symbol of each gene in public.genes, empty where there is none."""
    query = b"select gene_id::text, coalesce(gene_symbol::text, '') from public.genes"
    return {str(gene_id): str(symbol) for gene_id, symbol in connection.execute(query).fetchall()}
