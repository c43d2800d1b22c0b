"""Gene symbols of a database: whether two databases have the same, and where they differ."""

from orchestrator.legacy.survey import Fingerprint, take_fingerprint
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement


def symbol_sum(connection: Connection) -> Fingerprint:
    """Return number and hash sum of the gene symbols in public.genes."""
    return take_fingerprint(connection, statement(__package__, "symbols"))


def gene_symbols(connection: Connection) -> dict[str, str]:
    """Return the symbol of each gene in public.genes, empty where there is none."""
    query = b"select gene_id::text, coalesce(gene_symbol::text, '') from public.genes"
    return {str(gene_id): str(symbol) for gene_id, symbol in connection.execute(query).fetchall()}
