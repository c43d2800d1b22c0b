"""`mediabase query verify`: old queries on the legacy database, new ones on v0.6.0, and what can be said of both."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers import PREFIX, Lab, complaint, laboratory, whole
from other_server import OtherServer
from query_lab import CORPUS

from orchestrator import journal
from orchestrator import sandbox as sandboxes
from orchestrator.errors import ExitCode
from orchestrator.migration.untouched import movements, positions
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import connect
from orchestrator.queries.audit import Check, Sides, audit, explaining
from orchestrator.queries.compare import Column, Rows
from orchestrator.queries.leeway import read_leeway
from orchestrator.queries.outcome import Options, Style
from orchestrator.queries.run import TIMEOUT, WRITES, Failure, reading_session, run, transaction
from orchestrator.queries.verdict import Query, Result, Verdict, judge
from orchestrator.queries.verify import Limits, Verified, verify

CLEAN, BAD, FEWER, OLDER = "DEMO_HER2", "DEMO_BAD_VALUES", "FEWER.1", "OLDER-2"
WIDE = "cancer_transcript_base"
LIMITS = Limits(timeout_seconds=60, most_rows=100_000)
MOST = LIMITS.most_rows
TOO_LONG = "select count(*) from generate_series(1, 100000000000)"

IDENTICAL = [
    f"select gene_symbol, expression_fold_change from {WIDE} where expression_fold_change > 2 "
    "order by expression_fold_change desc, transcript_id",
    f"select * from {WIDE}",
    f"select chromosome, count(*), avg(expression_fold_change), stddev(expression_fold_change) from {WIDE} group by 1",
    f"select count(*) from {WIDE} limit 1",
    f"select transcript_id from {WIDE} where 5 % 2 = 1 and gene_symbol like 'ERB%' limit 50",
    f"explain select gene_symbol from {WIDE} order by 1",
    f"create view high as select gene_symbol from {WIDE} where expression_fold_change > 1.5",
    f"insert into results select transcript_id, expression_fold_change from {WIDE}",
    f"select transcript_id, rank() over (order by expression_fold_change) from {WIDE}",
    "select gene_symbol, gene_type from genes order by gene_id",
    "select 'NaN'::float8, 'infinity'::date, '4000-01-01 BC'::timestamp, interval '1 month', null::text, "
    "'{\"a\": 1.0}'::jsonb, array[1.5, null], '{[1,2]}'::int4multirange, 'é', '\\xff'::bytea, row(1, 'a')",
    f"select drugs, go_terms, pathways from {WIDE} where gene_symbol = 'ERBB2'",
    f"select now() > '2020-01-01', count(*) from {WIDE}",
]
TIES = [
    (f"select gene_symbol from {WIDE} order by expression_fold_change desc", "sort keys"),
    (f"select gene_symbol from {WIDE} order by expression_fold_change desc limit 300", "left out"),
    (f"select transcript_id from {WIDE} order by gene_type offset 7", "left out"),
    (f"select transcript_id from {WIDE} limit 20", "LIMIT without ORDER BY"),
    (f"select distinct on (gene_type) gene_type, transcript_id from {WIDE} order by gene_type, chromosome", "left out"),
    (f"select chromosome, string_agg(gene_symbol, ', ') from {WIDE} group by 1", "another order"),
    (f"select gene_type, array_agg(transcript_id) from {WIDE} group by 1 order by 1", "sort keys"),
    (f"select g.gene_id, array(select c.transcript_id from {WIDE} c) from genes g", "another order"),
]
NOT_COMPARABLE = [
    (f"select now(), count(*) from {WIDE}", "now() may be another"),
    (f"select count(*) from {WIDE} where current_user = 'x' or current_database() = 'mbase'", "current_database()"),
    (f"select random(), gene_symbol from {WIDE}", "not run: random()"),
    ("select pg_sleep(3600)", "not run: pg_sleep()"),
    ("select set_config('transaction_read_only', 'off', true)", "not run: set_config()"),
    ("select gene_id from genes for update", "it writes"),
    ("select gene_id into kept from genes", "it makes a table"),
    (f"select gene_symbol from {WIDE} where gene_symbol = :'symbol'", "fills in"),
    (f"prepare high (float8) as select gene_symbol from {WIDE} where expression_fold_change > $1", "fills in"),
]
FAILS_ALIKE = [
    ("select nothing from genes", "42703"),
    (f"select gene_symbol from {WIDE} where 1 / (expression_fold_change - expression_fold_change) > 0", "22012"),
]
DIFFERS = [
    ("select relname from pg_class", "rows only in v0.5.0"),
    ("select nspname from pg_namespace where nspname = 'migration'", "rows only in v0.5.0: 0, only in v0.6.0: 1"),
    ("select patient_id from migration.patient", "fails in v0.5.0: relation"),
    (f"select transcript_id, row_number() over (order by gene_type) from {WIDE}", "row_number()"),
]
NOT_MIGRATED = [
    (f"create index on {WIDE} (gene_symbol)", Result.REFUSED, "E103"),
    (f"delete from {WIDE}", Result.REFUSED, "E102"),
    ("set work_mem = '1MB'", Result.NOT_RUN, "no query"),
    ("with gone as (delete from genes returning *) select * from gone", Result.NOT_RUN, "no query"),
]
CASES = [
    *((query, Result.IDENTICAL, "") for query in IDENTICAL),
    *((query, Result.TIES, reason) for query, reason in TIES),
    *((query, Result.NOT_COMPARABLE, reason) for query, reason in NOT_COMPARABLE),
    *((query, Result.FAILS_ALIKE, reason) for query, reason in FAILS_ALIKE),
    *((query, Result.DIFFERS, reason) for query, reason in DIFFERS),
    *NOT_MIGRATED,
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Return a laboratory with migrated patients: one without faults, one with rows in quarantine, one that lacks
    transcripts, and one whose legacy database has another core.
    """
    with laboratory(sandboxes.Generated(transcripts=600)) as made:
        made.add_patient(FEWER, f"delete from {WIDE} where expression_fold_change = 1.0 and transcript_id like '%1'")
        made.add_patient(
            OLDER,
            "update genes set gene_symbol = 'OLD' where gene_symbol = 'ERBB2'",
            f"update {WIDE} set gene_symbol = 'OLD' where gene_symbol = 'ERBB2'",
        )
        made.migrate(CLEAN, BAD, FEWER, OLDER)
        yield made


