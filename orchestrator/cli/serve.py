"""`mediabase serve`."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer
from psycopg.conninfo import make_conninfo

from orchestrator.access.harden import doors
from orchestrator.access.roles import API_LOGIN
from orchestrator.access.server_login import check_api_login
from orchestrator.access.tokens import Scope, create_token, revoke_token
from orchestrator.cli.log import say
from orchestrator.cli.report import DEFAULT_FILE
from orchestrator.cli.settings import current
from orchestrator.dbt.runner import artifact_folder
from orchestrator.errors import UsageError
from orchestrator.postgres.connection import CORE_DATABASE, connect, servers, with_database

DEVELOPMENT_HOURS = 24
GRACE_SECONDS = 10
"""For requests that are being answered when the server is told to stop."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; TLS in front of any other.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    sessions: Annotated[int, typer.Option(min=1, max=100, help="Sessions with the database.")] = 8,
    development: Annotated[
        bool, typer.Option("--development", help="Open all patients without a token, to this machine only.")
    ] = False,
    api_dsn: Annotated[
        str | None,
        typer.Option(help="Target as the API's login: connection string without a password.",
                     show_default="the target, as mediabase_api"),
    ] = None,
    report: Annotated[Path, typer.Option(metavar="FILE", help="What `mediabase report` wrote.")] = DEFAULT_FILE,
) -> None:  # fmt: skip
    """Serve the API and the pages: /api/v1/transcripts for programs, / for people, /api describes all of it.

    It connects as the login mediabase_api (setting api_dsn), which takes the role of a patient's readers for each
    request, as its token says (mediabase token create). No token, no data of patients.

    Example: mediabase serve --development
    """
    if development and not _is_loopback(host):
        raise UsageError(f"--development opens all patients to whoever reaches {host}: it is for 127.0.0.1 only.")
    settings = current(api_dsn=api_dsn)
    with ExitStack() as stack:
        # With an address of its own it needs the operator's for development only.
        where = None if settings.api and not development else stack.enter_context(servers(settings))
        own = make_conninfo(where.target if where else "", user=API_LOGIN, password="")
        dsn = with_database(settings.api or own, CORE_DATABASE)
        with connect(dsn, autocommit=True) as login:
            check_api_login(login)
        dbt_docs = artifact_folder(settings.home) / "cli" / "target" / "static_index.html"
        with (
            _listen(host, port) as listening,
            _development_token(where.target) if where and development else nullcontext() as token,
        ):
            say(f"http://{f'[{host}]' if ':' in host else host}:{port}/ ; end with Ctrl-C.")
            _run(listening, dsn, sessions, token, dbt_docs, report)


def _run(listening: socket.socket, dsn: str, sessions: int, token: str | None, dbt_docs: Path, report: Path) -> None:
    import uvicorn

    from orchestrator.api.app import Options, create_app, served

    app = served(create_app(Options(dsn, sessions, token, dbt_docs, report.absolute())))
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="on", log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip
    with suppress(KeyboardInterrupt):  # it ends in good order, and then repeats the signal
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises UsageError when that is not possible."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UsageError(
            f"Nothing can listen on {host}, port {port} ({error.strerror}): pass another --port or --host, "
            "or end what listens there."
        ) from error


@contextmanager
def _development_token(target_dsn: str) -> Iterator[str]:
    """Yield a token for everything, which is revoked in the end."""
    name = f"development {token_hex(4)}"
    expires_at = datetime.now(UTC) + timedelta(hours=DEVELOPMENT_HOURS)
    with connect(target_dsn, autocommit=True) as target:
        text = create_token(target, name, Scope(all_patients=True, cohort=True), expires_at)
        for door in doors(target):
            if not door.is_other_database:
                say(f"A way past the roles: {door.who} may {door.may} (mediabase access harden).", "warning")
    try:
        yield text
    finally:
        with connect(target_dsn, autocommit=True) as target:
            revoke_token(target, name)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
