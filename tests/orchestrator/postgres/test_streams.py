"""Digests, fingerprints and connections: what parity stands on."""

import hashlib
import math
import struct
from pathlib import Path

import pytest
from helpers import Lab
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from orchestrator.legacy.survey import Fingerprint, changed_rows, fingerprint
from orchestrator.migration import core
from orchestrator.migration.parity import read_digest
from orchestrator.postgres.connection import Connection, environment, resolve
from orchestrator.postgres.copy import read_stream

IDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=60)
ODD = st.sampled_from([math.nan, -math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1.7976931348623157e308, 1.0])
VALUES = st.none() | st.floats(width=64) | ODD
ROWS = st.dictionaries(IDS, VALUES, max_size=12)
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def tables(laboratory_server: Lab) -> Connection:
    """Return a session with an empty patient schema `digested`."""
    core.upgrade(laboratory_server.where.target)
    with laboratory_server.session() as connection:
        connection.execute(
            "create schema digested; "
            "create table digested.expression_data (transcript_id text, expression_fold_change "
            "double precision); "
            "create table digested.quarantined_expression (transcript_id text, "
            "expression_fold_change double precision)"
        )
        yield connection
        connection.execute("drop schema digested cascade")


def fill(connection: Connection, rows: dict[str, float | None]) -> None:
    """Put every other row into each of the two tables, bit by bit."""
    for part, table in enumerate(("expression_data", "quarantined_expression")):
        name = sql.Identifier("digested", table)
        connection.execute(sql.SQL("truncate {}").format(name))
        with connection.cursor().copy(sql.SQL("copy {} from stdin (format binary)").format(name)) as copy:
            copy.set_types(["text", "float8"])
            for row in list(rows.items())[part::2]:
                copy.write_row(row)


def stream_of(rows: dict[str, float | None]) -> bytes:
    """Return the binary COPY stream of the rows, as PostgreSQL's manual describes it."""
    parts = [b"PGCOPY\n\xff\r\n\x00", bytes(8)]
    for id_, value in sorted(rows.items(), key=lambda row: row[0].encode()):
        name = id_.encode()
        parts.append(struct.pack(">hi", 2, len(name)) + name)
        parts.append(struct.pack(">i", -1) if value is None else struct.pack(">id", 8, value))
    return b"".join([*parts, b"\xff\xff"])


@given(rows=ROWS)
@RELAXED
def test_the_digest_of_sql_is_that_of_the_binary_stream(tables: Connection, rows: dict[str, float | None]) -> None:
    """For any ids and values; both are also what the format's description gives."""
    fill(tables, rows)
    wanted = hashlib.sha256(stream_of(rows)).hexdigest()
    assert read_digest(tables, "digested") == wanted
    both = sql.SQL(
        "select * from (select * from digested.expression_data union all "
        'select * from digested.quarantined_expression) as t order by transcript_id collate "C"'
    )
    written: list[bytes] = []
    stream = read_stream(tables, both, write=written.append)
    assert (stream.digest, stream.rows) == (wanted, len(rows))
    assert b"".join(written) == stream_of(rows)


@given(rows=ROWS.filter(bool), data=st.data())
@RELAXED
def test_any_change_changes_the_digest(tables: Connection, rows: dict[str, float | None], data: st.DataObject) -> None:
    """One value's bits, one row less, one id."""
    fill(tables, rows)
    before = read_digest(tables, "digested")
    id_ = data.draw(st.sampled_from(sorted(rows)))
    bits = None if rows[id_] is None else struct.pack(">d", rows[id_])
    other = data.draw(VALUES.filter(lambda value: (None if value is None else struct.pack(">d", value)) != bits))
    fill(tables, {**rows, id_: other})
    assert read_digest(tables, "digested") != before
    fill(tables, {key: value for key, value in rows.items() if key != id_})
    assert read_digest(tables, "digested") != before


@given(rows=ROWS, others=ROWS)
@RELAXED
def test_fingerprints_and_hash_sums_tell_sets_of_rows_apart(
    tables: Connection, rows: dict[str, float | None], others: dict[str, float | None]
) -> None:
    """Equal for equal rows in any order, different otherwise; a NULL is not a zero."""
    select = sql.SQL("select * from digested.expression_data union all select * from digested.quarantined_expression")

    def sums(content: dict[str, float | None]) -> Fingerprint:
        fill(tables, content)
        return changed_rows(tables, select)

    assert sums(rows) == sums(dict(reversed(rows.items())))
    # Hashes, like comparisons, take -0 for 0 and one NaN for another; the digest does not.
    normal = [
        {key: None if value is None else "nan" if math.isnan(value) else value + 0.0 for key, value in each.items()}
        for each in (rows, others)
    ]
    assert (sums(rows) == sums(others)) == (normal[0] == normal[1])


def test_fingerprints_of_the_core_and_of_a_patient_are_equal(lab: Lab) -> None:
    """The quick way is taken for a patient with the core's ids, and only for that."""
    with lab.session() as core, lab.session("mediabase_patient_DEMO_HER2") as patient:
        assert fingerprint(core, "transcripts") == fingerprint(patient, "cancer_transcript_base")
    with lab.session("mediabase_patient_DEMO_BAD_VALUES") as patient, lab.session() as core:
        assert fingerprint(core, "transcripts") != fingerprint(patient, "cancer_transcript_base")


def test_long_streams_come_in_blocks(lab: Lab) -> None:
    """Memory is independent of a patient's size: no block has more than 4,000 rows."""
    blocks: list[int] = []
    with lab.session() as connection:
        query = sql.SQL(
            "select n::text as transcript_id, n::float8 as expression_fold_change from generate_series(1, 50000) as n"
        )
        stream = read_stream(connection, query, write=lambda block: blocks.append(len(block)))
    assert stream.rows == 50_000
    bytes_a_row = 2 + 4 + 5 + 4 + 8
    assert len(blocks) > 12 and max(blocks) <= 4_000 * bytes_a_row


def test_service_files_are_followed(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`service=NAME` is resolved by libpq, for this process's children too."""
    host = lab.home / "run"
    (tmp_path / "services").write_text(f"[core]\nhost={host}\nuser=mediabase\ndbname=mbase\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    assert resolve("service=core")["dbname"] == "mbase"
    assert environment("service=core")["PGHOST"] == str(host)
    done = lab.run("psql", "-Atc", "select current_database()", MEDIABASE_DSN="service=core",
                   PGSERVICEFILE=str(tmp_path / "services"))  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "mbase\n"), done.stderr
