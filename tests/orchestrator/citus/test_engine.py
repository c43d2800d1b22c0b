"""What depends on the engine, as far as a server without Citus can tell."""

import jinja2
import pytest
from helpers import CHECKOUT, Lab

from orchestrator.migration.core import CORE_TABLES
from orchestrator.postgres.engine import dump_options, is_citus, reader_options, share, table_bytes
from orchestrator.postgres.statements import statement

ENGINES = ("postgresql", "citus")


def rendered(call: str, engine: str) -> str:
    """Return what a macro of macros/engine makes of a target on this engine."""
    name = call.partition("(")[0]
    text = (CHECKOUT / "macros" / "engine" / f"{name}.sql").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=False).from_string(f"{text}{{{{ {call} }}}}")  # noqa: S701  # it is SQL
    return template.render({"engine": lambda: engine, "return": lambda value: value}).strip()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_patient_is_distributed_on_citus_only(engine: str) -> None:
    """Elsewhere the block has nothing to do; PL/pgSQL wants a statement all the same."""
    text = rendered("distribute_patient()", engine)
    assert ("citus_schema_distribute" in text) == (engine == "citus")
    assert text == "null" or engine == "citus"


def test_patients_a_transaction() -> None:
    """As many as is asked for, and one where a node may be lost."""
    assert rendered("patients_a_transaction(20)", "postgresql") == "20"
    assert rendered("patients_a_transaction(20)", "citus") == "1"


def test_a_plain_target_is_as_it_was(lab: Lab) -> None:
    """No option, no other expression, and nothing done to the core."""
    with lab.session() as connection:
        assert not is_citus(connection)
        assert table_bytes(connection).as_string(connection) == "pg_total_relation_size(pg_class.oid)"
        assert dump_options(connection) == []
        assert reader_options(connection) == "nologin"
        share(connection, CORE_TABLES)


def test_tables_are_shared_after_those_that_they_refer_to(lab: Lab) -> None:
    """The core's, and what refers to them; those that are shared already are left out."""
    with lab.session() as connection, connection.transaction(force_rollback=True):
        connection.execute('create temporary table pg_dist_partition (logicalrelid regclass, repmodel "char")')
        connection.execute("insert into pg_dist_partition values ('genes', 's'), ('gene_pathways', 't')")
        query = statement("orchestrator.postgres", "citus_unshared")
        found = [name for (name,) in connection.execute(query, {"tables": list(CORE_TABLES)}).fetchall()]
    assert found[0] == "genes" and found[-1] == "transcript_go_terms"
    assert set(found) == {*CORE_TABLES, "gene_publications"} - {"gene_pathways"}
