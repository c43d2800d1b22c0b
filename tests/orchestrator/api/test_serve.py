"""`mediabase serve` as an operator runs it: a process with an address, signals, and a database that goes away."""

import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import httpx
import psutil
import pytest
from helpers import Lab, complaint, eventually
from serving import BROWSER, COOKIE, Running, bearer, serving, token

from orchestrator.access.tokens import Scope, revoke_token
from orchestrator.postgres.embedded import _Cluster

PATIENTS = ("DEMO_HER2", "DEMO_BASELINE")
PATIENT = "/api/v1/patients/DEMO_HER2"
PROBLEM = "application/problem+json"
AWAY_SECONDS = 6
"""Longer than the pool tries to connect before it gives up a session."""
PROBE_SECONDS = 1.0
QUICK_SECONDS = 4.0
"""Less than a request would wait for a session."""
STREAMED_ROWS = 150_000
MEGABYTE = 1 << 20


def problem(answer: httpx.Response, status: int) -> Mapping[str, object]:
    """Return a problem of the API, which has this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["status"] == status and told["title"] and told["detail"]
    return dict(told)


@pytest.fixture(scope="module")
def published(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with two patients that readers can read, one of them with more than sockets hold."""
    laboratory_server.reset()
    laboratory_server.migrate(*PATIENTS)
    laboratory_server.execute(
        f"""
        insert into patient_demo_baseline.quarantined_expression (transcript_id, reason, source)
        select 'ORPHAN' || number || repeat('x', 400), 'orphan', 'test' from generate_series(1, {STREAMED_ROWS}) number
        """
    )
    yield laboratory_server
    laboratory_server.execute("truncate access.token, access.audit")
    laboratory_server.reset()


@pytest.fixture(scope="module")
def running(published: Lab) -> Iterator[Running]:
    """Return a server that tests share."""
    with serving(published) as made:
        yield made


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    """Return a client without a cookie."""
    running.client.cookies.clear()
    yield running.client
    running.client.cookies.clear()


@pytest.fixture(scope="module")
def everything(published: Lab) -> str:
    """Return a token for all patients and the cohort."""
    return token(published, "everything", Scope(all_patients=True, cohort=True))


@pytest.fixture(scope="module")
def one(published: Lab) -> str:
    """Return a token for one patient."""
    return token(published, "one", Scope(("DEMO_HER2",)))


@pytest.mark.parametrize("end", (signal.SIGINT, signal.SIGTERM))
def test_it_says_where_it_is_and_ends_in_good_order(published: Lab, end: signal.Signals) -> None:
    """The token that it made for itself opens nothing afterwards."""
    valid = "select count(*) from access.token where name like 'development %' and revoked_at is null"
    with serving(published, "--development") as running:
        assert published.query(valid) == [(1,)]
        assert running.client.get(PATIENT).status_code == 200
        running.process.send_signal(end)
        out, err = running.process.communicate(timeout=20)
    assert running.process.returncode == 0, err
    assert f"http://127.0.0.1:{running.client.base_url.port}/ ; end with Ctrl-C." in err
    assert "Traceback" not in err and out == ""
    assert published.query(valid) == [(0,)]


@pytest.mark.parametrize("host", ("0.0.0.0", "::", "192.0.2.1", "example.org"))  # noqa: S104
def test_development_is_for_this_machine_only(published: Lab, host: str) -> None:
    """Whoever reaches the server sees everybody."""
    made = "select count(*) from access.token"
    before = published.query(made)
    done = published.call("serve", "--development", "--host", host)
    assert "for 127.0.0.1 only" in complaint(done, 2)
    assert published.query(made) == before


def test_a_port_that_is_taken(published: Lab) -> None:
    """It says so before it says where it is, and leaves no token behind."""
    made = "select count(*) from access.token"
    before = published.query(made)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = published.call("serve", "--development", "--port", port)
    assert f"127.0.0.1, port {port}" in complaint(done, 2)
    assert "end with Ctrl-C" not in done.stderr
    assert published.query(made) == before


