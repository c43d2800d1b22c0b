"""v0.5.0 against v0.6.0, both live: every corruption is found and named, and nothing else is."""

import json
import math
import random
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import DEMO, PREFIX, Lab, complaint, laboratory, mediabase, temporary_home
from other_server import OtherServer
from psycopg import sql

from orchestrator import journal
from orchestrator import sandbox as sandboxes
from orchestrator.migration import bisection, parity_check
from orchestrator.migration.bisection import Side, compare, look
from orchestrator.migration.parity_check import check_parity
from orchestrator.migration.parity_result import Parity, number_text
from orchestrator.patient_id import schema_name
from orchestrator.postgres.connection import Servers, connect

SEED = 20_250
WIDE, STORED, QUARANTINED = "cancer_transcript_base", "expression_data", "quarantined_expression"
CHANGED = {"legacy": "legacy changed", "current": "v0.6.0 changed"}
ERBB2 = "ENST00000269571"
HER2 = "patient_demo_her2"

Change = tuple[str, list[object]]
"""A statement and its parameters."""
Made = tuple[str, set[str], list[Change]]
"""The side that is changed, the transcripts, and how."""


def parity(lab: Lab, *patient_ids: str, where: Servers | None = None, limit: int = 20, jobs: int = 1) -> list[Parity]:
    """Compare patients (none named: all) as the command does."""
    return check_parity(where or lab.where, patient_ids or None, jobs, limit, lambda _: None, lambda _: None)


def one(lab: Lab, patient_id: str, limit: int = 20) -> Parity:
    """Compare one patient."""
    (found,) = parity(lab, patient_id, limit=limit)
    return found


def named(found: Parity) -> set[str]:
    """Return the transcripts that were shown."""
    return {each.transcript_id for each in found.differences}


class Bench:
    """A patient that is corrupted and repaired again and again."""

    def __init__(self, lab: Lab, patient_id: str) -> None:
        """Keep a session on each side, and what becomes of each transcript."""
        self.lab = lab
        self.patient_id = patient_id
        self.sessions = {"legacy": lab.session(PREFIX + patient_id), "current": lab.session()}
        self.sessions["current"].execute(f"set search_path = {schema_name(patient_id)}".encode())
        self.tables = {"legacy": [WIDE], "current": [STORED, QUARANTINED]}
        self.values = dict(lab.query(f"select transcript_id, expression_fold_change from {WIDE}", PREFIX + patient_id))
        places = lab.query(f"select transcript_id, reason from {schema_name(patient_id)}.{QUARANTINED}")
        self.reasons: dict[str, str] = dict(places)
        self.baseline = sorted(key for key, value in self.values.items() if value == 1 and key not in self.reasons)
        self.stored = sorted(self.values.keys() - self.reasons.keys() - set(self.baseline))

    def strip(self) -> None:
        """Take away the keys and checks that keep out some of what is to be found."""
        for side, tables in self.tables.items():
            for table in tables:
                rows = (
                    self.sessions[side]
                    .execute(
                        "select conname from pg_constraint where conrelid = to_regclass(%s) and contype in ('p', 'c')",
                        [table],
                    )
                    .fetchall()
                )
                for (name,) in rows:
                    self.sessions[side].execute(f'alter table {table} drop constraint "{name}"'.encode())

    def check(self, made: Made) -> Parity:
        """Make a corruption, compare, undo it, and compare again, which must find nothing."""
        side, ids, changes = made
        session = self.sessions[side]
        for table in self.tables[side]:
            session.execute(
                f"create temp table saved_{table} as select * from {table} where transcript_id = any(%s)".encode(),
                [list(ids)],
            )
        for statement, parameters in changes:
            assert session.execute(statement.encode(), parameters).rowcount > 0, statement
        found = one(self.lab, self.patient_id)
        for table in self.tables[side]:
            session.execute(f"delete from {table} where transcript_id = any(%s)".encode(), [list(ids)])
            session.execute(f"insert into {table} select * from pg_temp.saved_{table}".encode())
            session.execute(f"drop table pg_temp.saved_{table}".encode())
        again = one(self.lab, self.patient_id)
        assert (again.result, again.differing, again.differences) == ("same", 0, ()), (made, again)
        return found


