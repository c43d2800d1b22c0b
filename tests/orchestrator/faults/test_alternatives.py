"""What one would use instead, killed at the same kind of moment, and the same command again.

No judgement of these programs, which promise less: it says what the matrix of faults would find there. Results go to
target/alternatives.json.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from helpers import CHECKOUT, PREFIX, Lab, laboratory, mediabase
from other_server import PASSWORD, OtherServer

from orchestrator import sandbox as sandboxes
from orchestrator.postgres.connection import connect

pytestmark = pytest.mark.faults
RESULTS = CHECKOUT / "target" / "alternatives.json"
HER2 = PREFIX + "DEMO_HER2"
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of the work that is done when it is killed."""
TRANSCRIPTS = 20_000
PATIENCE_SECONDS = 120
POLL_SECONDS = 0.005


def keep(name: str, found: object) -> None:
    """Print and write what was found."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**results, name: found}, indent=1) + "\n")
    print(name, json.dumps(found, indent=1))


def rows(session: psycopg.Connection[tuple[object, ...]], table: str) -> int:
    """Return how many rows a reader sees; 0 while there is no such table, or nobody may read it."""
    try:
        (count,) = session.execute(f"select count(*) from {table}".encode()).fetchone() or (0,)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return 0
    return int(str(count))


@pytest.fixture
def large() -> Iterator[Lab]:
    """Return a laboratory whose patients take a moment to move."""
    with laboratory(sandboxes.Generated(transcripts=TRANSCRIPTS)) as made:
        yield made


def test_rows_one_by_one(large: Lab) -> None:
    """Readers see half a patient, and the second run stops at the first row that is there already."""
    legacy, target = large.session(HER2).info.dsn, large.session().info.dsn
    command = [sys.executable, str(Path(__file__).with_name("row_wise.py")), legacy, target]
    ((whole,),) = large.query("select count(*) from cancer_transcript_base where expression_fold_change <> 1", HER2)
    found = []
    for share in SHARES:
        large.execute("drop schema if exists row_wise cascade")
        process = subprocess.Popen(command)
        with large.session() as reader:
            until = time.monotonic() + PATIENCE_SECONDS
            while (seen := rows(reader, "row_wise.expression_data")) < share * whole:
                assert time.monotonic() < until and process.poll() is None
        process.kill()
        process.wait()
        half = large.query("select count(*) from row_wise.expression_data")[0][0]
        again = subprocess.run(command, capture_output=True, text=True)
        found.append({"rows": whole, "seen_by_a_reader": seen, "after_kill": half, "second_run": again.returncode,
                      "says": again.stderr.strip().splitlines()[-2:]})  # fmt: skip
        assert 0 < half < whole, "nobody would have noticed"
        assert again.returncode != 0 and "duplicate key" in again.stderr
    keep("row-wise import", found)


@pytest.fixture(scope="module")
def source(debian: OtherServer) -> Iterator[OtherServer]:
    """Return a server of a release that pgcopydb knows, with a sandbox."""
    if shutil.which("pgcopydb") is None:
        pytest.skip("needs pgcopydb (package pgcopydb)")
    dsn = {"MEDIABASE_DSN": debian.dsn("mbase"), "MEDIABASE_LEGACY_DSN": debian.dsn("postgres")}
    made = mediabase("sandbox", "up", "--transcripts", TRANSCRIPTS, **dsn)
    assert made.returncode == 0, made.stderr
    yield debian
    assert mediabase("sandbox", "down", **dsn).returncode == 0


def test_pgcopydb(source: OtherServer, tmp_path: Path) -> None:
    """A patient's database copied to another, killed, and resumed as its manual says."""
    address = f"postgres://owner:{PASSWORD}@127.0.0.1:{source.port}/"
    command = ["pgcopydb", "clone", "--source", address + quote(HER2), "--target", address + "copied"]
    whole = contents(source, HER2)
    started = time.monotonic()
    begin(source)
    undisturbed = run_apart([*command, "--dir", str(tmp_path / "undisturbed")])
    seconds = time.monotonic() - started
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert contents(source, "copied") == whole
    found = []
    for share in SHARES:
        begin(source)
        folder = ["--dir", str(tmp_path / f"killed-{share}")]
        process = subprocess.Popen([*command, *folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)  # fmt: skip
        seen = set()
        with connect(source.dsn("copied"), autocommit=True) as reader:
            until = time.monotonic() + share * seconds
            while time.monotonic() < until:
                seen.add(rows(reader, "public.cancer_transcript_base"))
                time.sleep(POLL_SECONDS)
        process.kill()
        process.wait()
        time.sleep(1)  # what it had started may go on, which is looked at next
        orphans = run_apart(["pgrep", "-c", "-s", str(process.pid)]).stdout
        again = run_apart([*command, *folder, "--resume", "--not-consistent"])
        says = [line[line.index("ERROR") :] for line in again.stderr.splitlines() if "ERROR" in line]
        kill_group(process.pid)
        copied = contents(source, "copied")
        found.append({
            "killed_after_seconds": round(share * seconds, 2), "processes_that_went_on": int(orphans),
            "table_in_part_seen": bool(seen - {0, whole["public.cancer_transcript_base"][0]}),
            "resume": again.returncode, "says": says[-3:],
            "tables_that_differ": sorted(name for name in whole if copied.get(name) != whole[name]),
        })  # fmt: skip
    keep("pgcopydb clone --resume --not-consistent", found)
    assert len(found) == len(SHARES)


def run_apart(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program in a process group of its own, because pgcopydb ends all of its group when it fails."""
    return subprocess.run(command, capture_output=True, text=True, start_new_session=True)


def begin(server: OtherServer) -> None:
    """Have an empty database to copy into."""
    with connect(server.dsn("postgres"), autocommit=True) as session:
        session.execute("drop database if exists copied with (force)")
        session.execute("create database copied template template0")


def contents(server: OtherServer, database: str) -> dict[str, tuple[int, str]]:
    """Return rows and a digest of each table."""
    with connect(server.dsn(database)) as session:
        names = session.execute(
            "select oid::regclass::text, relname from pg_class "
            "where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            f"public.{plain}": session.execute(
                f"select count(*), md5(string_agg(md5(t::text), '' order by md5(t::text))) from {name} as t".encode()
            ).fetchone()  # type: ignore[misc]
            for name, plain in names
        }


def kill_group(group: int) -> None:
    """End what is left of a killed program."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
