"""What one legacy database holds: its surfaces, how they relate, and how its ids relate to the core's."""

from collections.abc import Callable
from dataclasses import dataclass

from psycopg import sql

from orchestrator.errors import PatientError
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.copy import RowStream, read_stream
from orchestrator.postgres.statements import statement

WIDE = "cancer_transcript_base"
NARROW = "transcripts"
EXACT_TYPES = ("double precision", "real")


@dataclass(frozen=True)
class Fingerprint:
    """A set of transcript ids, as its size and the sum of its hashes."""

    rows: int
    hash_sum: str


@dataclass(frozen=True)
class CoreIds:
    """The core's transcript ids: always their fingerprint, and the ids themselves when they are asked for."""

    fingerprint: Fingerprint
    load: Callable[[], frozenset[str]]


@dataclass(frozen=True)
class Ids:
    """How the ids of one surface relate to the core's."""

    rows: int
    unknown: list[str]
    """Ids that the core lacks, in no order."""
    missing: int
    """Core transcripts that the legacy database lacks."""


@dataclass(frozen=True)
class Survey:
    """What a migration takes from one legacy database."""

    surface: str
    surface_class: str
    ids: Ids
    stream: RowStream


Reader = Callable[[Connection, str, list[str]], RowStream]
"""Reads the rows of a surface, given the ids that the core lacks; see `read_rows`."""


def surfaces(connection: Connection) -> list[str]:
    """Return the legacy tables that hold fold changes, the wide one first.

    Raises PatientError when there is none, when values are of a type that cannot be moved exactly, or when
    ids repeat or are null.
    """
    found = connection.execute(statement(__package__, "surfaces")).fetchall()
    if not found:
        raise PatientError("MB010", "Neither cancer_transcript_base nor transcripts holds fold changes here.")
    for name, value_type, has_unique_ids in found:
        if value_type not in EXACT_TYPES:
            raise PatientError(
                "MB011", f"{name}.expression_fold_change is {value_type}, not double precision."
            )
        if not has_unique_ids:
            _refuse_repeated_ids(connection, str(name))
    return [str(name) for name, _, _ in found]


def _refuse_repeated_ids(connection: Connection, surface: str) -> None:
    query = statement(__package__, "repeated_ids").format(surface=sql.Identifier(surface))
    (repeated,) = connection.execute(query).fetchone() or (0,)
    if repeated:
        raise PatientError("MB012", f"{repeated} transcript ids in {surface} are repeated or null.")


def fingerprint(connection: Connection, table: str) -> Fingerprint:
    """Return the fingerprint of the transcript ids in public.`table`."""
    query = statement(__package__, "fingerprint").format(table=sql.Identifier(table))
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101  # an aggregate has one row
    return Fingerprint(rows=int(str(row[0])), hash_sum=str(row[1]))


def transcript_ids(connection: Connection, table: str) -> list[str]:
    """Return all transcript ids of public.`table`."""
    query = sql.SQL("copy (select transcript_id::text from public.{}) to stdout").format(
        sql.Identifier(table)
    )
    with connection.cursor().copy(query) as copy:
        return [str(row[0]) for row in copy.rows()]


def compare_ids(connection: Connection, surface: str, core: CoreIds) -> Ids:
    """Compare the surface's ids with the core's; the ids are read only when the fingerprints differ."""
    found = fingerprint(connection, surface)
    if found == core.fingerprint:
        return Ids(rows=found.rows, unknown=[], missing=0)
    core_ids = core.load()
    unknown = [name for name in transcript_ids(connection, surface) if name not in core_ids]
    return Ids(rows=found.rows, unknown=unknown, missing=len(core_ids) - (found.rows - len(unknown)))


def read_rows(
    connection: Connection, surface: str, unknown: list[str], write: Callable[[bytes], None] | None = None
) -> RowStream:
    """Stream the rows that are not at baseline, ordered by id; hand each block of the stream to `write`."""
    in_order = sql.SQL('{} order by transcript_id::text collate "C"').format(_rows(surface, unknown))
    return read_stream(connection, in_order, [unknown] if unknown else None, write)


def hash_sum(connection: Connection, rows: sql.Composable, unknown: list[str] | None = None) -> str:
    """Return the sum of the hashes of `rows`, a query for (transcript_id, expression_fold_change)."""
    query = statement(__package__, "hash_sum").format(rows=rows)
    row = connection.execute(query, [unknown] if unknown else None).fetchone()
    return str(row[0]) if row else ""


def _rows(surface: str, unknown: list[str]) -> sql.Composed:
    or_unknown = sql.SQL("or transcript_id::text in (select unnest(%s::text[]))" if unknown else "")
    return statement(__package__, "rows").format(surface=sql.Identifier(surface), or_unknown=or_unknown)


def survey(
    connection: Connection, core: CoreIds, believe: str | None = None, read: Reader = read_rows
) -> Survey:
    """Read both surfaces, and decide which one holds the values.

    `read` is called on the wide surface, and again if the narrow one is taken instead. Raises PatientError
    when the surfaces disagree and `believe` does not name one of them.
    """
    first, *rest = surfaces(connection)
    ids = compare_ids(connection, first, core)
    stream = read(connection, first, ids.unknown)
    second = _second_surface(connection, ids.unknown, stream) if rest else None
    surface_class = classify(stream, second, ids.rows) if first == WIDE else classify(None, stream, ids.rows)
    surface = _choose(surface_class, first, believe)
    if surface != first:
        ids = compare_ids(connection, surface, core)
        stream = read(connection, surface, ids.unknown)
    return Survey(surface, surface_class, ids, stream)


def _second_surface(connection: Connection, unknown: list[str], first: RowStream) -> RowStream:
    """Return the narrow surface's rows; those of the first surface when the hashes say they are the same."""
    if first.hash_sum and first.hash_sum == hash_sum(connection, _rows(NARROW, unknown), unknown):
        return first
    return read_rows(connection, NARROW, unknown)


def _choose(surface_class: str, first: str, believe: str | None) -> str:
    if surface_class == "transcripts-only":
        return NARROW
    if surface_class != "disagree":
        return first
    if believe is None:
        raise PatientError(
            "MB013",
            f"Its fold changes in {WIDE} and in {NARROW} disagree: "
            f"say which to believe with --surface {WIDE} or --surface {NARROW}.",
        )
    return believe


def classify(wide: RowStream | None, narrow: RowStream | None, legacy_rows: int) -> str:
    """Name how the surfaces relate (DESIGN's classes); None stands for a surface that does not exist."""
    in_wide = wide.rows if wide else 0
    in_narrow = narrow.rows if narrow else 0
    if legacy_rows == 0:
        return "empty"
    if not in_wide and not in_narrow:
        return "all-baseline"
    if not in_narrow:
        return "table-only"
    if not in_wide:
        return "transcripts-only"
    assert wide and narrow  # noqa: S101  # both have rows
    return "agree" if wide.digest == narrow.digest else "disagree"


def dispositions(connection: Connection, surface: str, unknown: list[str]) -> dict[str, int]:
    """Count the rows of `surface` by the disposition that a migration would give them."""
    query = statement(__package__, "dispositions").format(surface=sql.Identifier(surface))
    rows = connection.execute(query, {"unknown_ids": unknown}).fetchall()
    return {str(name): int(str(count)) for name, count in rows}
