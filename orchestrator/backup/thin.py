"""A thin archive: what a legacy database has that the core does not, and where the rest is.

Everything but the rows of tables comes from pg_dump. Rows are compared with those of a core, as a backup has it, by
their hashes: only rows that the core does not have are stored, and fold changes apart from their rows. What cannot be
compared stays in the dump, with the reason.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from zipfile import ZIP_DEFLATED, ZipFile

from psycopg import sql

from orchestrator.backup.contents import Pinned
from orchestrator.backup.cores import CoreCopy, Cores
from orchestrator.backup.manifest import DUMP, Contents, TableSource, Thin
from orchestrator.backup.restore import part
from orchestrator.errors import MediabaseError
from orchestrator.legacy.databases import SURFACES
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump_file import DumpFile, examine_file
from orchestrator.postgres.statements import statement
from orchestrator.postgres.tables import TABLE, Relation, TableDigest, digests, pin, row_hash

ID_COLUMN = "transcript_id"
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
    restored: Connection
    """To the core's copy."""
    cores: Cores


def write_thin(
    path: Path,
    legacy: Pinned,
    core: CoreCopy,
    cores: Cores,
    dump: Callable[[Path, Sequence[tuple[str, str]]], DumpFile],
    go_on: Callable[[], None],
) -> tuple[DumpFile, Contents, Thin]:
    """Write what a legacy database has beyond a core; return the file, what the database holds, what the file needs.

    `dump` writes a dump without the rows of some tables. Raises NotThinError when too much differs.
    """
    with (
        ZipFile(path, "x", ZIP_DEFLATED, compresslevel=COMPRESSION) as file,
        connect(core.dsn, dbname=core.database) as restored,
    ):
        pin(restored, [])  # a type of its own has the same name on both sides
        making = _Making(file, legacy.connection, core, restored, cores)
        found = []
        for number, table in enumerate(legacy.tables):
            go_on()
            found.append(_store(making, number, table))
        sources = tuple(source for _, source in found)
        _refuse_fat(legacy.connection, sources)
        whole = path.with_name(DUMP)
        dump(whole, [(each.schema, each.table) for each in sources if each.core_schema is not None])
        file.write(whole, DUMP)
        whole.unlink()
    contents = Contents(tuple(digest for digest, _ in found), legacy.objects())
    hint = f"{core.folder.parent.name}/{core.folder.name}"
    return examine_file(path), contents, Thin(core.digest, hint, sources)


def _counterpart(table: Relation, core: CoreCopy) -> tuple[str, str] | None:
    """Return the core's table that this one was once copied from; it may have been retired since."""
    keys = [(table.schema, table.name)]
    if table.schema == "public" and table.name in SURFACES:
        keys.append((RETIRED, table.name))
    return next((key for key in keys if key in core.tables), None)


def _store(making: _Making, number: int, table: Relation) -> tuple[TableDigest, TableSource]:
    """Store what differs of one table; return its digest, and where its rows are."""
    (digest,) = digests(making.legacy, [table], lambda _: None)
    try:
        key = _counterpart(table, making.core)
        if key is None:
            raise _IncomparableError("the core has no such table")
        source = TableSource(table.schema, table.name, key[0], _columns(making, table, key))
        ours = making.core.digests[key]
        if (digest.rows, digest.digest) == (ours.rows, ours.digest):
            return digest, source
        apart = _apart(table, making.core.tables[key])
        if apart and digest.rest == ours.rest and (everywhere := making.cores.only_value(making.core, key, apart)):
            return digest, _store_values(making, table, source, apart, everywhere)
        with connect(making.core.dsn, dbname=making.core.database) as scratch:
            pin(scratch, [])
            _bring(making.legacy, table, apart, scratch)
            return digest, _store_difference(making, number, table, source, key, apart, scratch)
    except _IncomparableError as reason:
        return digest, TableSource(table.schema, table.name, None, reason=str(reason))


def _store_values(making: _Making, table: Relation, source: TableSource, apart: str, everywhere: float) -> TableSource:
    """Store fold changes of a table whose other columns are the core's, where all fold changes are the same."""
    query = statement(__package__, "own_values").format(
        id=sql.Identifier(ID_COLUMN),
        fold=sql.Identifier(apart),
        table=sql.Identifier(table.schema, table.name),
        everywhere=sql.Literal(everywhere),
    )
    values, part_of_values = _copy_once(making.file, making.legacy, query)
    return replace(source, fold_column=apart, values=values, values_in=part_of_values)