def put(table: str, transcript_id: str, value: float | None) -> Change:
    """Return how to change a value."""
    return f"update {table} set expression_fold_change = %s where transcript_id = %s", [value, transcript_id]


def of_value(bench: Bench, wanted: float | None) -> list[str]:
    """Return the transcripts that have this very value."""
    text = repr(wanted)
    return sorted(key for key, value in bench.values.items() if repr(value) == text)


def table_of(bench: Bench, side: str, transcript_id: str) -> str:
    """Return the table that has a transcript's row."""
    return WIDE if side == "legacy" else QUARANTINED if transcript_id in bench.reasons else STORED


def one_ulp(bench: Bench, side: str, chance: random.Random) -> Made:
    """A value's last bit; of one at 1.0 too, where there is a row for it."""
    transcript_id = chance.choice(chance.choice([bench.stored, bench.baseline][: 1 + (side == "legacy")]))
    value = math.nextafter(bench.values[transcript_id], chance.choice([math.inf, -math.inf]))
    return side, {transcript_id}, [put(table_of(bench, side, transcript_id), transcript_id, value)]


def swapped(bench: Bench, side: str, chance: random.Random) -> Made:
    """Two transcripts have each other's value."""
    first, second = chance.sample(bench.stored, 2)
    while bench.values[first] == bench.values[second]:
        second = chance.choice(bench.stored)
    table = table_of(bench, side, first)
    changes = [put(table, first, bench.values[second]), put(table, second, bench.values[first])]
    return side, {first, second}, changes


def dropped(bench: Bench, side: str, chance: random.Random) -> Made:
    """A row is gone; in the legacy database one at 1.0 as well."""
    kinds = [bench.stored, sorted(bench.reasons), bench.baseline][: 2 + (side == "legacy")]
    transcript_id = chance.choice(chance.choice(kinds))
    table = table_of(bench, side, transcript_id)
    return side, {transcript_id}, [(f"delete from {table} where transcript_id = %s", [transcript_id])]


def doubled(bench: Bench, side: str, chance: random.Random) -> Made:
    """A row is there twice; in the legacy database one at 1.0 as well."""
    _, ids, ((statement, parameters),) = dropped(bench, side, chance)
    table = statement.split()[2]
    return side, ids, [(f"insert into {table} select * from {table} where transcript_id = %s", parameters)]


def other_special(bench: Bench, side: str, chance: random.Random) -> Made:
    """NULL is NaN, NaN is NULL, 0 is -0 or -0 is 0."""
    old, new = chance.choice([(None, math.nan), (math.nan, None), (0.0, -0.0), (-0.0, 0.0)])
    transcript_id = chance.choice(of_value(bench, old))
    return side, {transcript_id}, [put(table_of(bench, side, transcript_id), transcript_id, new)]


def other_baseline(bench: Bench, side: str, chance: random.Random) -> Made:
    """A row at 1.0 has another value, or v0.6.0 has a row for it, perhaps with just that value."""
    transcript_id = chance.choice(bench.baseline)
    if side == "legacy":
        return side, {transcript_id}, [put(WIDE, transcript_id, chance.choice([2.5, 0.0, None, math.nan]))]
    value = chance.choice([2.5, 1.0])
    statement = f"insert into {STORED} (transcript_id, expression_fold_change) values (%s, %s)"
    return side, {transcript_id}, [(statement, [transcript_id, value])]


def moved(bench: Bench, side: str, chance: random.Random) -> Made:
    """A row is in the other table of v0.6.0; the legacy database has an id that the core lacks instead."""
    if side == "legacy":
        transcript_id, other = chance.choice(bench.stored), f"{chance.choice(bench.baseline)}.7"
        statement = f"update {WIDE} set transcript_id = %s where transcript_id = %s"
        return side, {transcript_id, other}, [(statement, [other, transcript_id])]
    into_quarantine = (STORED, QUARANTINED, bench.stored, ", reason", ", 'nan'")
    kinds = [into_quarantine, (QUARANTINED, STORED, sorted(bench.reasons), "", "")]
    old, new, ids, column, reason = chance.choice(kinds)
    transcript_id = chance.choice(ids)
    columns = "transcript_id, expression_fold_change"
    copy = f"insert into {new} ({columns}{column}) select {columns}{reason} from {old} where transcript_id = %s"
    changes: list[Change] = [(copy, [transcript_id])]
    if chance.random() < 0.7:  # else it is in both
        changes.append((f"delete from {old} where transcript_id = %s", [transcript_id]))
    return side, {transcript_id}, changes


