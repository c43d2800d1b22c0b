"""One look at a legacy database: what a migration would make of it, from one scan of each of its tables."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from orchestrator.legacy.databases import NARROW, WIDE
from orchestrator.legacy.survey import (
    CoreIds,
    Fingerprint,
    Surface,
    choose_surface,
    classify,
    no_rows,
    refuse_repeated_ids,
    repeated_ids,
    transcript_ids,
    value_tables,
)
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

BASELINE, STORED, ORPHAN = "baseline", "stored", "orphan"
KEPT = (STORED, BASELINE)
"""Dispositions of rows that are not in quarantine."""


@dataclass(frozen=True)
class Catalog:
    """What the catalog of a legacy database tells."""

    objects: list[str]
    """Kind and name of everything in it that somebody made, the tables of v0.5.0 included."""
    without_key: list[str]
    """Tables without a primary key."""
    autoanalyzed_at: datetime | None
    """When the server last found that enough had been written to look at it again."""
    counted_writes: int
    """Rows inserted, updated or deleted since the statistics were last reset."""
    with_commit_times: list[str]
    """Tables of public for whose rows the server keeps when they were written."""
    keeps_update_times: bool
    has_symbols: bool


@dataclass(frozen=True)
class SurfaceProfile:
    """A legacy table that holds fold changes, counted."""

    name: str
    by_value: Counter[str]
    """Rows by disposition, as if the core had every id."""
    ids: Fingerprint
    changed: Fingerprint
    """The rows that are not at 1.0."""
    repeated_ids: int
    written_at: datetime | None
    """The latest time of a write that its rows tell."""


@dataclass(frozen=True)
class Prediction:
    """What a migration would make of a surface's rows."""

    surface: str
    dispositions: dict[str, int]
    unknown: int
    """Rows whose ids the core lacks, whatever their disposition."""
    missing: int
    """Core transcripts that the legacy database lacks."""

    @property
    def rows(self) -> int:
        """Return the number of legacy rows."""
        return sum(self.dispositions.values())

    @property
    def reasons(self) -> dict[str, int]:
        """Return the rows in quarantine, by reason."""
        return {name: count for name, count in self.dispositions.items() if name not in KEPT}


def read_catalog(connection: Connection) -> Catalog:
    """Return what the catalog of this database tells."""
    with connection.cursor(row_factory=class_row(Catalog)) as cursor:
        row = cursor.execute(statement(__package__, "catalog"), ()).fetchone()
    assert row is not None  # noqa: S101  # a select without from has one row
    return row


def profile_surfaces(connection: Connection, catalog: Catalog | None = None) -> list[SurfaceProfile]:
    """Count each legacy table that holds fold changes, the wide one first.

    With a `catalog` also look for the latest write. Raises what `value_tables` raises, and PatientError when none has
    rows.
    """
    found = value_tables(connection)
    profiles = [_profile_surface(connection, surface, catalog) for surface in found]
    filled = [profile for profile in profiles if profile.ids.rows]
    if not filled:
        raise no_rows(found)
    return filled


def _profile_surface(connection: Connection, surface: Surface, catalog: Catalog | None) -> SurfaceProfile:
    query = statement(__package__, "profile").format(
        surface=sql.Identifier(surface.name), written_at=_written_at(surface, catalog)
    )
    found = connection.execute(query).fetchall()
    by_value = Counter({str(name): int(str(rows)) for name, rows, *_ in found})
    changed = by_value.total() - by_value[BASELINE]
    times = [time for *_, time in found if isinstance(time, datetime)]
    return SurfaceProfile(
        name=surface.name,
        by_value=by_value,
        ids=Fingerprint(by_value.total(), str(sum(int(str(ids or 0)) for _, _, ids, _, _ in found))),
        changed=Fingerprint(changed, str(sum(int(str(hashes)) for _, _, _, hashes, _ in found))),
        repeated_ids=repeated_ids(connection, surface),
        written_at=max(times, default=None),
    )


def _written_at(surface: Surface, catalog: Catalog | None) -> sql.SQL:
    """Return the expression for when a row was written, as far as this server keeps it."""
    if catalog and surface.name in catalog.with_commit_times:
        return sql.SQL("pg_catalog.pg_xact_commit_timestamp(xmin)")
    if catalog and catalog.keeps_update_times and surface.name == NARROW:
        return sql.SQL("updated_at::timestamptz")
    return sql.SQL("null::timestamptz")


def predict(connection: Connection, core: CoreIds, believe: str | None) -> Prediction:
    """Return what a migration would make of this database's rows.

    Raises PatientError in the cases in which an export does.
    """
    profiles = profile_surfaces(connection)
    return predict_rows(connection, core, chosen_surface(profiles, believe))


def chosen_surface(profiles: list[SurfaceProfile], believe: str | None) -> SurfaceProfile:
    """Return the surface that an export would take; raises PatientError when it would take none."""
    by_name = {profile.name: profile for profile in profiles}
    first = profiles[0]
    refuse_repeated_ids(first.name, first.repeated_ids)
    chosen = by_name[choose_surface(surface_class(profiles), first.name, believe)]
    refuse_repeated_ids(chosen.name, chosen.repeated_ids)
    return chosen


def surface_class(profiles: list[SurfaceProfile]) -> str:
    """Name how the surfaces of a database relate (see `survey.classify`)."""
    changed = {profile.name: profile.changed for profile in profiles}
    return classify(changed.get(WIDE), changed.get(NARROW))


def predict_rows(connection: Connection, core: CoreIds, surface: SurfaceProfile) -> Prediction:
    """Return what a migration would make of a surface's rows; ids are read only where they differ from the core's."""
    if surface.ids == core.fingerprint:
        return Prediction(surface.name, dict(surface.by_value), unknown=0, missing=0)
    core_ids = core.load()
    unknown = [name for name in transcript_ids(connection, surface.name) if name not in core_ids]
    query = statement(__package__, "unknown_rows").format(surface=sql.Identifier(surface.name))
    orphans = {str(name): int(str(n)) for name, n in connection.execute(query, {"unknown_ids": unknown}).fetchall()}
    dispositions = Counter(surface.by_value)
    dispositions.subtract(orphans)
    dispositions[ORPHAN] = sum(orphans.values())
    return Prediction(
        surface=surface.name,
        dispositions={name: count for name, count in dispositions.items() if count},
        unknown=len(unknown),
        missing=len(core_ids) - (surface.ids.rows - len(unknown)),
    )
