"""What a backup holds, restored into an empty database; a thin archive with rows of the core that it names."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from zipfile import BadZipFile, ZipFile

from psycopg import sql

from orchestrator.backup.cores import Cores
from orchestrator.backup.manifest import DUMP, Manifest, TableSource, Thin
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump_file import Destination, restore_file
from orchestrator.postgres.statements import statement
from orchestrator.postgres.tables import Relation, pin, row_hash

BLOCK_BYTES = 1 << 17


def restore(folder: Path, manifest: Manifest, into: Destination, cores: Cores | None, go_on: Callable[[], None]) -> int:
    """Restore a backup into an empty database; return pg_restore's exit code, the highest where it runs twice.

    Raises MediabaseError when the core that a thin archive needs is not there, and psycopg.Error for its rows.
    """
    if manifest.thin is None:
        return restore_file(folder / manifest.file, into, go_on)
    assert cores is not None  # noqa: S101  # who restores a thin archive has made a place for its core
    try:
        return _restore_thin(folder / manifest.file, manifest.thin, into, cores, go_on)
    except (KeyError, BadZipFile) as error:
        raise MediabaseError(f"{folder / manifest.file} does not hold what its manifest says.") from error


def _restore_thin(path: Path, thin: Thin, into: Destination, cores: Cores, go_on: Callable[[], None]) -> int:
    core = cores.get(thin.core)
    with ZipFile(path) as archive, TemporaryDirectory(dir=cores.folder) as unpacked:
        dump = Path(archive.extract(DUMP, unpacked))
        before = restore_file(dump, into, go_on, ["pre-data", "data"])
        with connect(core.dsn, dbname=core.database) as source, connect(into.dsn, dbname=into.database) as target:
            for connection in (source, target):
                pin(connection, [])  # values have one text on both sides
            for number, table in enumerate(thin.tables):
                if table.core_schema is not None:
                    ours = core.tables[table.core_schema, table.table]
                    _pour(source, target, table, _rows(table, ours), archive, number, go_on)
        return max(before, restore_file(dump, into, go_on, ["post-data"]))


def part(number: int, what: str) -> str:
    """Return the name within a thin archive of a part of its table `number`."""
    return f"tables/{number}.{what}"


def _pour(
    source: Connection,
    target: Connection,
    table: TableSource,
    rows_of_both: sql.Composed,
    archive: ZipFile,
    number: int,
    go_on: Callable[[], None],
) -> None:
    """Copy the core's rows with this table's own values, without those that are gone; then the added ones."""
    source.execute(statement(__package__, "stored"))
    for stored, name in (("gone", part(number, "gone") if table.gone else ""), ("values", table.values_in)):
        if name:
            with archive.open(name) as file:
                _write(source, sql.SQL("copy pg_temp.{} from stdin").format(sql.Identifier(stored)), file)
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    copy_in = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table.schema, table.table), columns)
    with source.cursor().copy(rows_of_both) as rows, target.cursor().copy(copy_in) as writer:
        for block in rows:
            writer.write(block)
            go_on()
    if table.added:
        with archive.open(part(number, "added")) as file:
            _write(target, copy_in, file)


def _rows(table: TableSource, ours: Relation) -> sql.Composed:
    """Return the COPY of a table's rows as far as the core's table and the stored values have them."""
    fold = table.fold_column
    return statement(__package__, "pour").format(
        columns=sql.SQL(", ").join(
            sql.SQL(
                "case when stored.transcript_id is null then kept.{column} else stored.fold_change end"
                if column == fold else "kept.{column}"
            ).format(column=sql.Identifier(column))
            for column in table.columns
        ),
        table=sql.Identifier(ours.schema, ours.name),
        id=sql.SQL("kept.transcript_id" if fold else "null"),
        hash=row_hash(ours, fold, "kept"),
        is_whole=sql.Literal(not table.gone),
    )  # fmt: skip


def _write(connection: Connection, statement: sql.Composed, file: IO[bytes]) -> None:
    with connection.cursor().copy(statement) as copy:
        while block := file.read(BLOCK_BYTES):
            copy.write(block)