def ask(
    lab: Lab, folder: Path, *queries: str, patient: str = CLEAN, style: Style = Style.AUTO, limits: Limits = LIMITS
) -> tuple[list[Check], list[Verdict]]:
    """Verify queries, which are one file; return what the audit says, and a verdict each."""
    path = folder / "queries.sql"
    path.write_text(";\n".join(queries))
    checks: list[Check] = []
    reported: list[Verified] = []

    def begin(found: object, total: int) -> None:
        assert not reported, "the audit comes first"
        assert total == len(queries)
        checks.extend(found)  # type: ignore[call-overload]

    verified = verify(lab.where, patient, [path], Options(style=style), limits, begin, reported.append)
    assert verified == reported
    assert [each.line for each in verified] == list(range(1, len(queries) + 1))
    return checks, [each.verdict for each in verified]


def unmet(checks: list[Check]) -> dict[str, str]:
    """Return the preconditions that do not hold, with what was seen."""
    return {each.name: each.message for each in checks if not each.is_met}


@contextmanager
def sides(lab: Lab, seconds: int = 60) -> Iterator[Sides]:
    """Yield a transaction in the legacy database of the patient without faults, and one in the target."""
    with ExitStack() as stack:
        old = stack.enter_context(reading_session(lab.where.legacy, PREFIX + CLEAN))
        new = stack.enter_context(reading_session(lab.where.target))
        for connection in (old, new):
            stack.enter_context(transaction(connection, seconds))
        yield Sides(old, new)


def judged(lab: Lab, old: str, new: str, most: int = MOST, schema: str | None = None) -> Verdict:
    """Compare two texts of any kind."""
    with sides(lab) as found:
        return judge(Query(found.old, old), Query(found.new, new, schema), read_leeway(old), most)


# Verdicts of migrated queries