def test_an_address_that_is_not_of_this_machine(published: Lab) -> None:
    """The same sentence."""
    assert "Nothing can listen on 192.0.2.1" in complaint(published.call("serve", "--host", "192.0.2.1"), 2)


def test_logins_that_it_does_not_serve_as(published: Lab) -> None:
    """One that is not there, one that is over everything, one that may not use the functions of the API."""
    said = complaint(published.call("serve", MEDIABASE_API_DSN="host=/nonexistent"), 2)
    assert "Cannot connect to database mbase on /nonexistent" in said
    assert "rights over everything" in complaint(published.call("serve", MEDIABASE_API_DSN=published.where.target), 5)
    published.execute("create role stranger login")
    try:
        stranger = f"{published.where.target} user=stranger"
        assert "schema access" in complaint(published.call("serve", MEDIABASE_API_DSN=stranger), 5)
    finally:
        published.execute("drop role stranger")


def test_without_a_token(client: httpx.Client) -> None:
    """Programs are told what is missing, people are led to the form; the core is open."""
    for path in (PATIENT, f"{PATIENT}/pathways", "/api/v1/patients", "/api/v1/transcripts?patient_id=DEMO_HER2"):
        answer = client.get(path)
        assert "token" in str(problem(answer, 401)["detail"])
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/patients/DEMO_HER2", "/compare", "/report"):
        answer = client.get(path, headers=BROWSER)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/login")
    assert client.get("/api/v1/transcripts").status_code == 200
    assert client.get("/login", headers=BROWSER).status_code == 200


