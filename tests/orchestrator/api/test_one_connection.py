"""Many requests over one session with the database: none sees a row of another patient."""

import asyncio
import pwd
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from helpers import Lab, eventually, temporary_home
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from serving import bearer, token

from orchestrator.access.roles import API_LOGIN
from orchestrator.access.tokens import Scope
from orchestrator.api.app import Options, create_app, served
from orchestrator.api.database import Pool, tell

PATIENTS = tuple(f"ONE{number:02}" for number in range(20))
REQUESTS = 1000
MARKER = "ENST00000269571"
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")


def value(patient_id: str) -> float:
    """Return the fold change that only this patient has."""
    return 1000.0 + PATIENTS.index(patient_id)


@pytest.fixture(scope="module")
def published(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with twenty patients, each with one value of its own."""
    laboratory_server.reset()
    laboratory_server.migrate("DEMO_HER2")
    for patient_id in PATIENTS:
        update = f"set expression_fold_change = {value(patient_id)} where transcript_id = '{MARKER}'"
        laboratory_server.add_patient(
            patient_id, f"update cancer_transcript_base {update}", f"update transcripts {update}"
        )
    laboratory_server.migrate(*PATIENTS)
    yield laboratory_server
    laboratory_server.reset()


@contextmanager
def pgbouncer(lab: Lab) -> Iterator[str]:
    """Yield the way to the server through pgbouncer in transaction mode, with one session behind it."""
    if PGBOUNCER is None:
        pytest.skip("needs pgbouncer: apt-get install pgbouncer")
    with temporary_home() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        behind = conninfo_to_dict(lab.where.target)
        config = folder / "pgbouncer.ini"
        config.write_text(
            f"[databases]\nmbase = host={behind['host']} port={behind['port']} dbname=mbase\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = trust\n"
            f"auth_file = {folder / 'users'}\npool_mode = transaction\ndefault_pool_size = 1\nunix_socket_dir =\n"
        )
        (folder / "users").write_text(f'"{API_LOGIN}" ""\n')
        # Who may enter the folder of the server's socket, and is not root.
        owner = pwd.getpwuid(Path(str(behind["host"])).stat().st_uid)
        process = subprocess.Popen(
            [PGBOUNCER, "-q", config], user=owner.pw_uid, group=owner.pw_gid, extra_groups=[],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            eventually(lambda: _listens(port), "pgbouncer listens", 10)
            yield f"host=127.0.0.1 port={port} dbname=mbase user={API_LOGIN}"
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


async def ask(dsn: str, tokens: dict[str, str], several: str) -> tuple[Counter[str], list[str]]:
    """Send the requests, all at a time; return how they were answered, and what each saw of another patient."""
    app = create_app(Options(dsn, sessions=1))
    wrong: list[str] = []
    statuses: Counter[str] = Counter()
    transport = httpx.ASGITransport(served(app))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=120) as client,
    ):
        gate = asyncio.Semaphore(50)

        async def one(number: int) -> None:
            patient_id = PATIENTS[number * 7 % len(PATIENTS)]
            other = PATIENTS[(number * 7 + 1) % len(PATIENTS)]
            whose = other if number % 5 == 0 else patient_id
            text = several if number % 3 == 0 else tokens[patient_id]
            asked = {"patient_id": whose, "fold_change_min": 900}
            async with gate:
                request = client.get("/api/v1/transcripts", params=asked, headers=bearer(text))
                if number % 11 == 0:  # somebody who goes away in the middle
                    with suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(request, 0.002)
                    return
                answer = await request
            statuses[str(answer.status_code)] += 1
            may = text == several or whose == patient_id
            wanted = [value(whose)] if may else []
            found = [each["expression_fold_change"] for each in answer.json()] if answer.status_code == 200 else []
            if found != wanted or answer.status_code != (200 if may else 404):
                wrong.append(f"{number}: {answer.status_code} {found} for {wanted}")

        await asyncio.gather(*map(one, range(REQUESTS)))
        pool: Pool = app.state.pool
        assert await tell(pool, "select current_user::text", []) == [(API_LOGIN,)]
    return statuses, wrong


@pytest.mark.parametrize("way", ["direct", "pgbouncer"])
def test_interleaved_requests_see_their_own_patient_only(published: Lab, way: str) -> None:
    """A thousand over one session: tokens for one patient and for all, wrong ones, and clients that go away."""
    tokens = {each: token(published, f"{way} {each}", Scope((each,))) for each in PATIENTS}
    several = token(published, f"{way} several", Scope(PATIENTS))
    published.execute("truncate access.audit")
    if way == "direct":
        statuses, wrong = asyncio.run(ask(make_conninfo(published.where.target, user=API_LOGIN), tokens, several))
    else:
        with pgbouncer(published) as dsn:
            statuses, wrong = asyncio.run(ask(dsn, tokens, several))
    assert wrong == []
    assert set(statuses) == {"200", "404"} and sum(statuses.values()) == REQUESTS - len(range(0, REQUESTS, 11))
    [(recorded,)] = published.query("select count(*) from access.audit where rows = 1")
    assert recorded >= statuses["200"]
