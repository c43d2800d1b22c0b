"""Legacy and target on separate servers of different versions, by password and service file over TCP."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from other_server import PASSWORD, OtherServer

from orchestrator.postgres.connection import Servers

VERIFY = Path(__file__).parents[2] / "verify_values.py"


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
