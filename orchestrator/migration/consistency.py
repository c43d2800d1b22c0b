"""Whether the core's tables fit together, so that patient schemas can stand on them."""

from collections.abc import Iterator

import psycopg
from psycopg import sql

from orchestrator.errors import RefusedError
from orchestrator.legacy.databases import NARROW, WIDE
from orchestrator.migration.core import CORE_TABLES
from orchestrator.migration.findings import Finding
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement
from orchestrator.postgres.tables import Relation, relations

GENES = "genes"
OTHER_TABLES = ("opentargets_known_drugs",)
"""Tables that the migration guide calls critical, and that no patient view reads."""
KEYS = {GENES: ("gene_id",), NARROW: ("transcript_id", "gene_id")}
"""Columns without which nothing can be checked; the first is the id of the table's rows."""

Present = dict[str, Relation]


def consistency(connection: Connection) -> list[Finding]:
    """Return what would stop or spoil patients on this core; nothing when it is healthy. Reads only.

    Takes about a second for 200,000 transcripts. Raises RefusedError when the role may not read the core.
    """
    try:
        with connection.transaction():
            connection.execute("set local row_security = off")
            present = {relation.name: relation for relation in relations(connection)}
            return [
                *_missing(present),
                *_without_rows(connection, present),
                *_repeated_ids(connection, present),
                *_genes_of_transcripts(connection, present),
                *_fold_changes(connection, present),
                *_wide_table(connection, present),
                *_without_key(present),
            ]
    except psycopg.errors.InsufficientPrivilege as error:
        info = connection.info
        raise RefusedError(
            f"The role {info.user} may not read all of {info.dbname} ({error.diag.message_primary}): "
            "grant it SELECT on the core's tables."
        ) from error


def genes_without_transcripts(connection: Connection) -> Finding:
    """Return how many genes no transcript names, which harms nothing. Both tables must be there."""
    found = _count(connection, statement(__package__, "genes_without_transcripts"))
    message = f"{found:,} genes have no transcript." if found else "Every gene has a transcript."
    return Finding("genes-without-transcripts", "ok", GENES, message, "")


def has_keys(present: Present, *names: str) -> bool:
    """Tell whether the tables are there with the columns that tie them together."""
    return all(name in present and set(KEYS[name]) <= set(present[name].columns) for name in names)


def _missing(present: Present) -> Iterator[Finding]:
    for name in CORE_TABLES:
        if name not in present:
            yield Finding("missing-table", "stop", name, "The core lacks it, and every patient's view reads it.",
                          "Restore it from a backup of the core.")  # fmt: skip
    for name in OTHER_TABLES:
        if name not in present:
            yield Finding("missing-table", "warn", name, "The core lacks it: drug queries of v0.5.0 will fail.",
                          "Restore it from a backup of the core, if it ever was there.")  # fmt: skip
    for name, columns in KEYS.items():
        for column in columns:
            if name in present and column not in present[name].columns:
                yield Finding("missing-column", "stop", name, f"It has no column {column}.",
                              "Restore the table from a backup of the core.")  # fmt: skip


def _without_rows(connection: Connection, present: Present) -> Iterator[Finding]:
    for name in (*CORE_TABLES, *OTHER_TABLES):
        if name not in present:
            continue
        query = sql.SQL("select count(*) from (select from public.{} limit 1) as rows").format(sql.Identifier(name))
        if _count(connection, query) == 0:
            yield Finding("no-rows", "stop" if name in KEYS else "warn", name, "It has no rows.",
                          "Load it, or restore it from a backup of the core.")  # fmt: skip


def _repeated_ids(connection: Connection, present: Present) -> Iterator[Finding]:
    for name, (column, *_) in KEYS.items():
        if not has_keys(present, name):
            continue
        query = sql.SQL('select count(*) - count(distinct {}::text collate "C") from public.{}')
        found = _count(connection, query.format(sql.Identifier(column), sql.Identifier(name)))
        if found:
            yield Finding("repeated-core-ids", "stop", name,
                          f"{found:,} rows repeat a {column} or have none: patients' views would repeat or lose rows.",
                          "Remove those rows, then give the table a primary key.")  # fmt: skip


def _genes_of_transcripts(connection: Connection, present: Present) -> Iterator[Finding]:
    if not has_keys(present, GENES, NARROW):
        return
    found = _count(connection, statement(__package__, "transcripts_without_gene"))
    if found:
        yield Finding("transcripts-without-gene", "warn", NARROW,
                      f"{found:,} transcripts name a gene that genes lacks: views show them without facts of a gene.",
                      "Add the genes, or accept it: no fold change is lost.")  # fmt: skip


def _fold_changes(connection: Connection, present: Present) -> Iterator[Finding]:
    if NARROW not in present or "expression_fold_change" not in present[NARROW].columns:
        return
    query = "select count(*) from public.transcripts where expression_fold_change is distinct from 1.0"
    found = _count(connection, sql.SQL(query))
    if found:
        yield Finding("core-fold-changes", "warn", NARROW,
                      f"{found:,} transcripts of the core have a fold change that is not 1.0, so that \"baseline\" "
                      "is ambiguous: patients' views show 1.0 for them, v0.5.0 queries on the core another value.",
                      "Find out who wrote them; set them to 1.0 if they belong to no core.")  # fmt: skip


def _wide_table(connection: Connection, present: Present) -> Iterator[Finding]:
    if not has_keys(present, NARROW) or WIDE not in present or "transcript_id" not in present[WIDE].columns:
        return
    row = connection.execute(statement(__package__, "wide_table_ids")).fetchone() or (0, 0)
    only_in_wide, only_in_narrow = (int(str(count)) for count in row)
    if only_in_wide:
        yield Finding("wide-table-ids", "warn", WIDE,
                      f"{only_in_wide:,} of its transcripts are not in {NARROW}: patients' views will not show them.",
                      f"Add them to {NARROW} before patients are moved, if they are right.")  # fmt: skip
    if only_in_narrow:
        yield Finding("wide-table-ids", "warn", NARROW,
                      f"{only_in_narrow:,} of its transcripts are not in {WIDE}: patients' views will show more rows "
                      "than v0.5.0 did.",
                      "Remove them before patients are moved, if they are wrong.")  # fmt: skip


def _without_key(present: Present) -> Iterator[Finding]:
    for relation in present.values():
        if relation.is_table and not relation.has_primary_key:
            yield Finding("no-primary-key", "warn", relation.name, "Nothing keeps its rows from being repeated.",
                          "Give it a primary key.")  # fmt: skip


def _count(connection: Connection, query: sql.SQL | sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101  # an aggregate has one row
    return int(str(row[0]))