@pytest.fixture(scope="module")
def answers(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Return the verdicts of all cases, and see that both servers were left alone."""
    before = positions(lab.where)
    checks, verdicts = ask(lab, tmp_path_factory.mktemp("cases"), *(query for query, *_ in CASES))
    assert [each.is_untouched for each in movements(before, positions(lab.where))] == [True]
    assert not unmet(checks), checks
    return dict(zip((query for query, *_ in CASES), verdicts, strict=True))


@pytest.mark.parametrize(("query", "result", "reason"), CASES, ids=[query for query, *_ in CASES])
def test_queries(answers: dict[str, Verdict], query: str, result: Result, reason: str) -> None:
    """Each has its verdict, with the reason; the number of rows where there were any."""
    found = answers[query]
    assert found.result is result, found
    assert reason in found.reason
    if result in (Result.IDENTICAL, Result.TIES):
        assert found.counts
        assert found.counts[0] == found.counts[1] > 0


@pytest.mark.parametrize("style", list(Style))
def test_every_style(lab: Lab, tmp_path: Path, style: Style) -> None:
    """What is the same stays the same, however it is migrated; guide only where it can be."""
    plain = [query for query in IDENTICAL if "drugs" not in query and "select *" not in query and "insert" not in query]
    queries = [*(plain if style is Style.GUIDE else IDENTICAL), *(query for query, _ in TIES)]
    _, verdicts = ask(lab, tmp_path, *queries, style=style)
    assert {each.result for each in verdicts} <= {Result.IDENTICAL, Result.TIES}, verdicts


def test_the_whole_corpus(lab: Lab, tmp_path: Path) -> None:
    """Statements of every kind: none of those that are migrated through the view differs."""
    paths = sorted(CORPUS.glob("*.sql"))
    verified = verify(lab.where, CLEAN, paths, Options(style=Style.VIEW), LIMITS, lambda *_: None, lambda _: None)
    found = [each for each in verified if each.verdict.result is Result.DIFFERS]
    assert not found, found
    assert sum(each.verdict.result is Result.IDENTICAL for each in verified) > 300


def test_a_script_that_sets_the_path_itself(lab: Lab, tmp_path: Path) -> None:
    """What follows in it reads the patient, not what may still be left of the wide table in the core."""
    path = f"set search_path = {schema_name(CLEAN)}, public"
    query = f"select gene_symbol from {WIDE} where expression_fold_change > 2"
    assert lab.query(query) == []
    _, (_, found) = ask(lab, tmp_path, path, query)
    assert (found.result, found.counts) == (Result.IDENTICAL, (27, 27))


def test_round_is_repaired_on_both_sides(lab: Lab, tmp_path: Path) -> None:
    """ROUND(double precision, integer) never ran; repaired it can be compared."""
    path = tmp_path / "round.sql"
    path.write_text(f"select gene_symbol, round(expression_fold_change, 2) from {WIDE} order by transcript_id")
    for fix_round, result in ((False, Result.REFUSED), (True, Result.IDENTICAL)):
        options = Options(fix_round=fix_round)
        (found,) = verify(lab.where, CLEAN, [path], options, LIMITS, lambda *_: None, lambda _: None)
        assert found.verdict.result is result, found


# Two texts, whatever they are


def test_rows_that_differ_are_shown(lab: Lab) -> None:
    """Those of each side that the other does not have, and no others."""
    old = f"select gene_symbol, expression_fold_change from {WIDE} where expression_fold_change > 2"
    new = old.replace(WIDE, f"{schema_name(CLEAN)}.{WIDE}").replace("> 2", "> 2 and gene_symbol <> 'ERBB2'")
    found = judged(lab, old, new)
    assert (found.result, found.is_of_rows, found.is_order_only) == (Result.DIFFERS, True, False)
    assert found.columns == ("gene_symbol", "expression_fold_change")
    assert [row[0] for row in found.only_old] == ["ERBB2"]
    assert not found.only_new


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("select 1 as a", "select 1 as b", "a integer in v0.5.0, b integer in v0.6.0"),
        ("select 1 as a", "select 1::bigint as a", "a integer in v0.5.0, a bigint in v0.6.0"),
        ("select 'x'::text as a", "select 'x'::varchar(50) as a", "a text in v0.5.0, a character varying in v0.6.0"),
        ("select 1 as a", "select 1 as a, 2 as b", "1 columns in v0.5.0, 2 in v0.6.0"),
        ("select 1 as a, 2 as b", "select 2 as b, 1 as a", "a integer in v0.5.0, b integer in v0.6.0"),
        ("select 1.0::float8", "select 1.0", "float8 double precision in v0.5.0, ?column? numeric in v0.6.0"),
    ],
)
def test_columns_differ(lab: Lab, old: str, new: str, reason: str) -> None:
    """Names, types and their order; the server's typmod is no part of a type."""
    found = judged(lab, old, new)
    assert (found.result, found.is_of_rows) == (Result.DIFFERS, False)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        ("order by n", "order by n", Result.IDENTICAL),
        ("order by n", "order by n desc", Result.DIFFERS),
        ("order by n", "order by n % 2", Result.DIFFERS),
        ("order by tie", "order by tie", Result.TIES),
        ("order by tie", "order by tie desc", Result.DIFFERS),
        ("order by tie, n", "order by tie, n", Result.IDENTICAL),
        ("order by tie, n", "order by tie", Result.NOT_COMPARABLE),
        ("order by n % 2", "order by n % 2", Result.TIES),
        ("order by n % 2", "order by n % 2 desc", Result.DIFFERS),
        ("order by hidden", "order by hidden", Result.TIES),
        ("order by hidden", "order by tie", Result.DIFFERS),
        ("order by hidden limit 3", "order by hidden limit 3", Result.TIES),
        ("order by hidden limit 3", "order by hidden desc limit 3", Result.DIFFERS),
        ("order by hidden limit 3", "order by hidden  LIMIT 3", Result.TIES),
        ("order by hidden limit 3", "order by hidden limit 2", Result.NOT_COMPARABLE),
        ("order by hidden limit 2", "order by hidden limit 2 offset 2", Result.NOT_COMPARABLE),
        ("order by n limit 2", "order by n desc limit 2", Result.DIFFERS),
        ("limit 2", "limit 2", Result.TIES),
        ("limit 2", "limit 3", Result.NOT_COMPARABLE),
        ("limit 2", "where n > 1 limit 2", Result.DIFFERS),
        ("where n < 5 limit 2", "where n < 3 limit 2", Result.NOT_COMPARABLE),
        ("limit 9", "limit 9", Result.IDENTICAL),
        ("", "", Result.IDENTICAL),
        ("", "order by n", Result.IDENTICAL),
        ("", "union all select 1, 'a'", Result.DIFFERS),
    ],
)
def test_order(lab: Lab, old: str, new: str, result: Result) -> None:
    """The order counts where the old query has one: that of its keys, which the new one must have as well."""
    table = "select n, tie from (values (1, 'a', 1), (2, 'a', 1), (3, 'b', 2), (4, 'b', 2)) as t (n, tie, hidden) "
    reverse = "select n, tie from (values (4, 'b', 2), (3, 'b', 2), (2, 'a', 1), (1, 'a', 1)) as t (n, tie, hidden) "
    found = judged(lab, table + old, reverse + new)
    assert found.result is result, found


