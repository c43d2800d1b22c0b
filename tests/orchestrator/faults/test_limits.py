"""Limits that a server, a database or a role has for its everyday work, reached in the middle of a migration."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path

import psycopg
import pytest
from helpers import DEMO, NO_SERVER, PREFIX, Lab, laboratory

from orchestrator import sandbox as sandboxes
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration.outcome import Options, Place
from orchestrator.migration.worker import _work
from orchestrator.postgres.embedded import SERVER_SETTINGS, _Cluster

HER2 = "DEMO_HER2"
LIMITS = {
    "database mbase": ("lock_timeout", "idle_in_transaction_session_timeout"),
    "role mediabase": ("statement_timeout", "transaction_timeout"),
}
LIMIT_SECONDS = 0.3
HELD_SECONDS = 1.5
"""Longer than the limit, for each of those whom the lock keeps waiting."""
ROOMS = (8, 20, 40)
"""Locks that are free: too few for anything, for staging, for clearing up after a build."""
FIRST_KEY = 10**6
FEWEST_LOCKS = "10"
"""The least that PostgreSQL takes for max_locks_per_transaction."""


@contextmanager
def limited(lab: Lab) -> Iterator[None]:
    """Set all limits for every new session in the core."""
    names = [(whose, limit) for whose, limits in LIMITS.items() for limit in limits]
    for whose, limit in names:
        lab.execute(f"alter {whose} set {limit} = '{int(LIMIT_SECONDS * 1000)}ms'", "postgres")
    try:
        yield
    finally:
        for whose, limit in names:
            lab.execute(f"alter {whose} reset {limit}", "postgres")


@contextmanager
def held(lab: Lab, *tables: str) -> Iterator[list[float]]:
    """Hold tables, as VACUUM FULL does, until somebody has waited for long; yield for how many seconds that was."""
    waited: list[float] = []
    keeper = lab.session()
    keeper.execute("set statement_timeout = 0; set transaction_timeout = 0; set lock_timeout = 0")

    def hold() -> None:
        with keeper.transaction():
            for table in tables:
                keeper.execute(f"lock table {table} in access exclusive mode".encode())
            is_held.set()
            start = time.monotonic()
            waits = b"select count(*) from pg_locks where not granted"
            while keeper.execute(waits).fetchone() == (0,) and time.monotonic() < start + 30:
                time.sleep(0.02)
            is_waited_for = keeper.execute(waits).fetchone() != (0,)
            time.sleep(HELD_SECONDS)
            waited.append(HELD_SECONDS if is_waited_for else 0)

    is_held = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    assert is_held.wait(30)
    try:
        yield waited
    finally:
        holder.join()
        keeper.close()


@pytest.mark.parametrize("table", ["public.transcripts", "patient_demo_her2.expression_data"])
def test_a_lock_held_longer_than_a_limit(lab: Lab, table: str) -> None:
    """A rebuild waits for whoever holds the core, or the patient; no limit ends it in the middle."""
    assert lab.migrate(HER2)[HER2].result == "migrated"
    with limited(lab), held(lab, table) as waited:
        outcome = lab.migrate(HER2, force=True)[HER2]
    assert outcome.result == "migrated", outcome
    assert waited == [HELD_SECONDS]
    lab.verify(HER2)


def test_a_first_build_slower_than_a_limit_of_statements(lab: Lab) -> None:
    """Each command that makes something for a patient takes longer than the role may."""
    lab.execute(
        f"""
        create function public.dawdle() returns event_trigger language plpgsql as $$
        begin
            if current_query() ~ '{HER2}|demo_her2' then
                perform pg_sleep({LIMIT_SECONDS} + 0.05);
            end if;
        end
        $$;
        create event trigger dawdle on ddl_command_start when tag in ('CREATE TABLE', 'CREATE VIEW', 'CREATE SCHEMA')
        execute function public.dawdle();
        """
    )
    try:
        with limited(lab):
            outcome = lab.migrate(HER2)[HER2]
    finally:
        lab.execute("drop event trigger dawdle; drop function public.dawdle")
    assert outcome.result == "migrated", outcome
    lab.verify(HER2)


@pytest.fixture
def narrow() -> Iterator[Lab]:
    """Return a server whose lock table is as small as it gets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SERVER_SETTINGS, "max_locks_per_transaction", FEWEST_LOCKS)
        patch.setitem(SERVER_SETTINGS, "max_connections", "20")
        with laboratory(sandboxes.Generated(transcripts=200)) as lab:
            yield lab


@contextmanager
def room_for(lab: Lab, locks: int) -> Iterator[None]:
    """Fill the lock table of the server but for so many."""
    with lab.session("postgres") as keeper:
        taken = 0
        with pytest.raises(psycopg.errors.OutOfMemory):
            while True:
                keeper.execute("select pg_advisory_lock(%s)", [FIRST_KEY + taken])
                taken += 1
        keeper.execute(
            "select pg_advisory_unlock(key) from generate_series(%s::bigint, %s::bigint) as key",
            [FIRST_KEY, FIRST_KEY + locks - 1],
        )
        yield


def published(lab: Lab) -> list[str]:
    """Return the patients that readers can see."""
    if lab.query("select to_regclass('migration.patient')") == [(None,)]:
        return []
    return [
        str(name) for (name,) in lab.query("select patient_id from migration.patient where published_at is not null")
    ]


def test_no_room_for_locks(narrow: Lab) -> None:
    """It fails with what to raise, wherever it is that the room ends; whoever is published is whole, and the same
    command completes once there is more room.
    """
    clear = 0
    for locks in ROOMS:
        with room_for(narrow, locks):
            done = narrow.run("migrate", "--all", "--jobs", "1")
        assert done.returncode in (1, 3), (locks, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr
        if done.returncode == 1:
            assert "max_locks_per_transaction" in done.stdout + done.stderr, (locks, done.stdout, done.stderr)
            clear += 1
        if already := published(narrow):
            narrow.verify(*already)
    assert clear >= 2
    narrow.execute("alter system set max_locks_per_transaction = 256", "postgres")
    cluster = _Cluster(narrow.home)
    cluster.stop("fast")
    cluster.start()
    assert narrow.query("show max_locks_per_transaction") == [("256",)]
    assert {outcome.result for outcome in narrow.migrate().values()} <= {"migrated", "unchanged"}
    narrow.verify(*DEMO)
    assert narrow.query("select count(*) from staging.legacy_export") == [(0,)]


def test_a_worker_that_cannot_connect(tmp_path: Path) -> None:
    """The target went away since the driver connected: each patient of its batch fails with that, no traceback."""
    ours, theirs = Pipe()
    ours.send([LegacyDatabase(PREFIX + patient_id, patient_id) for patient_id in DEMO[:2]])
    _work(theirs, Place(NO_SERVER, NO_SERVER, 1, tmp_path), Options(), 0)
    outcomes = [ours.recv(), ours.recv()]
    assert [each.patient_id for each in outcomes] == list(DEMO[:2])
    assert all(each.result == "failed" and "Cannot connect" in each.message for each in outcomes)
    assert not ours.poll()
