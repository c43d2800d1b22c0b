"""A thin archive: what a legacy database has that the core does not, and where the rest is.

Everything but the rows of tables comes from pg_dump. Rows are compared with those of a core, as a backup has it, by
their hashes: only rows that the core does not have are stored, and fold changes apart from their rows. What cannot be
compared stays in the dump, with the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from psycopg import sql

from orchestrator.backup.contents import Pinned
from orchestrator.backup.cores import CoreCopy, Cores
from orchestrator.backup.manifest import DUMP, Contents, TableSource, Thin
from orchestrator.backup.restore import part, row_hash
from orchestrator.errors import MediabaseError
from orchestrator.legacy.databases import SURFACES
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump_file import DumpFile, examine_file
from orchestrator.postgres.statements import statement
from orchestrator.postgres.tables import TABLE, Relation, TableDigest, pin

ID_COLUMN = "transcript_id"
FOLD_COLUMN = "expression_fold_change"
RETIRED = "legacy"
"""Schema of the core's cancer_transcript_base once it is retired."""
MAX_CHANGED = 100_000
MAX_CHANGED_SHARE = 0.2
"""More rows than this that are not the core's, and a table's rows stay in the dump: it compresses them better."""
MIN_SHARE = 0.5
"""An archive is thin when the core has at least this share of the bytes of all tables."""
COMPRESSION = 6


class NotThinError(MediabaseError):
    """The database differs so much from the core that a thin archive is not worth having."""


class _IncomparableError(Exception):
    """A table's rows cannot be stored as what differs from the core's; the reason is for people."""


@dataclass(frozen=True)
class _Making:
    """An archive in the making: its file, the legacy database in one snapshot, the core that it is compared with."""

    file: ZipFile
    legacy: Connection
    core: CoreCopy
    cores: Cores


def write_thin(
    path: Path,
    legacy: Pinned,
    contents: Contents,
    core: CoreCopy,
    cores: Cores,
    dump: Callable[[Path, Sequence[tuple[str, str]]], DumpFile],
    go_on: Callable[[], None],
) -> tuple[DumpFile, Thin]:
    """Write what a legacy database, whose contents are known, has beyond a core; return the file and what it needs.

    `dump` writes a dump without the rows of some tables. Raises NotThinError when too much differs.
    """
    theirs = {(each.schema, each.table): each for each in contents.tables}
    ours = {(each.schema, each.table): each for each in core.manifest.contents.tables}
    with ZipFile(path, "x", ZIP_DEFLATED, compresslevel=COMPRESSION) as file:
        making = _Making(file, legacy.connection, core, cores)
        found = []
        for number, table in enumerate(legacy.tables):
            go_on()
            key = _counterpart(table, core)
            is_same = key is not None and _is_same(theirs[table.schema, table.name], ours[key])
            found.append(_store(making, number, table, key, is_same=is_same))
        _refuse_fat(legacy.connection, found)
        whole = path.with_name(DUMP)
        dump(whole, [(each.schema, each.table) for each in found if each.core_schema is not None])
        file.write(whole, DUMP)
        whole.unlink()
    hint = f"{core.folder.parent.name}/{core.folder.name}"
    return examine_file(path), Thin(core.digest, hint, tuple(found))


def _counterpart(table: Relation, core: CoreCopy) -> tuple[str, str] | None:
    """Return the core's table that this one was once copied from; it may have been retired since."""
    keys = [(table.schema, table.name)]
    if table.schema == "public" and table.name in SURFACES:
        keys.append((RETIRED, table.name))
    return next((key for key in keys if key in core.tables), None)


def _is_same(theirs: TableDigest, ours: TableDigest) -> bool:
    return (theirs.rows, theirs.digest) == (ours.rows, ours.digest)


def _store(making: _Making, number: int, table: Relation, key: tuple[str, str] | None, *, is_same: bool) -> TableSource:
    """Store what differs of one table; return where its rows are."""
    try:
        if key is None:
            raise _IncomparableError("the core has no such table")
        columns = _columns(making, table, key)
        if is_same:
            return TableSource(table.schema, table.name, key[0], columns)
        return _store_difference(making, number, table, columns, key)
    except _IncomparableError as reason:
        return TableSource(table.schema, table.name, None, reason=str(reason))