def test_ties_by_keys_that_are_not_in_the_result(lab: Lab) -> None:
    """They are looked at, too: rows in another order are the same only where those are."""
    old = "select n from (values (1, 1), (2, 1), (3, 2)) as t (n, key) order by key"
    new = "select n from (values (2, 1), (1, 1), (3, 2)) as t (n, key) order by key"
    other = "select n from (values (2, 1), (1, 2), (3, 2)) as t (n, key) order by key"
    assert judged(lab, old, new).result is Result.TIES
    found = judged(lab, old, other)
    assert (found.result, found.only_old, found.only_new) == (Result.DIFFERS, [(1,)], [(2,)])
    assert "from row 1" in found.reason
    in_set = "(select n from (values {}) as t (n) limit 3) order by n % 1"
    found = judged(lab, in_set.format("(1), (2)"), in_set.format("(2), (1)"))
    assert found.result in (Result.NOT_COMPARABLE, Result.FAILS_ALIKE)


def test_floats_that_tie_almost(lab: Lab) -> None:
    """Sums in another order: two groups that change places for their last digit are the same up to ties."""
    query = "select g, x from (values ('a', {}::float8), ('b', {}::float8)) as t (g, x) order by x desc"
    found = judged(lab, query.format("0.3", "0.30000000000000004"), query.format("0.30000000000000004", "0.3"))
    assert found.result is Result.TIES, found
    assert judged(lab, query.format("0.3", "0.31"), query.format("0.31", "0.3")).result is Result.DIFFERS


