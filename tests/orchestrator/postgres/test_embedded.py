"""The embedded server's life: shared, left over, half made."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from helpers import clean_environment, temporary_home

from orchestrator.postgres.embedded import embedded_server

HOLD = """
import sys
from pathlib import Path
from orchestrator.postgres.embedded import embedded_server
with embedded_server(Path(sys.argv[1])) as dsn:
    print(dsn, flush=True)
    sys.stdin.readline()
"""


def hold(home: Path) -> subprocess.Popen[str]:
    """Start a process that uses the server of `home` until it gets a line, and wait until it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, home],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment(),
    )  # fmt: skip
    assert process.stdout and process.stdout.readline().startswith("host=")
    return process


def postmaster(home: Path) -> int | None:
    """Return the server's process, if it lives."""
    try:
        pid = int((home / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid


def test_two_commands_share_a_server_and_the_last_one_out_stops_it() -> None:
    """Also when the one that started it is the first to leave."""
    with temporary_home() as home:
        first, second = hold(home), hold(home)
        server = postmaster(home)
        assert server
        first.communicate("\n", timeout=30)
        assert postmaster(home) == server
        second.communicate("\n", timeout=30)
        assert postmaster(home) is None


def test_a_server_that_a_killed_command_left_is_used_and_stopped() -> None:
    """SIGKILL leaves it running: no second one is started beside it."""
    with temporary_home() as home:
        first = hold(home)
        server = postmaster(home)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=30)
        assert postmaster(home) == server
        with embedded_server(home) as dsn, psycopg.connect(dsn, dbname="postgres"):
            assert postmaster(home) == server
        assert postmaster(home) is None


def test_an_initdb_that_was_killed_is_done_again() -> None:
    """What it left does not look like a cluster."""
    with temporary_home() as home:
        partial = home / "data.partial" / "base"
        partial.mkdir(parents=True)
        (home / "data.partial" / "PG_VERSION").write_text("18\n")
        with embedded_server(home) as dsn, psycopg.connect(dsn, dbname="postgres") as connection:
            assert connection.execute("show server_encoding").fetchone() == ("UTF8",)
        assert not (home / "data.partial").exists()


def test_a_pid_file_of_a_server_that_is_gone_is_no_hindrance() -> None:
    """A power cut leaves it."""
    nobody = 4_194_303  # beyond the last process number in use on any machine that tests run on
    with temporary_home() as home:
        with embedded_server(home):
            text = (home / "data" / "postmaster.pid").read_text()
        (home / "data" / "postmaster.pid").write_text("\n".join([str(nobody), *text.splitlines()[1:], ""]))
        with embedded_server(home) as dsn, psycopg.connect(dsn, dbname="postgres"):
            assert postmaster(home) not in (None, nobody)


def test_nobody_else_may_come_near() -> None:
    """No TCP, a socket folder and a data folder for the owner only."""
    with temporary_home() as home, embedded_server(home) as dsn:
        with psycopg.connect(dsn, dbname="postgres") as connection:
            assert connection.execute("show listen_addresses").fetchone() == ("",)
        assert (home / "run").stat().st_mode & 0o777 == 0o700
        assert (home / "data").stat().st_mode & 0o777 == 0o700


def test_an_exception_inside_stops_the_server() -> None:
    """Ctrl-C is one."""
    with temporary_home() as home:
        with pytest.raises(KeyboardInterrupt), embedded_server(home):
            raise KeyboardInterrupt
        assert postmaster(home) is None
