"""Export: one patient's legacy rows, as they are, into `staging`."""

from psycopg.types.json import Jsonb

from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.legacy.survey import CoreIds, Survey
from orchestrator.migration.source import Read, take
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.copy import RowStream
from orchestrator.postgres.statements import statement

STAGE = "copy staging.legacy_expression (transcript_id, expression_fold_change) from stdin (format binary)"
GIVE = "update staging.legacy_expression set disposition = %s where patient_id = %s and transcript_id = any(%s)"
FORGET_ROWS = "delete from staging.legacy_expression where patient_id = any(%s)"
REUSE = "vacuum (skip_locked, truncate false) staging.legacy_expression"
"""The next patients take the place of those that went, so that staging stays as large as the batches at work."""
GIVE_BACK = "vacuum (skip_locked) staging.legacy_expression"
"""The system gets the place, which would have to wait for workers."""


def export_patient(
    legacy_dsn: str, target: Connection, database: LegacyDatabase, core: CoreIds, believe: str | None = None
) -> Survey:
    """Stage the patient's rows, and record the export, in one transaction of the target.

    There must be no earlier export of it (`clear`). Raises PatientError when its source cannot be taken as it is.
    """
    with target.transaction():

        def stage(read: Read) -> RowStream:
            target.execute(FORGET_ROWS, [[database.patient_id]])
            target.execute("select set_config('mediabase.patient_id', %s, true)", [database.patient_id])
            with target.cursor().copy(STAGE) as copy:
                return read(copy.write)

        taken = take(legacy_dsn, database, core, believe, stage)
        for disposition, ids in taken.given.items():
            if ids:
                target.execute(GIVE, [disposition, database.patient_id, list(ids)])
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
    """Remove the staged exports of these patients, for others to take their place; `target` is in autocommit mode."""
    with target.transaction():
        target.execute("delete from staging.legacy_export where patient_id = any(%s)", [patient_ids])
        removed = target.execute(FORGET_ROWS, [patient_ids]).rowcount
    if removed:
        target.execute(REUSE)


def give_back(target: Connection) -> None:
    """Give back what staging took, once no worker is there; `target` is in autocommit mode."""
    target.execute(GIVE_BACK)