def _columns(making: _Making, table: Relation, key: tuple[str, str]) -> tuple[str, ...]:
    """Return the table's columns in their order; raise _IncomparableError when the core's table has others."""
    with connect(making.core.dsn, dbname=making.core.database) as connection:
        ours = _described(connection, *key)
    theirs = _described(making.legacy, table.schema, table.name)
    if not table.columns or sorted(ours) != sorted(theirs):
        raise _IncomparableError("its columns are not the core's")
    if {table.kind, making.core.tables[key].kind} != {TABLE}:
        raise _IncomparableError("it has partitions")
    if any(is_generated for _, _, is_generated in theirs):
        raise _IncomparableError("it has generated columns")
    return tuple(name for name, _, _ in theirs)


def _described(connection: Connection, schema: str, name: str) -> list[tuple[str, str, bool]]:
    rows = connection.execute(statement(__package__, "columns"), {"schema": schema, "name": name}).fetchall()
    return [(str(column), str(kind), bool(is_generated)) for column, kind, is_generated in rows]


def _store_difference(
    making: _Making, number: int, table: Relation, columns: tuple[str, ...], key: tuple[str, str]
) -> TableSource:
    core_table = making.core.tables[key]
    is_surface = table.name in SURFACES and {ID_COLUMN, FOLD_COLUMN} <= set(columns)
    fold = FOLD_COLUMN if is_surface and table.has_primary_key and core_table.has_primary_key else None
    ours = making.cores.hashes(making.core, key, _hashes(core_table, fold))
    with connect(making.core.dsn, dbname=making.core.database) as scratch:
        pin(scratch, [])
        scratch.execute(statement(__package__, "theirs"))
        _bring(making.legacy, _hashes(table, fold), scratch)
        scratch.execute(statement(__package__, "changed").format(ours=ours))
        counted = scratch.execute(statement(__package__, "counted").format(ours=ours)).fetchone() or (0, 0, 0)
        gone, added, rows_of_both = (int(str(each)) for each in counted)
        if gone + added > min(MAX_CHANGED, MAX_CHANGED_SHARE * rows_of_both):
            raise _IncomparableError(f"{added:,} of its rows are not the core's, {gone:,} of the core's are not in it")
        values = _copy(making.file, part(number, "values"), scratch, statement(__package__, "values").format(ours=ours))
        kinds = _copy(making.file, part(number, "gone"), scratch, statement(__package__, "gone")) if gone else 0
        changed = [row[0] for row in scratch.execute("select hash from pg_temp.changed where theirs > 0").fetchall()]
    if added:
        query = statement(__package__, "added").format(
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            table=sql.Identifier(table.schema, table.name),
            hash=row_hash(columns, fold, table.name),
            changed=sql.Literal(changed),
        )
        _copy(making.file, part(number, "added"), making.legacy, query)
    return TableSource(table.schema, table.name, key[0], columns, fold, kinds, added, values)


def _bring(legacy: Connection, query: sql.Composed, scratch: Connection) -> None:
    """Bring what a query of the legacy database returns into the scratch table `theirs`."""
    copy_out = sql.SQL("copy ({}) to stdout (format binary)").format(query)
    copy_in = "copy pg_temp.theirs from stdin (format binary)"
    with legacy.cursor().copy(copy_out) as rows, scratch.cursor().copy(copy_in) as writer:
        for block in rows:
            writer.write(block)


def _hashes(table: Relation, fold: str | None) -> sql.Composed:
    return statement(__package__, "row_hashes").format(
        hash=row_hash(table.columns, fold, table.name),
        id=sql.Identifier(table.name, ID_COLUMN) if fold else sql.SQL("null"),
        fold=sql.Identifier(table.name, fold) if fold else sql.SQL("null"),
        table=sql.Identifier(table.schema, table.name),
    )


def _copy(file: ZipFile, name: str, connection: Connection, query: sql.SQL | sql.Composed) -> int:
    """Write the rows of a COPY into a part of the archive; return their number."""
    with file.open(name, "w", force_zip64=True) as stored, connection.cursor() as cursor:
        with cursor.copy(query) as rows:
            for block in rows:
                stored.write(block)
        return cursor.rowcount


def _refuse_fat(legacy: Connection, found: Sequence[TableSource]) -> None:
    """Raise NotThinError unless the core has most of the bytes."""
    names = {True: [], False: []}  # type: dict[bool, list[str]]
    for each in found:
        names[each.core_schema is not None].append(sql.Identifier(each.schema, each.table).as_string())
    row = legacy.execute(statement(__package__, "table_bytes"), {"thin": names[True], "fat": names[False]}).fetchone()
    thin, fat = (int(str(each)) for each in row or (0, 0))
    if thin < MIN_SHARE * (thin + fat):
        reasons = "; ".join(f"{each.schema}.{each.table}: {each.reason}" for each in found if each.reason)
        raise NotThinError(f"Too much of it is not the core's ({reasons}).")
