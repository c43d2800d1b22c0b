"""A legacy database brought back from its archive: restored under another name, compared, and only then called so."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from weakref import WeakSet

import psycopg
from psycopg import sql

from orchestrator.backup.contents import difference, pinned
from orchestrator.backup.cores import Cores, needed_core_bytes
from orchestrator.backup.manifest import Manifest, Properties
from orchestrator.backup.restore import restore
from orchestrator.backup.verify import check_files, scratch_for
from orchestrator.errors import MediabaseError
from orchestrator.postgres.connection import Connection, connect
from orchestrator.postgres.dump_file import Destination
from orchestrator.postgres.programs import find_matching

RESTORING = "mediabase_restoring_"
"""What the name of a database begins with, before a part of the hash of its own, until it is complete."""
NO_SUCH_ROLE = (psycopg.errors.UndefinedObject, psycopg.errors.InsufficientPrivilege)


CoresFor = Callable[[Path, Manifest], Cores]
"""Returns the cores for a thin archive, by the folder of all backups and the archive's manifest."""


def bring_back(dsn: str, folder: Path, manifest: Manifest, pg_bin: Path | None, cores_for: CoresFor) -> str:
    """Restore an archive on a server that has no database of its name; return what is to be noted, mostly nothing.

    Raises MediabaseError when what was restored is not what was archived; then nothing of it is left.
    """
    check_files(folder, manifest)
    cores = cores_for(folder.parent.parent, manifest) if manifest.thin else None
    with connect(dsn, autocommit=True) as server:
        name = RESTORING + sha256(manifest.database.encode()).hexdigest()[:16]
        _drop(server, name)  # what a process that was killed left
        _create(server, name, manifest.properties)
        into = Destination(dsn, name, find_matching("pg_restore", server.info.server_version, pg_bin).path, False)
        try:
            code = restore(folder, manifest, into, cores, lambda: None)
            with pinned(dsn, name, WeakSet()) as restored:
                differs = difference(manifest.contents, restored.contents(lambda: None))
            if differs:
                raise MediabaseError(f"Restored from {folder}, it has {differs} (pg_restore ended with code {code}).")
            with connect(dsn, dbname=name, autocommit=True) as connection:
                connection.execute("vacuum (analyze)")  # as a database is that has been in use
            note = _give_properties(server, name, manifest.properties)
            rename = sql.SQL("alter database {} rename to {}")
            server.execute(rename.format(sql.Identifier(name), sql.Identifier(manifest.database)))
        except BaseException:
            _drop(server, name)
            raise
    return " ".join([*([f"pg_restore could not restore owners or rights of all (code {code})."] if code else []), note])


@contextmanager
def shared_cores(home: Path) -> Iterator[CoresFor]:
    """Yield what gives cores for thin archives: one scratch server in `home` for all, made when the first is asked for.

    Raises RefusedError without room on the disk.
    """
    with ExitStack() as stack:
        made: dict[Path, Cores] = {}

        def cores_for(backups: Path, manifest: Manifest) -> Cores:
            if backups not in made:
                scratch = scratch_for(home, [], 1, needed_core_bytes(backups, [manifest]))
                folder, dsn = stack.enter_context(scratch)
                made[backups] = Cores(backups, folder, dsn, lambda: None)
            return made[backups]

        yield cores_for


def _drop(server: Connection, name: str) -> None:
    server.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))


def _create(server: Connection, name: str, properties: Properties | None) -> None:
    command = sql.SQL("create database {} template template0").format(sql.Identifier(name))
    if properties:
        command += sql.SQL(" encoding {} lc_collate {} lc_ctype {}").format(
            properties.encoding, properties.collation, properties.character_type
        )
    server.execute(command)


def _give_properties(server: Connection, name: str, properties: Properties | None) -> str:
    """Set owner, settings and rights; return what could not be set."""
    if properties is None:
        return "Its owner and the rights on it are those of a new database."
    database, public = sql.Identifier(name), sql.SQL("public")
    owner = sql.Identifier(properties.owner)
    commands = [sql.SQL("alter database {} owner to {}").format(database, owner)]
    if properties.grants is not None:
        # First of all, so that nobody is let in whom a right that cannot be given was to keep out.
        commands.insert(0, sql.SQL("revoke all on database {} from {}").format(database, public))
        commands.append(sql.SQL("revoke all on database {} from {}").format(database, owner))
    for grant in properties.grants or ():
        role = sql.Identifier(grant.grantee) if grant.grantee else public
        option = sql.SQL(" with grant option" if grant.is_grantable else "")
        privilege = sql.SQL(grant.privilege)
        commands.append(sql.SQL("grant {} on database {} to {}{}").format(privilege, database, role, option))
    for setting in properties.settings:
        variable, _, value = setting.partition("=")
        # A list such as search_path is one text, which only set_config takes apart.
        commands.append(sql.SQL("select set_config({}, {}, true)").format(variable, value))
        commands.append(sql.SQL("alter database {} set {} from current").format(database, sql.Identifier(variable)))
    failed = []
    with server.transaction():
        for command in commands:
            try:
                with server.transaction():
                    server.execute(command)
            except NO_SUCH_ROLE as error:
                failed.append(str(error.diag.message_primary))
    return f"Not all of its owner, settings and rights could be set: {'; '.join(failed)}." if failed else ""
