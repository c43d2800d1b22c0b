"""The reference: what of the core every legacy database is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

import psycopg

from orchestrator.errors import RefusedError
from orchestrator.legacy.profile import read_catalog
from orchestrator.legacy.survey import CoreIds, Fingerprint, fingerprint, transcript_ids
from orchestrator.legacy.symbols import gene_symbols, symbol_sum
from orchestrator.migration import core
from orchestrator.postgres.connection import Connection, connect

T = TypeVar("T")


@dataclass(frozen=True)
class Reference:
    """What of the core every legacy database is compared with."""

    ids: CoreIds
    symbols: Fingerprint
    load_symbols: Callable[[], dict[str, str]]
    """Returns the symbol of each gene; read when it is first asked for."""
    objects: frozenset[str]
    encoding: str
    collation: str


def read_reference(target_dsn: str) -> Reference:
    """Return what of the core legacy databases are compared with; several threads may use it.

    Raises RefusedError when the target is no core, or may not be read.
    """
    try:
        return _read(target_dsn)
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError(
            "The role of MEDIABASE_DSN may not read the core: grant it SELECT on all tables of schema public."
        ) from error


def read_core_ids(target: Connection, target_dsn: str) -> CoreIds:
    """Return the core's transcript ids; several threads may use them."""
    ids = _once(target_dsn, lambda connection: frozenset(transcript_ids(connection, "transcripts")))
    return CoreIds(fingerprint(target, "transcripts"), ids)


def _read(target_dsn: str) -> Reference:
    with connect(target_dsn) as target:
        target.read_only = True
        core.check(target)
        target.execute("set local search_path = pg_catalog")  # names come out as from a legacy database
        encoding, collation = target.execute(
            b"select pg_encoding_to_char(encoding), "
            b"coalesce(to_jsonb(pg_database) ->> 'datlocale', to_jsonb(pg_database) ->> 'daticulocale', datcollate) "
            b"from pg_database where datname = current_database()"
        ).fetchone() or ("", "")
        return Reference(
            ids=read_core_ids(target, target_dsn),
            symbols=symbol_sum(target),
            load_symbols=_once(target_dsn, gene_symbols),
            objects=frozenset(read_catalog(target).objects),
            encoding=str(encoding),
            collation=str(collation),
        )


def _once(dsn: str, read: Callable[[Connection], T]) -> Callable[[], T]:
    """Return a function that reads on a connection of its own when it is first called, and then remembers."""
    lock = Lock()
    found: list[T] = []

    def load() -> T:
        with lock:
            if not found:
                with connect(dsn, autocommit=True) as connection:
                    found.append(read(connection))
        return found[0]

    return load
