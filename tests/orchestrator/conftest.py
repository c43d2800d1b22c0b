"""Fixtures for every test: a server of their own, a small sandbox on it, and the real data if it is there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Lab, laboratory
from other_server import OtherServer, debian_server
from page_checks import started_browser
from playwright.sync_api import Browser

from orchestrator import sandbox as sandboxes
from orchestrator.postgres.connection import Servers, connect, servers
from orchestrator.postgres.embedded import SERVER_SETTINGS
from orchestrator.settings import Settings

SANDBOX_TRANSCRIPTS = 600
REAL_DATA = Path(__file__).resolve().parents[3] / "shared" / "realdata"


@pytest.fixture(scope="session")
def server() -> Iterator[Servers]:
    """Return an embedded server in a new home, which MEDIABASE_HOME names; no other server is configured."""
    # Short, because the path of a Unix socket is limited; open to enter, because as root the server runs as
    # another user.
    home = Path(tempfile.mkdtemp(prefix="mb-test-", dir="/tmp"))
    home.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MEDIABASE_")]:
            patch.delenv(name)
        patch.setenv("MEDIABASE_HOME", str(home))
        try:
            with servers(Settings()) as where, connect(where.legacy, autocommit=True) as connection:
                connection.execute("alter system set fsync = off")  # nothing here outlives the tests
                connection.execute("select pg_reload_conf()")
                yield where
        finally:
            shutil.rmtree(home)


@pytest.fixture(scope="session")
def sandbox(server: Servers) -> Servers:
    """Return `server` with a generated sandbox: the core, and the demo patients' legacy databases."""
    source = sandboxes.Generated(transcripts=SANDBOX_TRANSCRIPTS)
    sandboxes.up(server, sandboxes.SandboxSpec(source, replace=True))
    return server


@pytest.fixture(scope="session")
def laboratory_server() -> Iterator[Lab]:
    """Return a second server with a sandbox, for tests that migrate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SERVER_SETTINGS, "max_prepared_transactions", "5")  # none by default, and a problem to find
        with laboratory(sandboxes.Generated(transcripts=SANDBOX_TRANSCRIPTS)) as made:
            yield made


@pytest.fixture
def lab(laboratory_server: Lab) -> Iterator[Lab]:
    """Return the second server as the sandbox was made: nothing migrated, only the demo patients."""
    laboratory_server.reset()
    yield laboratory_server
    laboratory_server.reset()


@pytest.fixture(scope="session")
def debian() -> Iterator[OtherServer]:
    """Return Debian's PostgreSQL 15 without any database; skip the test where it is absent."""
    with debian_server() as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a real browser; skip the test where it is absent."""
    with started_browser() as made:
        yield made


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Return the folder with public human data, or skip the test."""
    if not REAL_DATA.is_dir():
        pytest.skip("needs the real data set, which is not part of the project (shared/realdata beside it)")
    return REAL_DATA