def wrong_reason(bench: Bench, side: str, chance: random.Random) -> Made:
    """One reason is another, or two have been swapped, which leaves the counts as they were."""
    first = chance.choice(sorted(bench.reasons))
    second = chance.choice(sorted(key for key, reason in bench.reasons.items() if reason != bench.reasons[first]))
    statement = f"update {QUARANTINED} set reason = %s where transcript_id = %s"
    changes: list[Change] = [(statement, [bench.reasons[second], first])]
    if chance.random() < 0.5:
        changes.append((statement, [bench.reasons[first], second]))
    elif chance.random() < 0.3:
        changes = [(statement, ["stored", first])]
    return "current", ({first, second} if len(changes) == 2 else {first}), changes


KINDS: tuple[Callable[[Bench, str, random.Random], Made], ...] = (
    one_ulp, swapped, dropped, doubled, other_special, other_baseline, moved, wrong_reason,
)  # fmt: skip
WITH_KEYS = (one_ulp, swapped, dropped, other_special, wrong_reason)
"""What keys and checks do not keep out."""


@pytest.fixture(scope="module")
def large() -> Iterator[Lab]:
    """Return a laboratory with patients of several hundred rows, migrated."""
    with laboratory(sandboxes.Generated(transcripts=5000)) as lab:
        lab.add_patient("BARE", like="DEMO_BAD_VALUES")
        lab.migrate()
        yield lab


def corrupt(lab: Lab, count: int) -> None:
    """Make so many corruptions; each is found, its transcripts are named and no other, and so is the side.

    Undone, nothing is found.
    """
    chance = random.Random(SEED)  # noqa: S311  # reproducible, no secret
    keyed, bare = Bench(lab, "DEMO_BAD_VALUES"), Bench(lab, "BARE")
    bare.strip()
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        bench = chance.choice([keyed, bare]) if kind in WITH_KEYS else bare
        corruption = kind(bench, chance.choice(["legacy", "current"]), chance)
        found = bench.check(corruption)
        side, ids, _ = corruption
        assert found.result == CHANGED[side], (number, corruption, found)
        assert named(found) == ids and found.differing == len(ids), (number, corruption, found)
        assert all(
            (each.legacy, each.legacy_disposition) != (each.current, each.current_disposition)
            for each in found.differences
        )
        assert found.fetched <= 2 * bisection.SMALL_ROWS * len(ids), (number, corruption, found.fetched)
    assert {each.result for each in parity(lab)} == {"same"}


def test_some_corruptions(large: Lab) -> None:
    """Of every kind, on both sides."""
    corrupt(large, 48)


@pytest.mark.acceptance
def test_two_hundred_corruptions(large: Lab) -> None:
    """200 of 200."""
    corrupt(large, 200)


@pytest.mark.acceptance
def test_forty_real_patients(realdata: Path) -> None:
    """274,578 transcripts each, in full: 0 false alarms."""
    with temporary_home() as home:
        files = ("--core", realdata, "--patients", realdata / "patients")
        up = mediabase("sandbox", "up", *files, MEDIABASE_HOME=str(home), timeout=3600)
        assert up.returncode == 0, up.stderr
        done = mediabase("migrate", "--all", "--jobs", 2, MEDIABASE_HOME=str(home), timeout=3600)
        assert done.returncode == 0, done.stderr
        found = mediabase("parity", "--all", "--jobs", 2, "--json", MEDIABASE_HOME=str(home), timeout=3600)
        assert found.returncode == 0, found.stdout
        results = json.loads(found.stdout)
        assert len(results) == len(list((realdata / "patients").glob("*.csv.gz"))) == 40
        assert {(each["result"], each["differing"], each["message"]) for each in results} == {("same", 0, "")}


# ---- what it says ----


