"""Hostile headers, cookies, forms and addresses, as bytes: nothing runs, nothing is told, the log stays whole lines."""

import asyncio
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from signal import SIGTERM
from urllib.parse import quote

import httpx
import pytest
from helpers import Lab
from serving import COOKIE, Running, bearer, serving, token

from orchestrator.access.tokens import Scope
from orchestrator.api.app import Options, create_app, served
from orchestrator.api.problems import INSIDE as INSIDE_FAILED

PATIENT = "DEMO_HER2"
ADDRESS = f"/api/v1/patients/{PATIENT}".encode()
VALUES = (
    b"", b" ", b"'; drop table public.genes; --", b"\" or 1=1", b"'", b'"', b'"\\', b"\\", b"\\000\\012\\377", b"%00",
    b"%0d%0aX-Evil:%201", b"\r\nX-Evil: 1", b"\nX-Evil: 1", b"\rX-Evil: 1", b"a\x00b", b"\x1b[2J", b"\x7f",
    b"\xff\xfe", b"\xc3\x28", "\u2028".encode(), "\U0001d518\u0301".encode(), b"\xed\xa0\x80", b"{{7*7}}",
    b"${jndi:ldap://x}", b"<script>alert(1)</script>", b"=;=;=", b";" * 3000, b"a=b; " * 3000, b"x" * 5000,
    b"x" * 100_000, b"[", b"]:", b"[::1", b"a@b:c", b"http://evil.example/", b"//evil.example", b"mb_" + b"0" * 64,
    b"../../etc/passwd", b"-1", b"NaN", b"null", b"0; q=x", b"W/\"", b"bytes=0-,-1", b"patient_demo_tnbc",
)  # fmt: skip
FORGED = (
    b'%0a{"event":"forged"}', b'\n{"event":"forged"}', b"%0d%0aforged", b"%1b[2J", b"%e2%80%a8forged", b'"forged"',
    b"%00forged", b"%c2%85forged", b"\\nforged", b"%25s%25n",
)  # fmt: skip
"""To make a second line of one in the log, or to act on the terminal of whoever reads it."""
MARK = "Zq7Mark"
"""In every part of a request, and nowhere else."""
HEADERS = ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Accept",
           "Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "Content-Length", "Content-Type",
           "Transfer-Encoding", "Origin", "Sec-Fetch-Site", "X-Unheard-Of")  # fmt: skip
TARGETS = (b"/api/v1/transcripts?limit=1", b"/compare")
"""A list with a link to its next page, and a page that takes a token."""
INSIDE = ("psycopg", "Traceback", "site-packages", "SQLSTATE", "pg_catalog", "dbname=", "mediabase_api", "from public.",
          "select access.")  # fmt: skip
STATUSES = {200, 206, 303, 304, 400, 401, 403, 404, 405, 408, 413, 414, 416, 422, 431}
"""Of answers and refusals."""


@dataclass(frozen=True)
class Answer:
    """What came back on a connection."""

    status: int
    head: str
    body: str


@dataclass(frozen=True)
class Target:
    """A server, and what opens its patients."""

    lab: Lab
    running: Running
    made: str

    def send(self, line: bytes, headers: Mapping[str, bytes], body: bytes = b"") -> Answer:
        """Send these bytes, which no client library would, and return what was answered."""
        sent = {"Host": b"localhost", "Connection": b"close", **headers}
        port = self.running.client.base_url.port
        head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in sent.items())
        with socket.create_connection(("127.0.0.1", port or 0), timeout=3) as connection:
            return _received(connection, line + b" HTTP/1.1\r\n" + head + b"\r\n" + body)


def _received(connection: socket.socket, request: bytes) -> Answer:
    found = b""
    with suppress(ConnectionError):  # of what is refused before all of it was sent
        connection.sendall(request)
        while part := connection.recv(1 << 16):
            found += part
    head, _, body = found.partition(b"\r\n\r\n")
    return Answer(int(head.split(b" ")[1]), head.decode("latin-1"), body.decode("latin-1"))


@pytest.fixture(scope="module")
def target(laboratory_server: Lab) -> Iterator[Target]:
    """Return a server with patients."""
    laboratory_server.reset()
    laboratory_server.migrate(PATIENT, "DEMO_TNBC")
    made = token(laboratory_server, "injection", Scope(all_patients=True, cohort=True))
    with serving(laboratory_server, is_drained=True) as running:
        yield Target(laboratory_server, running, made)
    laboratory_server.reset()


def harmless(answer: Answer, sent: object) -> None:
    """Fail for a server error, a header that the request made, or anything of the inside."""
    assert answer.status in STATUSES, (sent, answer)
    names = [line.partition(":")[0].lower() for line in answer.head.replace("\r", "\n").split("\n")[1:]]
    assert "x-evil" not in names, (sent, answer)
    assert "<script>alert" not in answer.body, (sent, answer)
    assert not any(word in answer.body for word in INSIDE), (sent, answer)


@pytest.mark.parametrize("name", [COOKIE, "other", f"x={COOKIE}", ""])
def test_cookies(target: Target, name: str) -> None:
    """The one of the pages opens nothing, and others are nothing to this server."""
    for value in VALUES:
        for address in (ADDRESS, b"/", b"/compare?patient_ids=DEMO_HER2&gene_symbols=ERBB2"):
            answer = target.send(b"GET " + address, {"Cookie": name.encode() + b"=" + value, "Accept": b"text/html"})
            harmless(answer, (name, value, address))
            assert answer.status in (303, 400, 401, 431), (name, value, answer)


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer\t", b"Basic ", b""])
def test_authorization(target: Target, scheme: bytes) -> None:
    """Nothing but a token opens anything, also not beside a cookie that would."""
    cookie = f"{COOKIE}={target.made}".encode()
    for value in VALUES:
        answer = target.send(b"GET " + ADDRESS, {"Authorization": scheme + value, "Cookie": cookie})
        harmless(answer, (scheme, value))
        assert answer.status in (400, 401, 431), (scheme, value, answer)


