"""`mediabase serve` as a process of its own, and what clients need to ask it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from subprocess import Popen
from threading import Thread

import httpx
from helpers import Lab, eventually

from orchestrator.access.tokens import Scope, create_token

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
COOKIE = "mediabase_token"


@dataclass(frozen=True)
class Running:
    """A server and a client of it."""

    process: Popen[str]
    client: httpx.Client


@contextmanager
def serving(
    lab: Lab, *options: str, host: str = "127.0.0.1", is_drained: bool = False, **variables: str
) -> Iterator[Running]:
    """Yield `mediabase serve` on a free port, as soon as it answers; drained, what it says is thrown away.

    Options come after those that are always given, so that they override them; variables are of the environment.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as free:
        port = free.getsockname()[1]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    with (
        lab.started("serve", "--host", host, "--port", str(port), "--sessions", "2", *options, **variables) as process,
        httpx.Client(base_url=address, timeout=30) as client,
    ):

        def answers() -> bool:
            assert process.poll() is None, process.communicate()
            try:
                return client.get("/ready").status_code == 200
            except httpx.TransportError:
                return False

        eventually(answers, "the server answers")
        if is_drained:  # many requests make more lines than a pipe holds
            Thread(target=process.stderr.read, daemon=True).start()  # type: ignore[union-attr]
        yield Running(process, client)


def token(lab: Lab, name: str, scope: Scope) -> str:
    """Make a token that is valid for an hour."""
    with lab.session() as target:
        return create_token(target, name, scope, datetime.now(UTC) + timedelta(hours=1))


def bearer(text: str) -> dict[str, str]:
    """Return the header of a program that has a token."""
    return {"Authorization": f"Bearer {text}"}
