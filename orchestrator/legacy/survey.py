"""What one legacy database holds: its surfaces, how they relate, and how its ids relate to the core's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from psycopg import sql

from orchestrator.errors import PatientError
from orchestrator.legacy.databases import NARROW, WIDE
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.copy import RowStream, Write, read_stream, write_csv
from orchestrator.postgres.statements import statement

LEGACY_FORMAT = "legacy_v0.5.0"
UNIT_SEPARATOR = "\x1f"
"""Between ids in one text, which a server sends five times faster than as many rows."""
EXACT_TYPES = ("double precision", "real")


@dataclass(frozen=True)
class Fingerprint:
    """A set of ids, or of rows with their values, as its size and the sum of its hashes."""

    rows: int
    hash_sum: str

    def __str__(self) -> str:
        """Return it as the journal keeps it."""
        return f"{self.rows}:{self.hash_sum}"


@dataclass(frozen=True)
class Surface:
    """A legacy table that holds fold changes."""

    name: str
    value_type: str
    has_unique_ids: bool
    """Known from an index, without looking at the rows."""


@dataclass(frozen=True)
class CoreIds:
    """The core's transcript ids: always their fingerprint, and the ids themselves when they are asked for."""

    fingerprint: Fingerprint
    load: Callable[[], frozenset[str]]
    named: Callable[[str, str], Mapping[str, Sequence[str]]] = lambda kind, rule: {}
    """Transcripts of genes by a kind of name, as a rule chooses them: migration/matching.py. Only files need that."""


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
    taken_at: datetime
    """When its snapshot was taken."""
    system: str
    """Which server it was read from, by the identifier that a cluster keeps for life."""
    file_format: str = LEGACY_FORMAT
    details: Mapping[str, object] | None = None
    """How a file was read; None for a legacy database."""
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Ids of rows whose disposition is decided before any value is looked at, by disposition."""


Reader = Callable[[Connection, str, list[str]], RowStream]
"""Reads the rows of a surface, given the ids that the core lacks; see `read_rows`."""


def value_tables(connection: Connection) -> list[Surface]:
    """Return the legacy tables that hold fold changes, the wide one first, without a look at their rows.

    Raises PatientError when there is none, and when values are of a type that cannot be moved exactly.
    """
    found = [Surface(*row) for row in connection.execute(statement(__package__, "surfaces")).fetchall()]  # type: ignore[arg-type]
    if not found:
        raise PatientError("MB010", f"Neither {WIDE} nor {NARROW} holds fold changes here.")
    for surface in found:
        if surface.value_type not in EXACT_TYPES:
            value = f"{surface.name}.expression_fold_change is {surface.value_type}"
            raise PatientError("MB011", f"{value}, not double precision.")
    return found


def no_rows(found: list[Surface]) -> PatientError:
    """Return that none of the tables `found` has rows: v0.5.0 has one for every transcript, changed or not."""
    return PatientError("MB014", f"Its {' and '.join(surface.name for surface in found)} have no rows.")


def repeated_ids(connection: Connection, surface: Surface) -> int:
    """Return how many transcript ids of the surface are repeated or null; 0 without a look where an index says so."""
    if surface.has_unique_ids:
        return 0
    query = statement(__package__, "repeated_ids").format(surface=sql.Identifier(surface.name))
    (repeated,) = connection.execute(query).fetchone() or (0,)
    return int(str(repeated))


def refuse_repeated_ids(surface: str, repeated: int) -> None:
    """Raise PatientError when ids of a surface are repeated."""
    if repeated:
        raise PatientError("MB012", f"{repeated} transcript ids in {surface} are repeated or null.")


def take_fingerprint(connection: Connection, query: sql.SQL | sql.Composed) -> Fingerprint:
    """Return what `query`, an aggregate for (rows, hash_sum), finds."""
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101  # an aggregate has one row
    return Fingerprint(rows=int(str(row[0])), hash_sum=str(row[1]))


def fingerprint(connection: Connection, table: str) -> Fingerprint:
    """Return the fingerprint of the transcript ids in public.`table`."""
    query = statement(__package__, "fingerprint").format(table=sql.Identifier(table))
    return take_fingerprint(connection, query)


def transcript_ids(connection: Connection, table: str) -> list[str]:
    """Return all transcript ids of public.`table`."""
    query = sql.SQL("select string_agg(transcript_id::text, %s), count(transcript_id) from public.{}")
    joined, count = connection.execute(query.format(sql.Identifier(table)), [UNIT_SEPARATOR]).fetchone() or (None, 0)
    ids = str(joined).split(UNIT_SEPARATOR) if joined is not None else []
    if len(ids) == count:
        return ids
    rows = connection.execute(sql.SQL("select transcript_id::text from public.{}").format(sql.Identifier(table)))
    return [str(row[0]) for row in rows]


def compare_ids(connection: Connection, surface: str, core: CoreIds) -> Ids:
    """Compare the surface's ids with the core's; the ids are read only when the fingerprints differ."""
    found = fingerprint(connection, surface)
    if found == core.fingerprint:
        return Ids(rows=found.rows, unknown=[], missing=0)
    core_ids = core.load()
    unknown = [name for name in transcript_ids(connection, surface) if name not in core_ids]
    return Ids(rows=found.rows, unknown=unknown, missing=len(core_ids) - (found.rows - len(unknown)))


def read_rows(connection: Connection, surface: str, unknown: list[str], write: Write | None = None) -> RowStream:
    """Stream the rows that are not at baseline, ordered by id; hand each block of the stream to `write`."""
    return read_stream(connection, _rows(surface, unknown), [unknown] if unknown else None, write)


def write_rows(connection: Connection, surface: str, unknown: list[str], write: Write) -> None:
    """Write the rows that `read_rows` streams as CSV; see `write_csv`."""
    write_csv(connection, _rows(surface, unknown), [unknown] if unknown else None, write)


def changed_rows(connection: Connection, rows: sql.Composable) -> Fingerprint:
    """Return number and hash of `rows`, a query for (transcript_id, expression_fold_change)."""
    return take_fingerprint(connection, statement(__package__, "hash_sum").format(rows=rows))


def _rows(surface: str, unknown: list[str]) -> sql.Composed:
    or_unknown = sql.SQL("or transcript_id::text in (select unnest(%s::text[]))" if unknown else "")
    return statement(__package__, "rows").format(surface=sql.Identifier(surface), or_unknown=or_unknown)


def survey(connection: Connection, core: CoreIds, believe: str | None = None, read: Reader = read_rows) -> Survey:
    """Read the legacy tables, and decide which one holds the values.

    `read` is called on the wide one, and again if the narrow one is taken instead. Raises PatientError when a
    table cannot be taken as it is, or when both disagree and `believe` does not name one of them.
    """
    found = value_tables(connection)
    first, ids = _first_with_rows(connection, found, core)
    stream = read(connection, first.name, ids.unknown)
    surface_class = _compare_surfaces(connection, first.name, first is not found[-1], ids, stream)
    surface = choose_surface(surface_class, first.name, believe)
    if surface != first.name:
        ids = _take_ids(connection, found[-1], core)
        stream = read(connection, surface, ids.unknown)
    query = b"select now(), system_identifier::text from pg_control_system()"
    taken_at, system = connection.execute(query).fetchone() or (None, "")
    return Survey(surface, surface_class, ids, stream, cast(datetime, taken_at), str(system))


def _first_with_rows(connection: Connection, found: list[Surface], core: CoreIds) -> tuple[Surface, Ids]:
    """Return the first of the tables that has rows, with its ids, which are counted anyway."""
    for surface in found:
        ids = _take_ids(connection, surface, core)
        if ids.rows:
            return surface, ids
    raise no_rows(found)


def _take_ids(connection: Connection, surface: Surface, core: CoreIds) -> Ids:
    """Compare a surface's ids with the core's; raises PatientError when some are repeated."""
    refuse_repeated_ids(surface.name, repeated_ids(connection, surface))
    return compare_ids(connection, surface.name, core)


def _compare_surfaces(connection: Connection, first: str, has_second: bool, ids: Ids, stream: RowStream) -> str:
    """Classify by the rows that are not at 1.0; those of the first surface were read just now."""
    changed = Fingerprint(stream.rows, str(stream.hash_sum))
    if ids.unknown:  # among their rows are some at 1.0
        changed = changed_rows(connection, _rows(first, []))
    if not has_second:
        return classify(changed, None) if first == WIDE else classify(None, changed)
    return classify(changed, changed_rows(connection, _rows(NARROW, [])))


def classify(wide: Fingerprint | None, narrow: Fingerprint | None) -> str:
    """Name how the surfaces relate by their rows not at 1.0; None stands for no such table, or no rows."""
    in_wide = wide.rows if wide else 0
    in_narrow = narrow.rows if narrow else 0
    if not in_wide and not in_narrow:
        return "all-baseline"
    if not in_narrow:
        return "table-only"
    if not in_wide:
        return "transcripts-only"
    return "agree" if wide == narrow else "disagree"


def choose_surface(surface_class: str, first: str, believe: str | None) -> str:
    """Return the surface to take; raises PatientError when both disagree and `believe` does not name one of them."""
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
