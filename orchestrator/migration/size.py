"""How large a patient's schema becomes. The figures were measured; benchmarks/size.py measures them again."""

EMPTY_SCHEMA_BYTES = 138_000
"""Tables and indexes of a patient schema without the pages that grow with its rows."""
STORED_ROW_BYTES = 130
"""A row of expression_data and its entries in three indexes, as a build writes them."""
QUARANTINED_ROW_BYTES = 110
"""A row of quarantined_expression."""


def schema_bytes(stored: int, quarantined: int) -> int:
    """Return the predicted size in bytes of a patient schema with so many rows."""
    return EMPTY_SCHEMA_BYTES + STORED_ROW_BYTES * stored + QUARANTINED_ROW_BYTES * quarantined