def test_what_is_too_large_to_compare(lab: Lab) -> None:
    """It is never called the same; fewer rows on one side are a difference."""
    query = "select n from generate_series(1, {}) as n"
    assert judged(lab, query.format(10), query.format(10), most=10).result is Result.IDENTICAL
    assert judged(lab, query.format(11), query.format(11), most=10).result is Result.NOT_COMPARABLE
    found = judged(lab, query.format(11), query.format(10), most=10)
    assert (found.result, found.reason) == (Result.DIFFERS, "rows in v0.5.0: more than 10, in v0.6.0: 10")
    ordered = "select n from generate_series(1, {0}) as n order by n / 100 {1} limit 5"
    found = judged(lab, ordered.format(50, "asc"), ordered.format(50, "asc, n desc"), most=10)
    assert (found.result, "rows that tie may be left out" in found.reason) == (Result.NOT_COMPARABLE, True)
    anyone = "select n from generate_series(1, 50) as n {} limit 5"
    found = judged(lab, anyone.format(""), anyone.format("order by n desc"), most=10)
    assert (found.result, "LIMIT without ORDER BY" in found.reason) == (Result.NOT_COMPARABLE, True)


def test_failures(lab: Lab) -> None:
    """Alike, on one side, or otherwise; what does not depend on the query is no comparison."""
    assert judged(lab, "select 1/0", "select 1/(2-2)").result is Result.FAILS_ALIKE
    found = judged(lab, "select 1/0", "select 1")
    assert (found.result, found.reason) == (Result.DIFFERS, "fails in v0.5.0: division by zero (22012)")
    found = judged(lab, "select 1/0", "select nothing")
    assert found.result is Result.DIFFERS
    assert "in v0.5.0: division by zero (22012); in v0.6.0: column" in found.reason


@pytest.mark.parametrize(
    ("sqlstate", "is_of_the_query"),
    [
        ("42P01", True), ("22012", True), ("42883", True), ("P0001", True), (WRITES, False), (TIMEOUT, False),
        ("53100", False), ("53200", False), ("55P03", False), ("40001", False), ("0A000", False), ("", False),
    ],
)  # fmt: skip
def test_failures_that_say_nothing_of_the_query(sqlstate: str, is_of_the_query: bool) -> None:
    """A full disk, a lock, or that we let nothing write: on both sides it is no proof that both fail alike."""
    assert Failure(sqlstate, "").is_of_the_query is is_of_the_query


@pytest.mark.parametrize(("old", "new"), [(TOO_LONG, "select 1"), ("select 1", TOO_LONG), (TOO_LONG, TOO_LONG)])
def test_time_is_limited(lab: Lab, old: str, new: str) -> None:
    """On each side, also when it runs out on both."""
    with sides(lab, seconds=1) as found:
        verdict = judge(Query(found.old, old), Query(found.new, new), read_leeway(old), MOST)
    assert (verdict.result, "--timeout" in verdict.reason) == (Result.NOT_COMPARABLE, True)


# One query


@pytest.mark.parametrize(
    ("query", "sqlstate"),
    [
        ("delete from genes", "42601"),
        ("select 1; delete from genes", "42601"),
        ("select 1; commit; delete from genes", "42601"),
        ("commit", "42601"),
        ("with gone as (delete from genes returning *) select * from gone", "0A000"),
        ("select gene_id into kept from genes", "42601"),
        ("select nextval('genes_seq')", WRITES),
        ("select lo_create(0)", WRITES),
        ("select pg_catalog.set_config('transaction_read_only', 'off', true)", "25001"),
        ("select gene_id from genes for update", WRITES),
        (TOO_LONG, TIMEOUT),
    ],
)
def test_nothing_writes(lab: Lab, query: str, sqlstate: str) -> None:
    """Whatever is run, nothing is changed, and the next query still runs."""
    lab.change(CLEAN, "create sequence if not exists genes_seq")
    before = whole(lab, PREFIX + CLEAN)
    with sides(lab, seconds=1) as found:
        failed = run(found.old, query, 10)
        assert isinstance(failed, Failure)
        assert failed.sqlstate == sqlstate, failed
        assert run(found.old, "select 1 as a", 10) == Rows((Column("a", "integer"),), [(1,)])
    assert whole(lab, PREFIX + CLEAN) == before