def _apart(table: Relation, core_table: Relation) -> str | None:
    """Return the column that is stored apart, by transcript id, where that names a row."""
    is_surface = table.name in SURFACES and ID_COLUMN in table.columns
    has_keys = table.has_primary_key and core_table.has_primary_key
    return table.apart if is_surface and has_keys else None


def _columns(making: _Making, table: Relation, key: tuple[str, str]) -> tuple[str, ...]:
    """Return the table's columns in their order; raise _IncomparableError when the core's table has others."""
    ours = _described(making.restored, *key)
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


def _bring(legacy: Connection, table: Relation, apart: str | None, scratch: Connection) -> None:
    """Bring hash, id and fold change of each row into the scratch table `theirs`."""
    scratch.execute(statement(__package__, "theirs"))
    copy_out = sql.SQL("copy ({}) to stdout (format binary)").format(_hashes(table, apart))
    copy_in = "copy pg_temp.theirs from stdin (format binary)"
    with legacy.cursor().copy(copy_out) as rows, scratch.cursor().copy(copy_in) as writer:
        for block in rows:
            writer.write(block)


def _hashes(table: Relation, apart: str | None) -> sql.Composed:
    return statement(__package__, "row_hashes").format(
        hash=row_hash(table, apart, table.name),
        id=sql.Identifier(table.name, ID_COLUMN) if apart else sql.SQL("null"),
        fold=sql.Identifier(table.name, apart) if apart else sql.SQL("null"),
        table=sql.Identifier(table.schema, table.name),
    )


def _store_difference(
    making: _Making,
    number: int,
    table: Relation,
    source: TableSource,
    key: tuple[str, str],
    apart: str | None,
    scratch: Connection,
) -> TableSource:
    """Store fold changes and rows that are not the core's, whose hashes are compared with those in `theirs`."""
    ours = making.cores.hashes(making.core, _hashes(making.core.tables[key], apart))
    scratch.execute(statement(__package__, "changed").format(ours=ours))
    counted = scratch.execute(statement(__package__, "counted").format(ours=ours)).fetchone() or (0, 0, 0)
    gone, added, rows_of_both = (int(str(each)) for each in counted)
    if gone + added > min(MAX_CHANGED, MAX_CHANGED_SHARE * rows_of_both):
        raise _IncomparableError(f"{added:,} of its rows are not the core's, {gone:,} of the core's are not in it")
    query = statement(__package__, "values").format(ours=ours)
    values, part_of_values = _copy_once(making.file, scratch, query) if apart else (0, "")
    kinds = _copy(making.file, part(number, "gone"), scratch, statement(__package__, "gone")) if gone else 0
    if added:
        changed = [row[0] for row in scratch.execute("select hash from pg_temp.changed where theirs > 0").fetchall()]
        query = statement(__package__, "added").format(
            columns=sql.SQL(", ").join(map(sql.Identifier, source.columns)),
            table=sql.Identifier(table.schema, table.name),
            hash=row_hash(table, apart, table.name),
            changed=sql.Literal(changed),
        )
        _copy(making.file, part(number, "added"), making.legacy, query)
    return replace(source, fold_column=apart, gone=kinds, added=added, values=values, values_in=part_of_values)


def _copy_once(file: ZipFile, connection: Connection, query: sql.SQL | sql.Composed) -> tuple[int, str]:
    """Write the rows of a COPY as `_copy` does, but once for both surfaces where these agree; return the part, too."""
    with TemporaryFile() as rows_of_both, connection.cursor() as cursor:
        digest = sha256()
        with cursor.copy(query) as rows:
            for block in rows:
                rows_of_both.write(block)
                digest.update(block)
        name = f"values/{digest.hexdigest()}"
        if name not in file.namelist():
            rows_of_both.seek(0)
            with file.open(name, "w", force_zip64=True) as stored:
                shutil.copyfileobj(rows_of_both, stored)
        return cursor.rowcount, name


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
