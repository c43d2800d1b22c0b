"""Odd patients for reports: rows in the journal and among the facts, without schemas."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from helpers import Lab
from page_checks import HOSTILE

from orchestrator.report.facts import Report
from orchestrator.report.read import read
from orchestrator.report.render import render

ODD = """
insert into migration.patient (patient_id, schema_name, source_database, state, run_id, error_code, error_message)
values
    ('ODD_FAILED', 'patient_odd_failed', 'mediabase_patient_ODD_FAILED', 'failed', 1, 'MB099', 'It cannot be read.'),
    ('ODD_NEW', 'patient_odd_new', 'mediabase_patient_ODD_NEW', 'discovered', 1, null, null);
insert into migration.patient (patient_id, schema_name, source_database, state, run_id, legacy_rows, stored_rows,
    baseline_rows, quarantined_rows, quarantine_reasons, legacy_digest, current_digest, built_at)
values
    ('ODD_BUILT', 'patient_odd_built', 'mediabase_patient_ODD_BUILT', 'built', 1, 10, 4, 6, 0, '{}', 'a', null, now());
insert into cohort.patient_error values ('ODD_BUILT', 'patient_facts', '42P01');
insert into migration.validation values
    ('ODD_BUILT', 1, false, '[{"check": "S1", "name": "schema-exists", "count": 1, "named": ["gone"], "show": "look"}]',
     '["as nobody writes it", {"check": "C1", "verdict": "noteworthy"}, 7]', now());
"""
LIKE = "DEMO_HER2"
TABLES = (
    "migration.patient", "migration.validation", "cohort.patient_facts", "cohort.patient_structure",
    "cohort.patient_metadata", "cohort.patient_distribution", "cohort.patient_markers", "cohort.patient_queries",
)  # fmt: skip


def page(lab: Lab) -> str:
    """Return the report of the server as HTML."""
    return "".join(render(facts(lab), lambda: None))


def facts(lab: Lab) -> Report:
    """Return the facts that a report of the server tells."""
    return read(lab.where, lambda _: None)


@contextmanager
def added(lab: Lab, statements: str) -> Iterator[None]:
    """Add odd rows to journal and facts for a while; the tables are then what they were."""
    with lab.session() as connection:
        names = [*TABLES, "cohort.patient_error", "migration.event"]
        for name in names:
            connection.execute(f"create temp table {name.replace('.', '_')} as table {name}".encode())
        try:
            connection.execute(statements.encode())
            yield
        finally:
            for name in names:
                connection.execute(f"delete from {name}; insert into {name} table {name.replace('.', '_')}".encode())


def copies(count: int) -> str:
    """Return statements that add so many patients like one: journal and facts, no schemas."""
    added = """'patient_id', 'TCGA-A1-' || lpad(n::text, 4, '0') || '-01A'"""
    named = """, 'schema_name', 'patient_tcga_a1_' || n || '_01a', 'source_database', 'mediabase_patient_TCGA-A1-' || n,
        'quarantined_rows', 17, 'quarantine_reasons', '{"nan": 13, "null": 4}'::jsonb"""
    return "".join(
        f"""insert into {name} select (jsonb_populate_record(null::{name}, to_jsonb(source)
            || jsonb_build_object({added}{named if name == "migration.patient" else ""}))).*
        from {name} as source, generate_series(1, {count}) as n where source.patient_id = '{LIKE}';"""
        for name in TABLES
    )


def hostile() -> str:
    """Return statements that put hostile text wherever a page shows text that is data."""
    text = HOSTILE.replace("'", "''")
    gene = json.dumps([{"gene_symbol": HOSTILE, "transcript_id": HOSTILE * 9, "fold_change": 2.5}]).replace("'", "''")
    found = json.dumps([{"check": HOSTILE, "name": HOSTILE, "count": 1, "named": [HOSTILE], "show": HOSTILE}])
    return f"""
        update cohort.patient_distribution set top_up = '{gene}' where patient_id = 'DEMO_HER2';
        update cohort.patient_metadata set cancer_type = '{text}', cancer_subtype = repeat('{text}', 9)
        where patient_id = 'DEMO_TNBC';
        update migration.validation set is_passed = false, failures = '{found.replace("'", "''")}'
        where patient_id = 'DEMO_CRC_MSI';
        insert into migration.patient (patient_id, schema_name, source_database, state, run_id, error_code,
            error_message)
        values ('{text}', 'patient_hostile', '{text}', 'failed', 1, 'MB099', '{text}'),
            (repeat('W', 45), 'patient_wide', 'mediabase_patient_' || repeat('W', 45), 'discovered', 1, null, null);
        insert into migration.event (run_id, patient_id, event, detail)
        values (1, '{text}', '{text}', '{{"seconds": 1}}')
    """
