"""Export: one patient's legacy rows, as they are, into `staging`."""

import re

from psycopg import sql
from psycopg.types.json import Jsonb

from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.legacy.survey import CoreIds, Survey
from orchestrator.migration.source import Read, take
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.copy import RowStream
from orchestrator.postgres.statements import statement


def export_patient(
    legacy_dsn: str, target: Connection, database: LegacyDatabase, core: CoreIds, believe: str | None = None
) -> Survey:
    """Stage the patient's rows, and record the export, in one transaction of the target.

    There must be no earlier export of it (`clear`). Raises PatientError when its source cannot be taken as it is.
    """
    partition = staging_table(database.patient_id)
    with target.transaction():

        def stage(read: Read) -> RowStream:
            target.execute(
                sql.SQL(
                    "drop table if exists {0};"
                    "create unlogged table {0} (like staging.legacy_expression including defaults including storage);"
                    "alter table {0} alter column patient_id set default {1}"
                ).format(partition, sql.Literal(database.patient_id))
            )
            into = sql.SQL("copy {} (transcript_id, expression_fold_change) from stdin (format binary)")
            with target.cursor().copy(into.format(partition)) as copy:
                return read(copy.write)

        taken = take(legacy_dsn, database, core, believe, stage)
        give = sql.SQL("update {} set disposition = %s where transcript_id = any(%s)").format(partition)
        for disposition, ids in taken.given.items():
            if ids:
                target.execute(give, [disposition, list(ids)])
        target.execute(
            sql.SQL("alter table staging.legacy_expression attach partition {} for values in ({})").format(
                partition, sql.Literal(database.patient_id)
            )
        )
        target.execute(
            statement(__package__, "record_export"),
            {
                "patient_id": database.patient_id,
                "source_database": database.name,
                "surface": taken.surface,
                "surface_class": taken.surface_class,
                "legacy_rows": taken.ids.rows,
                "staged_rows": taken.stream.rows,
                "unknown_rows": len(taken.ids.unknown),
                "missing_rows": taken.ids.missing,
                "legacy_digest": taken.stream.digest,
                "core_fingerprint": str(core.fingerprint),
                "legacy_system": taken.system,
                "exported_at": taken.taken_at,
                "file_format": taken.file_format,
                "details": Jsonb(taken.details) if taken.details else None,
            },
        )
    return taken


def clear(target: Connection, patient_ids: list[str]) -> None:
    """Remove the staged exports of these patients.

    In a transaction of its own: dropping a partition locks out all builds until it commits.
    """
    if not patient_ids:
        return
    tables = sql.SQL(", ").join(map(staging_table, patient_ids))
    with target.transaction():
        target.execute("delete from staging.legacy_export where patient_id = any(%s)", [patient_ids])
        target.execute(sql.SQL("drop table if exists {}").format(tables))


def staging_table(patient_id: str) -> sql.Identifier:
    """Return the name of the partition of staging.legacy_expression that holds this patient's rows."""
    return sql.Identifier("staging", re.sub("^patient_", "legacy_expression_", schema_name(patient_id)))