def test_tokens_that_are_no_longer_valid(published: Lab, client: httpx.Client) -> None:
    """Revoked, expired, unknown: the same answer; and the browser is led to the form."""
    revoked, expired = (token(published, name, Scope(all_patients=True)) for name in ("revoked", "expired"))
    assert client.get(PATIENT, headers=bearer(expired)).status_code == 200
    assert client.get(PATIENT, headers=bearer(revoked)).status_code == 200
    with published.session() as target:
        revoke_token(target, "revoked")
        target.execute("update access.token set expires_at = now() - interval '1 second' where name = 'expired'")
    told = [problem(client.get(PATIENT, headers=bearer(each)), 401) for each in (revoked, expired, "mb_no", "x" * 300)]
    assert all(each == told[0] for each in told)
    answer = client.get("/", headers={**BROWSER, "Cookie": f"{COOKIE}={revoked}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_what_a_token_does_not_open(client: httpx.Client, one: str) -> None:
    """Another patient is as one that is not there; facts of all need a token for the cohort."""
    told = [problem(client.get(f"/api/v1/patients/{each}", headers=bearer(one)), 404)
            for each in ("DEMO_BASELINE", "NOBODY")]  # fmt: skip
    assert told[0] == told[1]
    problem(client.get("/report", headers={"Cookie": f"{COOKIE}={one}"}), 403)
    page = client.get("/report", headers={**BROWSER, "Cookie": f"{COOKIE}={one}"})
    assert page.status_code == 403 and page.headers["content-type"].startswith("text/html")


def test_signing_in_and_out(client: httpx.Client, one: str) -> None:
    """The cookie is for no script, no other site, and where there is TLS for nothing else."""
    refused = client.post("/login", data={"token": "mb_wrong"})
    assert refused.status_code == 403 and "set-cookie" not in refused.headers and "mb_wrong" not in refused.text
    signed = client.post("/login", data={"token": f" {one} "})
    assert (signed.status_code, signed.headers["location"]) == (303, "/")
    flags = {part.strip().lower() for part in signed.headers["set-cookie"].split(";")[1:]}
    assert flags == {"httponly", "samesite=strict", "path=/"}
    assert "DEMO_HER2" in client.get("/", headers=BROWSER).text
    secure = client.post("/login", data={"token": one}, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in secure.headers["set-cookie"].lower()
    left = client.post("/logout")
    assert (left.status_code, left.headers["location"]) == (303, "/login")
    assert COOKIE not in client.cookies
    assert client.get("/", headers=BROWSER).headers["location"] == "/login"
    assert client.get(PATIENT, headers=bearer(one)).status_code == 200, "signing out revokes nothing"


@pytest.mark.parametrize("path", ("/login", "/logout"))
def test_forms_of_other_sites(client: httpx.Client, one: str, path: str) -> None:
    """Nobody is signed in or out by a page elsewhere."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://example.org", "Cookie": f"{COOKIE}={one}"}
    answer = client.post(path, data={"token": one}, headers=headers)
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


def test_the_cookie_opens_links_into_the_api(client: httpx.Client, one: str) -> None:
    """Only without Authorization: a program that sends the wrong token is not answered by another."""
    cookie = {"Cookie": f"{COOKIE}={one}"}
    assert client.get(PATIENT, headers=cookie).json()["patient_id"] == "DEMO_HER2"
    problem(client.get("/api/v1/patients/DEMO_BASELINE", headers=cookie), 404)
    for wrong in ("Bearer mb_wrong", "Basic bWI6bWI=", "Bearer"):
        problem(client.get(PATIENT, headers={**cookie, "Authorization": wrong}), 401)


def test_addresses_and_methods_that_are_not_there(client: httpx.Client) -> None:
    """Problems for programs, pages for people."""
    problem(client.get("/api/v1/nothing"), 404)
    problem(client.get("/nothing"), 404)
    assert client.get("/nothing", headers=BROWSER).headers["content-type"].startswith("text/html")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, "/api/v1/stats")
        problem(answer, 405)
        assert answer.headers["allow"] == "GET"


def test_security_headers(client: httpx.Client, one: str) -> None:
    """Nothing of patients is stored on the way, nothing runs, nothing is framed."""
    for path, headers in ((PATIENT, bearer(one)), ("/", {**BROWSER, "Cookie": f"{COOKIE}={one}"})):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "server" not in answer.headers
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_name_that_leads_here_from_elsewhere(published: Lab) -> None:
    """Without tokens, what keeps a page of another site out is the name that it calls this server by."""
    with serving(published, "--development", host="::1") as running:
        assert running.client.get("/patients/DEMO_HER2", headers=BROWSER).status_code == 200
        for name in ("rebound.example", "localhost.rebound.example", "127.0.0.1.rebound.example:8000", ""):
            assert running.client.get(PATIENT, headers={"Host": name}).status_code == 400
        assert running.client.get(PATIENT, headers={"Host": "localhost:8000"}).status_code == 200


def test_a_stream_takes_little_memory(published: Lab, running: Running, everything: str) -> None:
    """A client that is slow does not make the server keep what it has not taken yet."""
    process = psutil.Process(running.process.pid)
    address = "/api/v1/patients/DEMO_BASELINE/transcripts"
    headers = {**bearer(everything), "Accept-Encoding": "identity"}
    before = most = process.memory_info().rss
    size = 0
    with running.client.stream("GET", address, headers=headers) as answer:
        for number, part in enumerate(answer.iter_raw(MEGABYTE)):
            if not number:
                time.sleep(1)
            size += len(part)
            most = max(most, process.memory_info().rss)
    assert size > STREAMED_ROWS * 400
    assert most - before < size / 4
    audited = "select rows from access.audit where endpoint = 'all rows' order by audit_id desc limit 1"
    assert published.query(audited)[0][0] >= STREAMED_ROWS


def test_slow_clients_leave_sessions_to_others(published: Lab, everything: str) -> None:
    """Half of the sessions are for streams; one more is told so at once, and a place comes back with its client."""
    address = "/api/v1/patients/DEMO_BASELINE/transcripts"
    headers = {**bearer(everything), "Accept-Encoding": "identity"}
    with serving(published, "--sessions", "4", is_drained=True) as running:
        client = running.client
        with client.stream("GET", address, headers=headers) as first:
            assert first.status_code == 200  # and nobody reads on: more is to come than sockets hold
            with client.stream("GET", address, headers=headers) as second:
                assert second.status_code == 200
                began = time.monotonic()
                for place in (address, "/patients/DEMO_BASELINE/transcripts.ndjson"):
                    answer = client.get(place, headers={**headers, "Cookie": f"{COOKIE}={everything}"})
                    assert "whole patients" in str(problem(answer, 503)["detail"])
                    assert int(answer.headers["retry-after"]) > 0
                for _ in range(20):
                    assert client.get(PATIENT, headers=headers).status_code == 200
                assert time.monotonic() - began < QUICK_SECONDS

        def is_free() -> bool:
            with client.stream("GET", address, headers=headers) as answer:
                return answer.status_code == 200

        eventually(is_free, "a place is free again", 10)


def readiness(client: httpx.Client) -> httpx.Response:
    """Ask as a probe does, which waits a second."""
    began = time.monotonic()
    answer = client.get("/ready")
    assert time.monotonic() - began < PROBE_SECONDS
    return answer


@contextmanager
def locked(lab: Lab) -> Iterator[None]:
    """Keep a table from everybody."""
    with lab.session() as target, target.transaction():
        target.execute("lock table public.transcripts in access exclusive mode")
        yield


@contextmanager
def frozen(lab: Lab) -> Iterator[None]:
    """Let PostgreSQL be there, and say nothing, not even that it will not."""
    postmaster = psutil.Process(int((lab.home / "data" / "postmaster.pid").read_text().split()[0]))
    processes = [postmaster, *postmaster.children()]
    for each in processes:
        each.suspend()
    try:
        yield
    finally:
        for each in processes:
            each.resume()


@pytest.mark.parametrize("hindered", (locked, frozen))
def test_probes_are_answered_in_time(published: Lab, hindered: Callable[[Lab], AbstractContextManager[None]]) -> None:
    """Also by a server whose database is there but does not answer: while it does not, each probe is told so."""
    with serving(published, is_drained=True) as running:
        assert readiness(running.client).status_code == 200
        with hindered(published):
            for _ in range(4):  # more than it has sessions
                problem(readiness(running.client), 503)
        eventually(lambda: readiness(running.client).status_code == 200, "it is ready again", 10)
        eventually(lambda: "mediabase_pool_available 2.0\n" in running.client.get("/metrics").text, "all are back", 10)


def test_the_database_goes_away_and_comes_back(published: Lab, running: Running, everything: str) -> None:
    """Problems that say when to ask again, a server that is alive but not ready, and nobody restarts it."""
    cluster = _Cluster(published.home)
    client = running.client
    cluster.stop()
    try:
        until = time.monotonic() + AWAY_SECONDS
        with ThreadPoolExecutor() as at_once:  # each waits for a session
            while time.monotonic() < until:
                page = at_once.submit(client.get, "/", headers={**BROWSER, "Cookie": f"{COOKIE}={everything}"})
                paths = (PATIENT, "/api/v1/patients", "/api/v1/transcripts", "/ready")
                for answer in at_once.map(lambda path: client.get(path, headers=bearer(everything)), paths):
                    assert "database" in str(problem(answer, 503)["detail"])
                    assert int(answer.headers["retry-after"]) > 0
                assert page.result().status_code == 503 and "text/html" in page.result().headers["content-type"]
                assert int(page.result().headers["retry-after"]) > 0
                problem(readiness(client), 503)
                assert client.get("/health").json() == {"status": "running"}
                assert client.get("/metrics").status_code == 200
    finally:
        cluster.start()
    eventually(lambda: client.get("/ready").status_code == 200, "it is ready again", 20)
    for _ in range(20):
        assert client.get(PATIENT, headers=bearer(everything)).status_code == 200
    assert running.process.poll() is None
