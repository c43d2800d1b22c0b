"""What must hold for a query's results in v0.5.0 and v0.6.0 to be the same; and which difference what explains."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import sql

from orchestrator.errors import MediabaseError
from orchestrator.journal import Patient
from orchestrator.legacy.databases import NARROW, WIDE
from orchestrator.legacy.survey import CoreIds, Ids, compare_ids, fingerprint, read_rows, transcript_ids
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.copy import read_stream
from orchestrator.postgres.failures import describe_failure
from orchestrator.postgres.statements import statement
from orchestrator.postgres.tables import TableDigest, digests, pin, tables
from orchestrator.wording import counts

_TIMEOUT = "it takes too long to look at (--timeout)"
_CHANGED = "changed since they were migrated (mediabase parity)"
ORDER = "the order of rows"
"""What other rules for sorting text explain, beside tables."""


@dataclass(frozen=True)
class Check:
    """One precondition."""

    name: str
    is_met: bool | None
    """None where it could not be looked at; such a one explains nothing."""
    message: str
    explains: frozenset[str]
    """Tables whose queries may differ where it is not met, or ORDER."""


@dataclass(frozen=True)
class Sides:
    """Both databases of a patient, each in a transaction that sees one snapshot."""

    old: Connection
    """The legacy database."""
    new: Connection


_Seen = tuple[bool, str]
"""Whether a precondition holds, and what was seen."""


def audit(sides: Sides, patient: Patient, tables_read: Collection[str]) -> list[Check]:
    """Look at the preconditions of queries that read some tables."""
    looks: list[tuple[str, set[str], Callable[[], _Seen]]] = [
        ("legacy rows", {WIDE, NARROW}, partial(_legacy_rows, sides, patient)),
        ("v0.6.0 rows", {WIDE}, partial(_current_rows, sides, patient)),
        ("surface", {WIDE}, partial(_surface, patient)),
        ("quarantined rows", {WIDE}, partial(_quarantined, patient)),
        ("extra core transcripts", {WIDE}, partial(_extra_transcripts, sides)),
        ("core columns", {WIDE}, partial(_core_columns, sides)),
        ("sorting", {ORDER}, partial(_sorting, sides)),
    ]
    looks += [(f"table {name}", {name}, partial(_table, sides, name)) for name in sorted(set(tables_read) - {WIDE})]
    return [_check(sides, name, frozenset(explains), look) for name, explains, look in looks]


def explaining(checks: Collection[Check], touched: Collection[str]) -> list[Check]:
    """Return those of the checks that explain a difference in a query that reads these tables, or in its order."""
    return [each for each in checks if each.is_met is False and not each.explains.isdisjoint(touched)]


def _check(sides: Sides, name: str, explains: frozenset[str], look: Callable[[], _Seen]) -> Check:
    try:
        with sides.old.transaction(force_rollback=True), sides.new.transaction(force_rollback=True):
            return Check(name, *look(), explains)
    except psycopg.errors.QueryCanceled:
        return Check(name, None, _TIMEOUT, explains)
    except (MediabaseError, psycopg.Error) as error:
        if isinstance(error, psycopg.Error) and error.sqlstate is None:
            raise
        return Check(name, None, describe_failure(error)[1], explains)


def _ids(sides: Sides, surface: str) -> Ids:
    core = CoreIds(fingerprint(sides.new, NARROW), lambda: frozenset(transcript_ids(sides.new, NARROW)))
    return compare_ids(sides.old, surface, core)


def _legacy_rows(sides: Sides, patient: Patient) -> _Seen:
    surface = str(patient.surface)
    ids = _ids(sides, surface)
    digest = read_rows(sides.old, surface, ids.unknown).digest
    is_met = (digest, ids.rows) == (patient.legacy_digest, patient.legacy_rows)
    return is_met, f"{ids.rows:,} rows, as migrated" if is_met else _CHANGED


def _current_rows(sides: Sides, patient: Patient) -> _Seen:
    rows = statement(__package__, "audit_current").format(schema=sql.Identifier(patient.schema_name))
    found = read_stream(sides.new, rows)
    is_met = found.digest == (patient.current_digest or patient.legacy_digest)
    return is_met, f"{found.rows:,} rows, as migrated" if is_met else _CHANGED


def _surface(patient: Patient) -> _Seen:
    is_met = patient.surface == WIDE
    return is_met, f"values come from {patient.surface}" + ("" if is_met else f", not from {WIDE}")


def _quarantined(patient: Patient) -> _Seen:
    rows = patient.quarantined_rows or 0
    return not rows, f"{rows:,} ({counts(patient.quarantine_reasons or {})})" if rows else "none"


def _extra_transcripts(sides: Sides) -> _Seen:
    missing = _ids(sides, WIDE).missing
    return not missing, f"{missing:,} that v0.5.0 does not have; v0.6.0 reads 1.0" if missing else "none"


def _core_columns(sides: Sides) -> _Seen:
    old = _columns(sides.old, sql.SQL("table public.{}").format(sql.Identifier(WIDE)))
    new = _columns(sides.new, statement(__package__, "audit_columns_current"))
    differing = sum(old[transcript_id] != columns for transcript_id, columns in new.items() if transcript_id in old)
    other = f"{differing:,} transcripts have another gene, symbol, gene type or chromosome in v0.6.0"
    return not differing, other if differing else "the same"


def _columns(connection: Connection, rows: sql.Composable) -> dict[str, str]:
    query = statement(__package__, "audit_columns").format(rows=rows)
    return {str(transcript_id): str(columns) for transcript_id, columns in connection.execute(query).fetchall()}


def _sorting(sides: Sides) -> _Seen:
    old, new = (_sorted_by(each) for each in (sides.old, sides.new))
    return old == new, "the same" if old == new else f"text is sorted by {old} in v0.5.0, by {new} in v0.6.0"


def _sorted_by(connection: Connection) -> str:
    row = connection.execute(statement(__package__, "audit_sorting")).fetchone()
    return str(row[0]) if row else ""


def _table(sides: Sides, name: str) -> _Seen:
    old, new = (_digest(each, name) for each in (sides.old, sides.new))
    if old is None or new is None:
        return False, f"only v0.{6 if old is None else 5}.0 has this table"
    if (old.rows, old.rest or old.digest) == (new.rows, new.rest or new.digest):
        return True, "the same"
    other = "other rows" if old.rows != new.rows else "as many rows, with other values"
    return False, f"{other}: {old.rows:,} in v0.5.0, {new.rows:,} in v0.6.0"


def _digest(connection: Connection, name: str) -> TableDigest | None:
    found = [each for each in tables(connection) if each.name == name]
    if not found:
        return None
    pin(connection, found)
    return digests(connection, found, lambda _: None)[0]