def test_the_command(lab: Lab) -> None:
    """A table, or JSON that every reader takes; values on standard output and nowhere else; the exit code."""
    lab.migrate()
    assert lab.call("parity", "--all").returncode == 3
    assert lab.call("parity", "DEMO_HER2").returncode == 0
    lab.execute(f"update {HER2}.{STORED} set expression_fold_change = 777.125 where transcript_id = '{ERBB2}'")
    quarantine = f"patient_demo_bad_values.{QUARANTINED}"
    ((nan,),) = lab.query(f"select min(transcript_id) from {quarantine} where reason = 'nan'")
    lab.execute(f"update {quarantine} set expression_fold_change = null where transcript_id = '{nan}'")
    done = lab.call("parity", "--all")
    assert done.returncode == 1
    assert "777.125" in done.stdout and ERBB2 in done.stdout and nan in done.stdout
    assert "6 patients: 4 the same, value by value; 2 not." in done.stdout
    assert "777.125" not in done.stderr and ERBB2 not in done.stderr
    assert "DEMO_HER2: v0.6.0 changed, 1 transcript differs" in done.stderr

    def no_constant(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    found = {each["patient_id"]: each for each in json.loads(
        lab.call("parity", "--all", "--json").stdout, parse_constant=no_constant)}  # fmt: skip
    assert set(found) == set(DEMO)
    query = f"select expression_fold_change from {WIDE} where transcript_id = '{ERBB2}'"
    ((old,),) = lab.query(query, PREFIX + "DEMO_HER2")
    assert found["DEMO_HER2"]["differences"] == [
        {"transcript_id": ERBB2, "legacy": repr(old), "legacy_disposition": "stored", "current": "777.125",
         "current_disposition": "stored"}
    ]  # fmt: skip
    assert found["DEMO_BAD_VALUES"]["differences"] == [
        {"transcript_id": nan, "legacy": "NaN", "legacy_disposition": "nan", "current": "null",
         "current_disposition": "nan"}
    ]  # fmt: skip
    lines = lab.call("--log-format", "json", "parity", "DEMO_HER2").stderr.splitlines()
    assert [json.loads(line).get("result") for line in lines] == ["v0.6.0 changed", None]
    assert not any("777.125" in line for line in lines)
    assert lab.call("parity", "DEMO_HER2", "--limit", "0", "--json").stdout.count("777.125") == 0


def test_it_writes_nothing_and_needs_no_lock(lab: Lab) -> None:
    """No transaction that writes, on either side; another operator may be at work."""
    lab.migrate("DEMO_HER2", "DEMO_BAD_VALUES")
    lab.execute(f"delete from {HER2}.{STORED} where transcript_id = '{ERBB2}'")
    before = lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text")
    with journal.locked(lab.where.target):
        found = {each.patient_id: each.result for each in parity(lab, jobs=4)}
    assert lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text") == before
    assert found == {
        **dict.fromkeys(DEMO, "not migrated"), "DEMO_HER2": "v0.6.0 changed", "DEMO_BAD_VALUES": "same",
    }  # fmt: skip


def test_beside_a_rebuild(lab: Lab) -> None:
    """Rows that another transaction has replaced and not committed are not seen, nor waited for."""
    lab.migrate("DEMO_HER2")
    with lab.session() as builder, builder.transaction():
        builder.execute(f"lock table {HER2}.{STORED} in share row exclusive mode".encode())
        builder.execute(f"delete from {HER2}.{STORED}".encode())
        assert one(lab, "DEMO_HER2").result == "same"
        builder.execute(f"insert into {HER2}.{STORED} (transcript_id, expression_fold_change) values ('X', 2)".encode())
        assert one(lab, "DEMO_HER2").result == "same"


def test_both_sides_changed(lab: Lab) -> None:
    """Otherwise than each other is a difference; alike is none, and is said."""
    lab.migrate("DEMO_HER2")
    for value, result, differing in ((3.5, "both changed", 1), (4.5, "same", 0)):
        lab.change("DEMO_HER2", f"update {WIDE} set expression_fold_change = 4.5 where transcript_id = '{ERBB2}'")
        lab.execute(f"update {HER2}.{STORED} set expression_fold_change = {value} where transcript_id = '{ERBB2}'")
        found = one(lab, "DEMO_HER2")
        assert (found.result, found.differing) == (result, differing)
        assert ("changed alike" in found.message) == (result == "same")
    lab.change(
        "DEMO_HER2",
        f"update {WIDE} set expression_fold_change = (select t.expression_fold_change from transcripts as t "
        f"where t.transcript_id = {WIDE}.transcript_id)",
    )
    assert one(lab, "DEMO_HER2").result == "v0.6.0 changed"


def test_another_core(lab: Lab) -> None:
    """Its transcripts decide what is an orphan: said first, and differences are shown all the same."""
    lab.migrate("DEMO_BAD_VALUES", "DEMO_HER2")
    lab.execute("insert into transcripts (transcript_id, gene_id) select 'ENST99999999901', min(gene_id) from genes")
    try:
        found = {each.patient_id: each for each in parity(lab, "DEMO_BAD_VALUES", "DEMO_HER2")}
    finally:
        lab.execute("delete from transcripts where transcript_id = 'ENST99999999901'")
    assert {each.result for each in found.values()} == {"core changed"}
    assert [
        (each.transcript_id, each.legacy_disposition, each.current_disposition)
        for each in found["DEMO_BAD_VALUES"].differences
    ] == [("ENST99999999901", "stored", "orphan")]
    assert found["DEMO_HER2"].differing == 0
    assert {each.result for each in parity(lab, "DEMO_BAD_VALUES", "DEMO_HER2")} == {"same"}


@pytest.mark.parametrize(
    ("damage", "result", "says"),
    [
        (f"drop schema {HER2} cascade", "failed", "expression_data is gone"),
        (f"drop table {HER2}.{QUARANTINED} cascade", "failed", "quarantined_expression is gone"),
        (f"drop view {HER2}.{WIDE}", "v0.6.0 changed", "view cancer_transcript_base is gone"),
        (f"drop view {HER2}.{WIDE}; alter table {HER2}.{STORED} alter expression_fold_change type real",
         "failed", "expression_fold_change is real now"),
        (f"drop view {HER2}.{WIDE}; alter table {HER2}.{QUARANTINED} drop reason", "failed", "no column reason"),
        (f"truncate {HER2}.{STORED}", "v0.6.0 changed", "0 in v0.6.0"),
        (f"alter table {HER2}.{STORED} drop constraint expression_data_pkey, alter transcript_id drop not null; "
         f"insert into {HER2}.{STORED} (transcript_id, expression_fold_change) values (null, 2)",
         "v0.6.0 changed", "stored: "),
    ],
)  # fmt: skip
def test_damage_in_v060(lab: Lab, damage: str, result: str, says: str) -> None:
    """Each is found, in one sentence, and spoils no other patient."""
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    lab.execute(damage)
    found = {each.patient_id: each for each in parity(lab, "DEMO_HER2", "DEMO_TNBC", jobs=2)}
    assert found["DEMO_HER2"].result == result and says in found["DEMO_HER2"].message, found["DEMO_HER2"]
    assert found["DEMO_TNBC"].result == "same"
    assert lab.call("parity", "DEMO_HER2").returncode == 1


@pytest.mark.parametrize(
    ("damage", "result", "says"),
    [
        (f"drop table {WIDE}", "failed", "holds no fold changes now"),
        (f"drop table {WIDE}, transcripts cascade", "failed", "Neither cancer_transcript_base nor transcripts"),
        (f"alter table {WIDE} alter expression_fold_change type numeric", "failed", "is numeric, not double precision"),
        (f"alter table {WIDE} alter expression_fold_change type real", "legacy changed", ""),
        (f"truncate {WIDE}", "legacy changed", "0 in v0.5.0"),
        (f"alter table {WIDE} drop constraint cancer_transcript_base_pkey, alter transcript_id drop not null; "
         f"update {WIDE} set transcript_id = null where transcript_id = (select min(transcript_id) from {WIDE} "
         "where expression_fold_change = 1)",
         "legacy changed", ""),
    ],
)  # fmt: skip
def test_damage_in_a_legacy_database(lab: Lab, damage: str, result: str, says: str) -> None:
    """Each is found, in one sentence, and spoils no other patient."""
    lab.add_patient("BROKEN")
    lab.migrate("BROKEN", "DEMO_TNBC")
    lab.change("BROKEN", damage)
    found = {each.patient_id: each for each in parity(lab, "BROKEN", "DEMO_TNBC", jobs=2)}
    assert found["BROKEN"].result == result and says in found["BROKEN"].message, found["BROKEN"]
    assert (found["BROKEN"].differing > 0) == (result == "legacy changed")
    assert found["DEMO_TNBC"].result == "same"


def test_rows_at_baseline_are_exchanged(lab: Lab) -> None:
    """One gone and one doubled leaves every count and digest as it was."""
    lab.add_patient("LOOSE", f"alter table {WIDE} drop constraint cancer_transcript_base_pkey")
    lab.migrate("LOOSE")
    assert one(lab, "LOOSE").result == "same"
    query = f"select transcript_id from {WIDE} where expression_fold_change = 1 order by 1 limit 2"
    (first,), (second,) = lab.query(query, PREFIX + "LOOSE")
    lab.change("LOOSE", f"insert into {WIDE} select * from {WIDE} where transcript_id = '{second}'")
    lab.change("LOOSE", f"delete from {WIDE} where transcript_id = '{first}'")
    found = one(lab, "LOOSE")
    assert (found.result, found.differing) == ("legacy changed", 2)
    assert {each.current_disposition for each in found.differences} == {"baseline"}
    assert [(each.transcript_id, each.legacy, each.current) for each in found.differences] == [
        (first, "absent", "absent"), (second, "1.0, 1.0", "absent"),
    ]  # fmt: skip


def test_a_missing_side(lab: Lab) -> None:
    """Neither is a failure of the command, and neither counts as the same; an unknown patient is refused."""
    assert "no journal" in complaint(lab.call("parity", "--all", MEDIABASE_DSN=lab.where.legacy), 5)
    lab.add_patient("GONE", f"delete from {WIDE} where expression_fold_change = 1")
    lab.migrate("GONE", "DEMO_TNBC")
    lab.drop_patient("GONE")
    found = {each.patient_id: each for each in parity(lab)}
    assert {patient: each.result for patient, each in found.items()} == {
        **dict.fromkeys(DEMO, "not migrated"), "GONE": "no legacy database", "DEMO_TNBC": "same",
    }  # fmt: skip
    assert "v0.6.0 is as it was migrated" in found["GONE"].message and found["GONE"].stored > 0
    lab.execute(f"delete from patient_gone.{STORED}")
    assert "v0.6.0 is not as it was migrated" in one(lab, "GONE").message
    assert lab.call("parity", "GONE").returncode == 1
    assert lab.call("parity", "DEMO_HER2").returncode == 1
    assert "NOBODY" in complaint(lab.call("parity", "DEMO_HER2", "NOBODY"), 2)
    assert "either ids or --all" in complaint(lab.call("parity"), 2)
    away = lab.call("parity", "--all", MEDIABASE_DSN=lab.where.target, MEDIABASE_LEGACY_DSN="host=/nonexistent")
    assert "Cannot connect" in complaint(away, 2)


def test_a_locked_table_is_waited_for_a_while(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """On either side; the others are compared."""
    monkeypatch.setattr(parity_check, "PATIENCE_SECONDS", 1)
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    for table, dbname in ((f"{HER2}.{STORED}", "mbase"), (WIDE, PREFIX + "DEMO_HER2")):
        with lab.session(dbname) as holder, holder.transaction():
            holder.execute(f"lock table {table}".encode())
            found = {each.patient_id: each for each in parity(lab, "DEMO_HER2", "DEMO_TNBC")}
        assert found["DEMO_HER2"].result == "failed" and "locked" in found["DEMO_HER2"].message
        assert found["DEMO_TNBC"].result == "same"


OLD_COLUMNS = f"""
    alter table {WIDE} add expression_freq jsonb, add cancer_types text [], add pharmgkb_pathways jsonb,
        add pharmgkb_variants jsonb
"""


def test_legacy_databases_of_every_shape(lab: Lab, tmp_path: Path) -> None:
    """27 columns, values in transcripts only, no key, few rows, a new name, out of a CSV, nothing but bad values."""
    lab.add_patient("OLD", OLD_COLUMNS)
    lab.add_patient("NARROW", f"update {WIDE} set expression_fold_change = 1")
    lab.add_patient("ONLY.NARROW", f"drop table {WIDE}")
    lab.add_patient("LOOSE", f"alter table {WIDE} drop constraint cancer_transcript_base_pkey")
    lab.add_patient("FEW", f"delete from {WIDE} where expression_fold_change = 1")
    lab.add_patient("Old-Name")
    lab.add_patient("CSV", like="DEMO_BAD_VALUES")
    lab.add_patient("BAD", f"update {WIDE} set expression_fold_change = 'NaN'", "drop table transcripts cascade")
    assert lab.call("inventory", "P-7", "--rename", "Old-Name=P-7").returncode == 0
    patients = ["OLD", "NARROW", "ONLY.NARROW", "LOOSE", "FEW", "P-7", "BAD"]
    lab.migrate(*patients)
    lab.export_csv(tmp_path, "CSV")
    lab.migrate("CSV", csv=tmp_path)
    found = {each.patient_id: each for each in parity(lab, *patients, "CSV", jobs=3)}
    assert {patient: (each.result, each.message) for patient, each in found.items()} == dict.fromkeys(
        [*patients, "CSV"], ("same", "")
    )
    assert found["FEW"].baseline == 0 and found["BAD"].stored == 0
    assert "it is P-7 now" in complaint(lab.call("parity", "Old-Name"), 2)
    narrow = ("NARROW", "ONLY.NARROW")
    for patient_id in (*narrow, "Old-Name", "CSV"):
        table = "transcripts" if patient_id in narrow else WIDE
        lab.change(patient_id, f"update {table} set expression_fold_change = 9 where transcript_id = '{ERBB2}'")
    changed = {each.patient_id: each for each in parity(lab, *patients, "CSV") if each.result != "same"}
    assert {patient: each.result for patient, each in changed.items()} == dict.fromkeys(
        [*narrow, "P-7", "CSV"], "legacy changed"
    )
    assert all(named(each) == {ERBB2} for each in changed.values())


def test_a_row_more_where_rows_are_missing(lab: Lab) -> None:
    """At 1.0 it reads the same in v0.6.0, and yet the legacy database was changed."""
    query = f"select transcript_id from {WIDE} where expression_fold_change = 1 order by 1 limit 1"
    ((lost,),) = lab.query(query, PREFIX + "DEMO_HER2")
    lab.add_patient("FEW", f"create table kept as select * from {WIDE} where transcript_id = '{lost}'")
    lab.change("FEW", f"delete from {WIDE} where transcript_id = '{lost}'")
    assert lab.migrate("FEW")["FEW"].missing == 1
    assert one(lab, "FEW").result == "same"
    lab.change("FEW", f"insert into {WIDE} select * from kept")
    found = one(lab, "FEW")
    assert (found.result, found.differing) == ("legacy changed", 0) and found.message.startswith("baseline: ")


# ---- the bisection itself ----


def series(where: Servers, dbname: str, rows: str) -> Side:
    """Return a side with the rows of a query for (i, value, disposition), i becoming the id."""
    columns = "'T' || i as transcript_id, v::float8 as expression_fold_change, d as disposition"
    query = f"select {columns} from ({rows}) as r"
    connection = connect(where.target, dbname=dbname)
    connection.read_only = True
    return Side(connection, sql.Composed([sql.SQL(query)]))  # type: ignore[arg-type]


MANY = 40_000
PLAIN = f"select i, i + 0.5 as v, 'stored'::text as d from generate_series(1, {MANY}) as i"


@pytest.mark.parametrize(
    ("rows", "differing", "most_fetched"),
    [
        (PLAIN, 0, 0),
        (PLAIN.replace("i + 0.5", "case i when 4711 then 'NaN' else i + 0.5 end"), 1, 128),
        (PLAIN.replace("'stored'::text", "case i when 4711 then 'nan' else 'stored' end"), 1, 128),
        (PLAIN.replace("i + 0.5", "i + 1"), MANY, 2 * MANY),
        (PLAIN + " where false", MANY, MANY),
        (f"{PLAIN} where i < 100 union all select i, 1, 'stored' from generate_series({MANY + 1}, {2 * MANY}) as i",
         2 * MANY - 99, 2 * MANY + 99),
    ],
)  # fmt: skip
def test_memory_does_not_depend_on_the_rows(server: Servers, rows: str, differing: int, most_fetched: int) -> None:
    """One cell is found by fetching a hundred rows; where all differ, they are counted as they come."""
    left, right = series(server, "postgres", PLAIN), series(server, "template1", rows)
    with left.connection, right.connection:
        tracemalloc.start()
        try:
            found = compare(left, right, MANY, 20)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (look(left).digest == look(right).digest) == (found.differing == found.misplaced)
    assert found.differing == differing and found.fetched <= most_fetched
    assert len(found.first) == min(20, found.differing)
    assert peak < 6_000_000


def test_two_hundred_thousand_differing_rows(server: Servers) -> None:
    """Counted to the last one, in seconds."""
    many = PLAIN.replace(str(MANY), "200000")
    left, right = series(server, "postgres", many), series(server, "template1", many.replace("i + 0.5", "i + 1"))
    with left.connection, right.connection:
        started = time.monotonic()
        found = compare(left, right, 200_000, 20)
    assert found.differing == 200_000 and len(found.first) == 20
    assert time.monotonic() - started < 60


Plain = list[tuple[str | None, float | None, str]]


def from_rows(where: Servers, rows: Plain) -> Side:
    """Return a side with just these rows."""
    query = (
        "select * from unnest(%(ids)s::text[], %(values)s::float8[], %(dispositions)s::text[]) "
        "as r (transcript_id, expression_fold_change, disposition)"
    )
    columns = {name: [row[at] for row in rows] for at, name in enumerate(("ids", "values", "dispositions"))}
    return Side(connect(where.target, dbname="postgres"), sql.Composed([sql.SQL(query)]), columns)


def test_it_agrees_with_a_comparison_row_by_row(server: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """On sets of rows made at random, with ids repeated, null and odd, few ranges at a time."""
    chance = random.Random(SEED)  # noqa: S311  # reproducible, no secret
    for name, rows in {"RANGES": 4, "CUT_ROWS": 2, "SMALL_ROWS": 5}.items():
        monkeypatch.setattr(bisection, name, rows)
    ids = [None, "", " ", "a", "A", "B", "b", "Ü", "\U0001f600", "\uffff", *(f"T{number}" for number in range(200))]
    values = [None, math.nan, 0.0, -0.0, 1.0, 2.5, math.inf]

    def row() -> tuple[str | None, float | None, str]:
        return chance.choice(ids), chance.choice(values), chance.choice("xy")

    for _ in range(25):
        ours = [row() for _ in range(chance.randrange(200))]
        theirs = [*ours, *(row() for _ in range(chance.randrange(4)))]
        chance.shuffle(theirs)
        del theirs[: chance.randrange(4)]
        left, right = from_rows(server, ours), from_rows(server, theirs)
        with left.connection, right.connection:
            found = compare(left, right, max(len(ours), len(theirs)), 1000)
            is_same_digest = look(left).digest == look(right).digest
        wanted = {key for key, _, _ in (*ours, *theirs) if of_id(ours, key) != of_id(theirs, key)}
        assert {each.transcript_id for each in found.first} == wanted
        assert found.differing == len(wanted)
        assert is_same_digest == (found.differing == found.misplaced)


def of_id(rows: Plain, key: str | None) -> list[str]:
    """Return values and dispositions of an id, bit by bit."""
    return sorted(repr((value, place)) for id_, value, place in rows if id_ == key)


def test_values_are_shown_exactly() -> None:
    """As the shortest text that reads back as the same bits; a NaN with a payload of its own tells so."""
    for value in (0.1 + 0.2, 5e-324, -0.0, 1e22, 1.0):
        assert struct.pack(">d", float(number_text(struct.pack(">d", value)))) == struct.pack(">d", value)
    assert [number_text(struct.pack(">d", value)) for value in (math.nan, math.inf, -math.inf, -0.0)] == [
        "NaN", "Infinity", "-Infinity", "-0.0",
    ]  # fmt: skip
    assert number_text(bytes.fromhex("fff8000000000001")) == "NaN (0xfff8000000000001)"
    assert number_text(None) == "null"


def test_digests_of_two_versions(debian: OtherServer, server: Servers) -> None:
    """PostgreSQL 15 and 18 hash alike, whole and by range, for every kind of value."""
    value = "case mod(i, 5) when 0 then null when 1 then 'NaN' when 2 then '-0' else 1e-7 * i end"
    kinds = PLAIN.replace(str(MANY), "3000").replace("i + 0.5", value)
    newer = series(server, "postgres", kinds)
    with newer.connection, connect(debian.dsn("postgres")) as connection:
        older = Side(connection, newer.rows)
        assert look(older) == look(newer)
        bounds = ["T1", "T200", "T2999"]
        assert bisection._ranges(older, bounds) == bisection._ranges(newer, bounds)
        assert compare(older, newer, 3000, 20).differing == 0
