"""How large a patient's schema is: a line in the rows that it keeps.

Constant and slope follow from how PostgreSQL stores rows. Both were measured (PostgreSQL 18, ids of 15 characters) on
real patients of 3,171 to 112,574 stored rows, where the line was off by 0.5 % at most.
"""

SCHEMA_BYTES = 155_000
"""A patient schema before its first row counts: metadata (49,152), empty quarantine (16,384), the free space map
of expression_data (24,576), first and half-filled last pages of it and its three indexes."""
ROW_BYTES = 129.3
"""A stored row: 68 in the table, 32 in its key, 22 and 7 in the indexes on value and time. A rebuild, which deletes
before it inserts, doubles it until vacuumed."""
QUARANTINED_ROW_BYTES = 149.7
"""A quarantined row and its key; measured on 128,886 of them."""
EMPTY_BYTES = 90_112
"""A patient schema without any row: metadata, empty quarantine and three empty indexes."""


def kept_rows(stored: int, quarantined: int) -> float:
    """Return the rows of a patient schema, where one in quarantine counts by its bytes: for a little more."""
    return stored + quarantined * QUARANTINED_ROW_BYTES / ROW_BYTES


def schema_bytes(stored: int, quarantined: int, constant: float = SCHEMA_BYTES, slope: float = ROW_BYTES) -> int:
    """Return the bytes of a patient schema with so many rows, by the line that was measured or by another."""
    rows = kept_rows(stored, quarantined)
    return round(constant + slope * rows) if rows else EMPTY_BYTES
