"""Debian's PostgreSQL 15, for tests that need a second server of another version."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers import MEDIABASE

from orchestrator.postgres.embedded import _server_user

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "s3cret with space"


Settings = dict[str, str]


@dataclass(frozen=True)
class OtherServer:
    """A server that libpq finds through its service file."""

    folder: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """Return what libpq needs to find the service and its password."""
        return {"PGSERVICEFILE": str(self.folder / "services"), "PGPASSFILE": str(self.folder / "passwords")}

    def dsn(self, dbname: str) -> str:
        """Return a connection string that needs nothing of the environment."""
        address = f"host=127.0.0.1 port={self.port} user=owner dbname={dbname}"
        return f"{address} passfile={self.folder / 'passwords'}"

    @contextmanager
    def standby(self) -> Iterator["OtherServer"]:
        """Yield a server in recovery, as this one is now: it answers, and takes no writes."""
        other = OtherServer(self.folder / "standby", _free_port())
        other.folder.mkdir(mode=0o711)
        _write_passwords(other)
        subprocess.run(
            [DEBIAN_15 / "pg_basebackup", "-D", other.folder / "data", "-d", self.dsn("postgres"), "-c", "fast"],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        (other.folder / "data" / "standby.signal").touch()
        if user := _server_user():
            for path in ((other.folder / "data"), *(other.folder / "data").rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid)
        with _running(other):
            yield other


@contextmanager
def debian_server() -> Iterator[OtherServer]:
    """Yield Debian's PostgreSQL 15 on a port of the loopback, with a password; skip the test where it is absent."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("needs Debian's PostgreSQL 15 (package postgresql-15)")
    made = OtherServer(Path(tempfile.mkdtemp(prefix="mb-pg15-", dir="/tmp")), _free_port())
    made.folder.chmod(0o711)
    try:
        _write_passwords(made)
        data = made.folder / "data"
        data.mkdir(mode=0o700)
        if user := _server_user():
            os.chown(data, user.pw_uid, user.pw_gid)
        password = f"--pwfile={made.folder / 'initial'}"
        _run(made, "initdb", "-U", "owner", "-A", "scram-sha-256", password, "--locale=C.UTF-8")
        with _running(made):
            yield made
    finally:
        shutil.rmtree(made.folder)


@contextmanager
def _running(server: OtherServer) -> Iterator[None]:
    options = f"-h 127.0.0.1 -p {server.port} -c unix_socket_directories= -c fsync=off -c autovacuum=off"
    _run(server, "pg_ctl", "start", "-w", "-o", options, "-l", str(server.folder / "data" / "log"))
    try:
        yield
    finally:
        _run(server, "pg_ctl", "stop", "-w", "-m", "immediate")


def _run(server: OtherServer, program: str, *arguments: str) -> None:
    user = _server_user()
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    command = [DEBIAN_15 / program, "-D", server.folder / "data", *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd="/", **identity)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _write_passwords(server: OtherServer) -> None:
    for name, content in (
        ("initial", PASSWORD),
        ("services", f"[other]\nhost=127.0.0.1\nport={server.port}\nuser=owner\ndbname=mbase\n"
                     f"[other_legacy]\nhost=127.0.0.1\nport={server.port}\nuser=owner\ndbname=postgres\n"),
        ("passwords", f"127.0.0.1:{server.port}:*:owner:{PASSWORD}\n"),
    ):  # fmt: skip
        (server.folder / name).write_text(content)
        (server.folder / name).chmod(0o644 if name == "initial" else 0o600)


def mediabase(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with these settings, and see that it shows no password."""
    command = [MEDIABASE, *arguments]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True)
    assert PASSWORD not in done.stdout + done.stderr
    return done


def listed(settings: Settings, *arguments: str, code: int = 0) -> Any:
    """Run a command with --json that ends with `code`; return what it prints."""
    done = mediabase(settings, *arguments, "--json")
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


@contextmanager
def sandbox(settings: Settings) -> Iterator[None]:
    """Have a sandbox on these servers."""
    made = mediabase(settings, "sandbox", "up", "--replace", "--transcripts", "600")
    assert made.returncode == 0, made.stderr
    try:
        yield
    finally:
        removed = mediabase(settings, "sandbox", "down")
        assert removed.returncode == 0, removed.stderr
