"""Cores of backups, restored on the scratch server: thin archives are made of, and restored with, their rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from weakref import WeakSet

from psycopg import sql

from orchestrator.backup.contents import difference, pinned
from orchestrator.backup.folders import backup_folders
from orchestrator.backup.manifest import DUMP, ROLES, Manifest, read_manifest
from orchestrator.backup.roles import create_roles
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import connect
from orchestrator.postgres.dump import create_database
from orchestrator.postgres.dump_file import Destination, examine_file, restore_file
from orchestrator.postgres.embedded import bundled_programs
from orchestrator.postgres.statements import statement
from orchestrator.postgres.tables import Relation, TableDigest, pin, tables

OWN = "mediabase_thin"
"""Schema, in a restored core, of what was worked out from it."""
DIGITS = 12
"""Of a core's digest in the name of its database on the scratch server."""


@dataclass(frozen=True)
class CoreCopy:
    """A core as a backup has it, restored and compared; `tables` by schema and name."""

    dsn: str = field(repr=False)
    database: str
    digest: str
    folder: Path
    manifest: Manifest
    tables: dict[tuple[str, str], Relation]

    @property
    def digests(self) -> dict[tuple[str, str], TableDigest]:
        """Return the digests of its tables, by schema and name."""
        return {(each.schema, each.table): each for each in self.manifest.contents.tables}


def core_backups(backups: Path) -> dict[str, tuple[Path, Manifest]]:
    """Return the backups of cores in a folder by digest of contents, the latest last; damaged ones are left out."""
    found = []
    for folder in backup_folders(backups):
        try:
            manifest = read_manifest(folder)
        except MediabaseError:
            continue  # `mediabase backups` says what is wrong with it
        if manifest.patient_id is None:
            found.append((manifest.taken_at, folder, manifest))
    found.sort(key=lambda each: each[0])
    by_digest: dict[str, tuple[Path, Manifest]] = {}
    for _, folder, manifest in found:
        by_digest.pop(manifest.contents.digest, None)  # so that the latest of all is the last
        by_digest[manifest.contents.digest] = (folder, manifest)
    return by_digest


def needed_core(backups: Path, manifest: Manifest) -> None:
    """Raise MediabaseError unless the core that a thin archive needs is there, its bytes as they were written."""
    assert manifest.thin is not None  # noqa: S101  # asked before
    folder, core = _find(backups, manifest.thin.core)
    _check_dump(folder, core)


def _find(backups: Path, digest: str) -> tuple[Path, Manifest]:
    if digest not in (known := core_backups(backups)):
        raise MediabaseError(
            f"The backup of the core that it needs is not in {backups} (digest {digest[:DIGITS]}...): bring it back."
        )
    return known[digest]


def _check_dump(folder: Path, manifest: Manifest) -> None:
    if examine_file(folder / DUMP) != manifest.dump:
        raise MediabaseError(f"{folder / DUMP} is not the file that was written: its bytes are others.")


def needed_core_bytes(backups: Path, manifests: Iterable[Manifest]) -> int:
    """Return how many bytes of disk the cores take that thin archives need."""
    known = core_backups(backups)
    needed = {manifest.thin.core for manifest in manifests if manifest.thin}
    return sum(known[digest][1].database_bytes for digest in needed & known.keys())


class Cores:
    """The cores that were restored so far; several threads may ask for the same."""

    def __init__(self, backups: Path, folder: Path, dsn: str, go_on: Callable[[], None]) -> None:
        """Restore from `backups` to the scratch server at `dsn`, whose files are in `folder`."""
        self.folder = folder
        self._backups = backups
        self._dsn = dsn
        self._go_on = go_on
        self._lock = Lock()
        self._restored: dict[str, CoreCopy] = {}
        self._hashed: dict[tuple[str, str], sql.Identifier] = {}
        self._values: dict[tuple[str, ...], float | None] = {}

    def get(self, digest: str) -> CoreCopy:
        """Return the core with this digest. Raises MediabaseError unless a backup of it is there and sound."""
        with self._lock:
            if digest not in self._restored:
                self._restored[digest] = self._restore(digest)
            return self._restored[digest]

    def hashes(self, core: CoreCopy, query: sql.Composed) -> sql.Identifier:
        """Return a table with what `query` says of one of the core's tables; it is made when first asked for."""
        name = (core.digest, query.as_string())
        with self._lock:
            if name not in self._hashed:
                made = sql.Identifier(OWN, f"rows_{len(self._hashed)}")
                with connect(core.dsn, dbname=core.database) as connection:
                    pin(connection, [])
                    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(OWN)))
                    connection.execute(sql.SQL("create unlogged table {} as {}").format(made, query))
                    connection.execute(sql.SQL("analyze {}").format(made))
                self._hashed[name] = made
            return self._hashed[name]

    def only_value(self, core: CoreCopy, table: tuple[str, str], column: str) -> float | None:
        """Return the value that a number has in all rows of one of the core's tables; None where there are others."""
        with self._lock:
            if (name := (core.digest, *table, column)) not in self._values:
                query = statement(__package__, "only_value").format(
                    column=sql.Identifier(column), table=sql.Identifier(*table)
                )
                with connect(core.dsn, dbname=core.database) as connection:
                    found = connection.execute(query).fetchone()
                self._values[name] = float(str(found[0])) if found else None
            return self._values[name]

    def _restore(self, digest: str) -> CoreCopy:
        folder, manifest = _find(self._backups, digest)
        _check_dump(folder, manifest)
        name = f"core_{digest[:DIGITS]}"
        create_database(self._dsn, name, manifest.encoding)
        create_roles(self._dsn, (folder / ROLES).read_text(encoding="utf-8"))
        into = Destination(self._dsn, name, bundled_programs() / "pg_restore")
        code = restore_file(folder / DUMP, into, self._go_on)
        with pinned(self._dsn, name, WeakSet()) as restored:
            differs = difference(manifest.contents, restored.contents(self._go_on))
        if differs or code:
            raise MediabaseError(
                f"The core of {folder} does not restore: {differs or f'pg_restore ended with code {code}'}."
            )
        with connect(self._dsn, dbname=name) as connection:
            present = tables(connection, None)
        return CoreCopy(self._dsn, name, digest, folder, manifest, {(each.schema, each.name): each for each in present})
