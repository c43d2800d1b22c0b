"""The rehearsal interrupted, killed, beside another, and from an older server: nothing is left behind or shown."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from helpers import MEDIABASE, Lab, clean_environment, eventually, mediabase, temporary_home
from other_server import PASSWORD, OtherServer
from test_rehearse import POINTS, family_of, of_rehearsals, rehearse

from orchestrator.postgres.connection import connect


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cleans_up(lab: Lab, point: str, number: signal.Signals) -> None:
    """Exit code 130, and neither a process nor a folder is left."""
    with lab.started("rehearse", "--sample", 2) as process:
        eventually(lambda: POINTS[point](lab, process), point)
        family = family_of(process)
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130 and "Traceback" not in err, err
        assert not psutil.wait_procs(family, timeout=20)[1]
    assert not of_rehearsals(lab.home)


@pytest.mark.parametrize("point", POINTS)
def test_what_a_killed_rehearsal_leaves_the_next_one_removes(lab: Lab, point: str) -> None:
    """SIGKILL leaves a server and its folder; one in use, or kept, is not touched by that."""
    kept = rehearse(lab, "DEMO_HER2", "--keep")["kept"] if point == "migrating" else None
    with lab.started("rehearse", "--sample", 2) as process:
        eventually(lambda: POINTS[point](lab, process), point)
        family = family_of(process)
        process.kill()
        process.wait()
        assert not psutil.wait_procs(family, timeout=20)[1]
    assert of_rehearsals(lab.home)
    assert not rehearse(lab, "DEMO_HER2")["differences"]
    eventually(lambda: not of_rehearsals(lab.home), "all of it is gone")
    if kept:
        status = mediabase("status", "--json", MEDIABASE_HOME=kept)
        assert status.returncode == 0, status.stderr
        assert [each["state"] for each in json.loads(status.stdout)["patients"]] == ["validated"]


def test_two_at_the_same_time(lab: Lab) -> None:
    """Neither takes the other's server for a left-over."""
    with lab.started("rehearse", "DEMO_HER2") as first, lab.started("rehearse", "DEMO_TNBC") as second:
        for process in (first, second):
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, (out, err)
            assert "equal" in out and "Not as foreseen" not in out
    assert not of_rehearsals(lab.home)


@contextmanager
def watched(secret: str) -> Iterator[tuple[set[str], list[str]]]:
    """Look at every process's command line all the time; yield the programs seen and lines with the secret."""
    programs: set[str] = set()
    told: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for process in psutil.process_iter(["name", "cmdline"]):
                programs.add(process.info["name"])
                told.extend(part for part in process.info["cmdline"] or () if secret in part)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield programs, told
    finally:
        over.set()
        thread.join()


def test_an_older_server_with_a_password_and_an_extension(debian: OtherServer) -> None:
    """Dumped by its own pg_dump; what the scratch server cannot take is named, and everything else is there."""
    with temporary_home() as home:
        settings = {"MEDIABASE_DSN": "service=other", "MEDIABASE_LEGACY_DSN": "service=other_legacy",
                    "MEDIABASE_HOME": str(home), **debian.environment}  # fmt: skip
        assert mediabase("sandbox", "up", "--replace", "--transcripts", 600, **settings).returncode == 0
        with pytest.MonkeyPatch.context() as patch:
            for name, value in debian.environment.items():
                patch.setenv(name, value)
            with connect("service=other", autocommit=True) as connection:
                connection.execute('create extension "uuid-ossp"')
                connection.execute("create table books (id uuid primary key default uuid_generate_v4())")
                connection.execute("create table shelf (number int primary key); insert into shelf values (1)")
        command = [MEDIABASE, "rehearse", "--sample", "2", "--json"]
        with watched(PASSWORD) as (programs, told):
            # A service of the environment must not lead pg_restore into production.
            done = subprocess.run(
                command, env=clean_environment(**settings, PGSERVICE="other"), capture_output=True, text=True
            )
        assert done.returncode in (0, 3), done.stderr
        assert {"pg_dump", "pg_restore"} <= programs and not told
        assert PASSWORD not in done.stdout + done.stderr
        report = json.loads(done.stdout)
        left_out = {copied["name"]: copied["left_out"] for copied in report["copied"]}
        assert left_out.pop("mbase") == [
            "constraint public.books.books_pkey", "extension uuid-ossp", "index public.books_pkey",
            "table public.books",
        ]  # fmt: skip
        assert not any(left_out.values()) and not report["differences"]
        assert all(each["parity"] for each in report["patients"])
        assert mediabase("sandbox", "down", **settings).returncode == 0