@pytest.mark.parametrize("name", HEADERS)
def test_other_headers(target: Target, name: str) -> None:
    """Whatever they say, the answer is one of this server, and a page or a refusal."""
    cookie = f"{COOKIE}={target.made}".encode()
    for value in VALUES:
        for address in TARGETS:
            harmless(target.send(b"GET " + address, {"Cookie": cookie, name: value}), (name, value, address))


def test_the_name_of_the_server(target: Target) -> None:
    """The page that has it quotes it, also where it is one line for the shell."""
    for value in VALUES:
        for name in ("Host", "X-Forwarded-Proto"):
            harmless(target.send(b"GET /api", {name: value}), (name, value))
    assert target.send(b"GET /api/v1/patients/", {"Host": b"evil.example"}).status == 404, "led nowhere else"


def test_what_nobody_foresaw_is_a_problem() -> None:
    """Like any other; here a server that has no sessions."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(served(create_app(Options(""))))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/api/v1/stats")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == INSIDE_FAILED


def test_addresses_as_bytes(target: Target) -> None:
    """In every place of an address, not quoted as a client would."""
    cookie = {"Cookie": f"{COOKIE}={target.made}".encode(), "Accept": b"text/html"}
    for value in VALUES:
        for address in (b"/%s", b"/patients/%s", b"/patients/%s/transcripts.ndjson", b"/api/v1/patients/%s",
                        b"/api/v1/patients/%s/transcripts", b"/api/v1/transcripts/%s", b"/?q=%s", b"/?state=%s",
                        b"/api/v1/transcripts?limit=1&gene_symbols=ERBB2,%s", b"/api/v1/stats?%s=1",
                        b"/compare?patient_ids=%s&gene_symbols=%s" % (b"DEMO_HER2", b"%s")):  # fmt: skip
            harmless(target.send(b"GET " + address % value, cookie), (address, value))


@pytest.mark.parametrize("kind", [b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x",
                                  b"multipart/form-data", b"application/json", b"\xff"])  # fmt: skip
def test_the_form_of_a_token(target: Target, kind: bytes) -> None:
    """Nobody is signed in by it, and no cookie is set."""
    part = b'--x\r\nContent-Disposition: form-data; name="token"%s\r\n\r\n%s\r\n--x--\r\n'
    for value in VALUES:
        for body in (b"token=" + value, value, part % (b"", value), part % (b'; filename="%s"' % value, value)):
            headers = {"Content-Type": kind, "Content-Length": str(len(body)).encode()}
            answer = target.send(b"POST /login", headers, body)
            harmless(answer, (kind, body))
            assert answer.status in (400, 403, 422) and "set-cookie" not in answer.head, (kind, body, answer)


def test_nothing_was_done(target: Target) -> None:
    """After all of these."""
    tables = "select count(*) from pg_class where relname = 'genes' and relnamespace = 'public'::regnamespace"
    assert target.lab.query(tables) == [(1,)]
    assert target.running.client.get(ADDRESS.decode(), headers=bearer(target.made)).status_code == 200
    assert target.running.process.poll() is None


def test_the_log_is_whole_lines_of_nothing_but_routes(target: Target) -> None:
    """Each is one JSON object; none has an id, a token, or a word of a request."""
    with serving(target.lab, MEDIABASE_LOG_FORMAT="json") as running:
        ask_hostile_things(Target(target.lab, running, target.made))
        running.process.send_signal(SIGTERM)
        out, err = running.process.communicate(timeout=20)
    assert out == ""
    lines = [json.loads(line) for line in err.split("\n")[:-1]]
    assert "end with Ctrl-C" in lines[0]["event"] and lines[-1]["event"] == "ended"
    assert {each["event"] for each in lines[1:-1]} == {"request", "Invalid HTTP request received."}
    assert sum(each["event"] == "request" for each in lines) > len(FORGED) * 3
    assert err.isascii() and all(letter.isprintable() or letter == "\n" for letter in err)
    told = err.lower()
    for word in (MARK, PATIENT, target.made, "patient_demo", "drop table", "script", "evil", "forged", "[2j", "token="):
        assert word.lower() not in told, word


def ask_hostile_things(target: Target) -> None:
    """Put a mark, tokens and a patient into each part of requests, beside what could break a line."""
    cookie = f"{COOKIE}={target.made}-{MARK}".encode()
    for value in (*VALUES[2:26], *FORGED):
        text = quote(value + MARK.encode(), safe="/%").encode()
        headers = {"Cookie": cookie, "User-Agent": value + MARK.encode(), MARK: value}
        for address in (ADDRESS + b"?token=" + target.made.encode() + text, b"/patients/" + text, b"/" + text):
            harmless(target.send(b"GET " + address, headers), (address, value))
    harmless(target.send(f"GET /{MARK} {PATIENT}".encode(), {}), "an address with a space")
    harmless(target.send(f"{MARK} /".encode(), {}), "a method that is none")
    assert target.running.client.get(ADDRESS.decode(), headers=bearer(target.made)).status_code == 200
