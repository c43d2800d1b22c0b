"""What patients leave in the catalog, and in the memory of a session: a part of benchmarks/scale.py."""

from collections.abc import Sequence
from pathlib import Path

from psycopg import sql
from psycopg.rows import dict_row

from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import connect

LARGEST = Path(__file__).with_suffix(".sql").read_text().encode()
COUNTS = """
select
    (select count(*) from pg_class) as relations,
    (select count(*) from pg_attribute) as attributes,
    (select count(*) from pg_namespace where starts_with(nspname, 'patient_')) as patient_schemas,
    (
        select sum(pg_total_relation_size(relid)) from pg_stat_sys_tables where schemaname = 'pg_catalog'
    )::bigint as catalog_bytes,
    (
        select coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)
        from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid
        where relkind = 'r' and starts_with(nspname, 'patient_')
    )::bigint as patient_bytes,
    pg_database_size(current_database()) as database_bytes,
    current_setting('max_locks_per_transaction')::integer * (
        current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer
    ) as lock_places
"""
MEMORY = "select sum(total_bytes) / 1e6 from pg_backend_memory_contexts"
TOUCHED = (0, 1, 10, 100, 1000)


def read_catalog(dsn: str) -> dict[str, object]:
    """Return counts, bytes, and the largest tables of the catalog."""
    with connect(dsn, autocommit=True) as target, target.cursor(row_factory=dict_row) as cursor:
        cursor.execute("select pg_stat_force_next_flush()")
        counts = cursor.execute(COUNTS).fetchone() or {}
        return {**counts, "largest": cursor.execute(LARGEST).fetchall()}


def session_memory(dsn: str, patient_ids: Sequence[str]) -> dict[str, float]:
    """Return the megabytes of a new session by how many patients it has read, as a client of v0.5.0 reads them."""
    found = {}
    with connect(dsn, autocommit=True) as target:
        for number in range(len(patient_ids) + 1):
            if number in TOUCHED:
                (megabytes,) = target.execute(MEMORY).fetchone() or (0,)
                found[str(number)] = round(float(str(megabytes)), 2)
            if number < min(len(patient_ids), TOUCHED[-1]):
                view = sql.Identifier(schema_name(patient_ids[number]), "cancer_transcript_base")
                target.execute(sql.SQL("select count(*) from {} where expression_fold_change > 4").format(view))
    return found