def test_values_that_cannot_be_read(lab: Lab) -> None:
    """Bytes that are no text of any encoding fail the query, not the command."""
    lab.execute("create database ascii encoding 'SQL_ASCII' locale 'C' template template0", "postgres")
    try:
        with reading_session(lab.where.target, "ascii") as connection, transaction(connection, 10):
            failed = run(connection, r"select e'\xff'", 10)
            assert isinstance(failed, Failure)
            assert isinstance(run(connection, "select 1", 10), Rows)
    finally:
        lab.execute("drop database ascii", "postgres")


def test_a_table_that_somebody_has_locked(lab: Lab, tmp_path: Path) -> None:
    """It is not waited for longer than a query may take."""
    with connect(lab.where.legacy, dbname=PREFIX + CLEAN) as other:
        other.execute(f"lock table {WIDE} in access exclusive mode")
        limits = replace(LIMITS, timeout_seconds=1)
        checks, (found,) = ask(lab, tmp_path, f"select count(*) from {WIDE}", limits=limits)
    assert found.result is Result.NOT_COMPARABLE, found
    assert {each.name for each in checks if each.is_met is None} >= {"legacy rows", "core columns"}


# The audit


def test_quarantined_rows_explain_a_difference(lab: Lab, tmp_path: Path) -> None:
    """An orphan has no gene in v0.6.0; what does not read it is the same."""
    checks, (all_of_them, values, known, genes) = ask(
        lab, tmp_path, f"select gene_symbol, expression_fold_change from {WIDE}",
        f"select transcript_id, expression_fold_change from {WIDE}",
        f"select gene_symbol, expression_fold_change from {WIDE} where gene_symbol = 'ERBB2'",
        "select gene_symbol from genes", patient=BAD,
    )  # fmt: skip
    assert unmet(checks).keys() == {"quarantined rows", "table genes"}
    assert "3 orphan" in unmet(checks)["quarantined rows"]
    assert all_of_them.result is Result.NOT_COMPARABLE
    assert "rows only in v0.5.0: 3, only in v0.6.0: 3; quarantined rows: 13" in all_of_them.reason
    assert (values.result, known.result) == (Result.IDENTICAL, Result.IDENTICAL)
    assert (genes.result, "table genes" in genes.reason) == (Result.NOT_COMPARABLE, True)


def test_extra_core_transcripts_explain_a_difference(lab: Lab, tmp_path: Path) -> None:
    """They read 1.0; a query that leaves the baseline out is the same."""
    checks, (baseline, high, order) = ask(
        lab, tmp_path, f"select transcript_id from {WIDE} where expression_fold_change = 1",
        f"select gene_symbol, expression_fold_change from {WIDE} where expression_fold_change > 2",
        f"select transcript_id from {WIDE} order by expression_fold_change, transcript_id limit 100", patient=FEWER,
    )  # fmt: skip
    assert unmet(checks).keys() == {"extra core transcripts"}
    assert (baseline.result, "extra core transcripts" in baseline.reason) == (Result.NOT_COMPARABLE, True)
    assert not baseline.only_old
    assert high.result is Result.IDENTICAL
    assert order.result is Result.NOT_COMPARABLE


def test_another_core_explains_a_difference(lab: Lab, tmp_path: Path) -> None:
    """A gene was renamed since: whoever reads the symbol, from the wide table or from genes."""
    checks, (symbol, gene, biotype, drugs) = ask(
        lab, tmp_path, f"select gene_symbol from {WIDE}", "select gene_symbol from genes",
        f"select gene_id, expression_fold_change from {WIDE}", "select count(*) from gene_drug_interactions",
        patient=OLDER,
    )  # fmt: skip
    assert unmet(checks).keys() == {"core columns", "table genes"}
    assert re.match(r"\d+ transcripts have another gene", unmet(checks)["core columns"])
    assert (symbol.result, "core columns" in symbol.reason) == (Result.NOT_COMPARABLE, True)
    assert (gene.result, "table genes" in gene.reason) == (Result.NOT_COMPARABLE, True)
    assert (biotype.result, drugs.result) == (Result.IDENTICAL, Result.IDENTICAL)


