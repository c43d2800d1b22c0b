"""Legacy and target on separate servers of different versions, by password and service file over TCP."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.postgres.connection import Servers
from orchestrator.postgres.embedded import _server_user

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "s3cret with space"
VERIFY = Path(__file__).parents[2] / "verify_values.py"


@dataclass(frozen=True)
class OtherServer:
    """A server that libpq finds through its service file."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return what libpq needs to find the service and its password."""
        return {"PGSERVICEFILE": str(self.folder / "services"), "PGPASSFILE": str(self.folder / "passwords")}


@pytest.fixture(scope="module")
def debian() -> Iterator[OtherServer]:
    """Run Debian's PostgreSQL 15 on a port of the loopback, with a password; skip where it is absent."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("needs Debian's PostgreSQL 15 (package postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="mb-pg15-", dir="/tmp"))
    folder.chmod(0o711)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = _server_user()
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    for name, content in (
        ("initial", PASSWORD),
        ("services", f"[other]\nhost=127.0.0.1\nport={port}\nuser=owner\ndbname=mbase\n"
                     f"[other_legacy]\nhost=127.0.0.1\nport={port}\nuser=owner\ndbname=postgres\n"),
        ("passwords", f"127.0.0.1:{port}:*:owner:{PASSWORD}\n"),
    ):  # fmt: skip
        (folder / name).write_text(content)
        (folder / name).chmod(0o644 if name == "initial" else 0o600)
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user:
        os.chown(data, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [DEBIAN_15 / program, "-D", data, *arguments],
            check=True,
            capture_output=True,
            cwd="/",
            **identity,
        )

    run("initdb", "-U", "owner", "-A", "scram-sha-256", f"--pwfile={folder / 'initial'}", "--locale=C.UTF-8")
    options = f"-h 127.0.0.1 -p {port} -c unix_socket_directories= -c fsync=off"
    run("pg_ctl", "start", "-w", "-o", options, "-l", str(data / "log"))
    try:
        yield OtherServer(folder)
    finally:
        run("pg_ctl", "stop", "-w", "-m", "immediate")
        shutil.rmtree(folder)


def mediabase(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with these settings."""
    command = [Path(sys.executable).with_name("mediabase"), *arguments]
    return subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True)


@pytest.mark.parametrize("debian_is", ["target", "legacy", "both"])
def test_servers_of_two_versions(debian: OtherServer, server: Servers, tmp_path: Path, debian_is: str) -> None:
    """Nothing of one server's connection settings reaches the other, and no password is shown."""
    dsn = {
        "target": {"MEDIABASE_DSN": "service=other", "MEDIABASE_LEGACY_DSN": server.legacy},
        "legacy": {"MEDIABASE_DSN": server.target, "MEDIABASE_LEGACY_DSN": "service=other_legacy"},
        "both": {"MEDIABASE_DSN": "service=other", "MEDIABASE_LEGACY_DSN": "service=other_legacy"},
    }[debian_is]
    settings = {**dsn, **debian.environment}
    target, legacy = dsn["MEDIABASE_DSN"], dsn["MEDIABASE_LEGACY_DSN"]

    made = mediabase(settings, "sandbox", "up", "--replace", "--transcripts", "600")
    assert made.returncode == 0, made.stderr
    try:
        migrated = mediabase(settings, "migrate", "--all")
        assert migrated.returncode == 3, migrated.stderr
        exported = mediabase(settings, "export", "--all", "--csv", str(tmp_path))
        assert exported.returncode == 0, exported.stderr
        again = mediabase(settings, "migrate", "--all", "--csv", str(tmp_path), "--dry-run", "--json")
        assert [each["result"] for each in json.loads(again.stdout)] == ["unchanged"] * 6, again.stderr
        built = mediabase(settings, "dbt", "test", "--vars", "patient_id=DEMO_HER2")
        assert built.returncode == 0, built.stdout
        verified = subprocess.run(
            [sys.executable, VERIFY, target, legacy],
            env={**os.environ, **settings}, capture_output=True, text=True,
        )  # fmt: skip
        assert verified.returncode == 0, verified.stdout + verified.stderr
        for output in (migrated.stdout, migrated.stderr, built.stdout, built.stderr):
            assert PASSWORD not in output
    finally:
        removed = mediabase(settings, "sandbox", "down")
        assert removed.returncode == 0, removed.stderr
