"""The legacy rows that v0.6.0 keeps, as a query, with what must become of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from orchestrator.errors import MediabaseError
from orchestrator.legacy.survey import CoreIds, Ids, compare_ids, value_tables
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement


@dataclass(frozen=True)
class Kept:
    """The rows of a surface that are not at baseline, or that no migration would take as they are."""

    ids: Ids
    has_unique_ids: bool
    """Known from an index; without one, rows of repeated and null ids are among the rows, whatever their value."""
    query: sql.Composed
    """Selects transcript_id, expression_fold_change and disposition."""
    parameters: Mapping[str, object]


def kept_rows(connection: Connection, surface: str, core: CoreIds) -> Kept:
    """Return the rows of `surface` that v0.6.0 keeps; raises MediabaseError when it is there no longer.

    Raises what `value_tables` raises. Ids are read only where they differ from the core's.
    """
    found = {table.name: table for table in value_tables(connection)}
    if surface not in found:
        raise MediabaseError(f"Its legacy table {surface}, from which it was migrated, holds no fold changes now.")
    ids = compare_ids(connection, surface, core)
    name = sql.Identifier(surface)
    of_ids = "transcript_id::text in (select unnest(%(unknown_ids)s::text []))"
    repeated = (
        "transcript_id is null "
        "or transcript_id in (select transcript_id from public.{} group by transcript_id having count(*) > 1)"
    )
    query = statement(__package__, "kept_rows").format(
        surface=name,
        is_unknown=sql.SQL(of_ids if ids.unknown else "false"),
        is_repeated=sql.SQL("false") if found[surface].has_unique_ids else sql.SQL(repeated).format(name),
    )
    parameters = {"unknown_ids": ids.unknown} if ids.unknown else {}
    return Kept(ids, found[surface].has_unique_ids, query, parameters)


def values(connection: Connection, surface: str, ids: Sequence[str]) -> dict[str, float | None]:
    """Return the values that the surface has for some transcripts, without those that it lacks."""
    query = statement(__package__, "values").format(surface=sql.Identifier(surface))
    rows = connection.execute(query, {"ids": list(ids)}).fetchall()
    return {str(transcript_id): value for transcript_id, value in rows}  # type: ignore[misc]