def test_changes_since_the_migration_explain_a_difference(lab: Lab, tmp_path: Path) -> None:
    """On either side; undone again, nothing is to be explained."""
    query = f"select transcript_id, expression_fold_change from {WIDE}"
    changes = {
        "legacy rows": (PREFIX + CLEAN, f"update {WIDE} set expression_fold_change = expression_fold_change * {{}}"),
        "v0.6.0 rows": (
            "mbase",
            f"update {schema_name(CLEAN)}.expression_data set expression_fold_change = expression_fold_change * {{}}",
        ),
    }
    for name, (database, change) in changes.items():
        lab.execute(change.format(2), database)
        checks, (found,) = ask(lab, tmp_path, query)
        lab.execute(change.format(0.5), database)
        assert unmet(checks).keys() == {name}
        assert (found.result, name in found.reason) == (Result.NOT_COMPARABLE, True)
    checks, (found,) = ask(lab, tmp_path, query)
    assert (unmet(checks), found.result) == ({}, Result.IDENTICAL)


def test_a_wrong_query_is_not_explained(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows in quarantine or extra transcripts excuse no text that does not say what the patient's view says."""
    query = f"select transcript_id from {WIDE} where expression_fold_change = 1"
    assert ask(lab, tmp_path, query, patient=FEWER)[1][0].result is Result.NOT_COMPARABLE
    monkeypatch.setattr("orchestrator.queries.rewrite.BASELINE_SQL", "2.0")
    _, (found,) = ask(lab, tmp_path, query, patient=FEWER)
    assert found.result is Result.DIFFERS, found


def test_a_difference_in_what_is_built_anew_is_one(lab: Lab, tmp_path: Path) -> None:
    """The view's drugs come from the core as it is now: no precondition excuses that they are others."""
    query = f"select gene_symbol, drugs from {WIDE}"
    lab.execute("update gene_drug_interactions set drug_name = drug_name || ' (new)'")
    checks, (found, table) = ask(lab, tmp_path, query, "select drug_name from gene_drug_interactions")
    lab.execute("update gene_drug_interactions set drug_name = replace(drug_name, ' (new)', '')")
    assert found.result is Result.DIFFERS, found
    assert (table.result, unmet(checks).keys()) == (Result.NOT_COMPARABLE, {"table gene_drug_interactions"})


def test_other_servers_types_and_sorting(lab: Lab, debian: OtherServer) -> None:
    """Types go by name, text in another order is told from rows that differ, and what is absent explains nothing."""
    made = "create type level as enum ('low', 'high'); create table t (name text, level level)"
    rows = "insert into t values ('B', 'low'), ('C', 'high'), ('a', 'low')"
    with connect(debian.dsn("postgres"), autocommit=True) as other:
        other.execute("create database icu template template0 locale_provider icu icu_locale 'en-US'")
    lab.execute("create database plain", "postgres")
    try:
        for dsn, name in ((debian.dsn("icu"), "icu"), (lab.where.target, "plain")):
            with connect(dsn, dbname=name, autocommit=True) as connection:
                connection.execute(f"{made}; {rows}".encode())
        with (
            reading_session(debian.dsn("icu")) as old,
            reading_session(lab.where.target, "plain") as new,
            transaction(old, 60),
            transaction(new, 60),
        ):
            verdicts = {
                query: judge(Query(old, query), Query(new, query), read_leeway(query), MOST)
                for query in ("select name, level from t", "select name from t order by name",
                              "select name from t order by level, name limit 1")
            }  # fmt: skip
            checks = audit(Sides(old, new), _patient(lab), ["t", "absent"])
    finally:
        lab.execute("drop database plain", "postgres")
        with connect(debian.dsn("postgres"), autocommit=True) as other:
            other.execute("drop database icu")
    plain, ordered, cut = verdicts.values()
    assert plain.result is Result.IDENTICAL, plain
    assert (ordered.result, ordered.is_order_only) == (Result.DIFFERS, True)
    assert (cut.result, cut.is_order_only, cut.only_old, cut.only_new) == (Result.DIFFERS, True, [("a",)], [("B",)])
    found = {each.name: each.is_met for each in checks}
    assert (found["sorting"], found["table t"], found["legacy rows"], found["core columns"]) == (
        False,
        True,
        None,
        None,
    )
    assert [each.name for each in explaining(checks, {"t", "the order of rows"})] == ["sorting"]
    assert not explaining(checks, {"t", WIDE})


def _patient(lab: Lab) -> journal.Patient:
    with connect(lab.where.target) as target:
        return journal.patients(target, [CLEAN])[CLEAN]


# The command


def test_the_command_for_people(lab: Lab, tmp_path: Path) -> None:
    """The audit first, then a line a statement, then the rows that differ; no value on standard error."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one.sql").write_text(f"select gene_symbol from {WIDE};\nselect nspname from pg_namespace;\n")
    (tmp_path / "two.md").write_text(f"# Two\n\n```sql\nselect count(*) from {WIDE}\n```\n")
    done = lab.call("query", "verify", tmp_path, "--patient", CLEAN, "--limit", "1")
    assert done.returncode == ExitCode.FAILED, done.stderr
    said = " ".join(done.stdout.split())
    places = [said.index(text) for text in ("precondition", "v0.5.0 against v0.6.0", "the first rows that differ")]
    assert places == sorted(places)
    assert "3 statements: 1 differs, 2 identical." in done.stdout
    assert "one.sql:2" in done.stdout and "two.md:4" in done.stdout
    assert "migration" not in done.stderr and "one.sql:2: differs" in done.stderr


def test_the_command_for_machines(lab: Lab, tmp_path: Path) -> None:
    """All of it is valid JSON, NaN and NULL included; what is not comparable is exit code 3."""
    path = tmp_path / "odd.sql"
    path.write_text(
        f"select expression_fold_change, null as nothing, now() from {WIDE} order by 1 desc;\nselect gene_id from genes"
    )
    done = lab.call("query", "verify", path, "--patient", BAD, "--json", "--limit", "2")
    assert (done.returncode, done.stderr) == (ExitCode.QUARANTINED, "")
    found = json.loads(done.stdout, parse_constant=pytest.fail)
    assert (found["patient_id"], found["exit_code"]) == (BAD, 3)
    assert {each["name"]: each["is_met"] for each in found["audit"]}["quarantined rows"] is False
    odd, genes = found["statements"]
    assert (odd["result"], odd["line"], odd["columns"]) == (
        "not comparable",
        1,
        ["expression_fold_change", "nothing", "now"],
    )
    assert len(odd["only_in_v050"]) == 2
    assert all(row[1] is None for row in odd["only_in_v050"])
    assert datetime.fromisoformat(odd["only_in_v050"][0][2]).astimezone(UTC).year >= 2024
    assert (genes["result"], genes["rows"]) == ("not comparable", [285, 284])


def test_the_command_when_all_is_the_same(lab: Lab, tmp_path: Path) -> None:
    """Exit code 0, also with statements that hold no query."""
    path = tmp_path / "same.sql"
    path.write_text(f"set work_mem = '1MB';\nselect gene_symbol from {WIDE} order by expression_fold_change;\n")
    done = lab.call("query", "verify", path, "--patient", CLEAN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 statements: 1 not run, 1 same up to ties." in done.stdout


def test_the_command_is_refused(lab: Lab, tmp_path: Path) -> None:
    """Before anything is run: an unknown patient, no files, and a legacy database that is gone."""
    path = tmp_path / "any.sql"
    path.write_text("select 1")
    nobody = lab.call("query", "verify", path, "--patient", "NOBODY")
    assert "NOBODY" in complaint(nobody, ExitCode.REFUSED)
    assert "not a patient id" in complaint(lab.call("query", "verify", path, "--patient", "a b"), ExitCode.USAGE)
    absent = lab.call("query", "verify", tmp_path / "absent.sql", "--patient", CLEAN)
    assert "absent.sql" in complaint(absent, ExitCode.USAGE)
    lab.execute(f'alter database "{PREFIX}{OLDER}" rename to moved', "postgres")
    try:
        gone = lab.call("query", "verify", path, "--patient", OLDER)
    finally:
        lab.execute(f'alter database moved rename to "{PREFIX}{OLDER}"', "postgres")
    assert f"There is no {PREFIX}{OLDER}" in complaint(gone, ExitCode.REFUSED)
    assert "precondition" not in gone.stdout
