"""What the server tells of itself: a line for each request and figures for Prometheus, without an id or a value."""

import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from orchestrator.api.database import Pool
from orchestrator.api.problems import answer, as_problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

QUIET = ("/health", "/ready", "/metrics")
"""Asked all the time by programs: counted, but no line each."""
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]


def observed(application: Application, registry: CollectorRegistry, pool: Callable[[], Pool | None]) -> Application:
    """Return the application with figures, log lines and security headers; it answers what nobody foresaw, too."""
    requests = Counter("mediabase_requests", "Requests.", ["route", "status"], registry=registry)
    seconds = Histogram("mediabase_request_seconds", "Seconds until the answer was sent.", ["route"], registry=registry)
    _watch(registry, pool)
    log = _logger()

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        code = None
        try:
            await application(scope, receive, sending)
        except Exception as error:  # the last to see it: whoever asks gets an answer, and the log a line
            code = error.sqlstate if isinstance(error, psycopg.Error) else type(error).__name__
            if not status:
                await answer(as_problem(error))(scope, receive, sending)
        code = code or scope.get("mediabase.error")
        taken = time.perf_counter() - started
        route = getattr(scope.get("route"), "path", "none")
        requests.labels(route, status).inc()
        seconds.labels(route).observe(taken)
        if route not in QUIET or status >= 500:
            more = {"error": code} if code else {}
            log.info("request", method=_method(scope), route=route, status=status, seconds=round(taken, 4), **more)

    return run


class _Lines(logging.Handler):
    """Writes what libraries warn of: the first line only, because what follows may hold values."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as a line of the log."""
        log = _logger()
        tell = log.error if record.levelno >= logging.ERROR else log.warning
        kind = record.exc_info[0] if record.exc_info else None
        more = {"error": kind.__name__} if kind else {}
        tell(record.getMessage().strip().partition("\n")[0], logger=record.name, **more)


@contextmanager
def library_lines() -> Iterator[None]:
    """Make warnings of libraries lines of the log, which Python would write as text between them."""
    lines = _Lines(logging.WARNING)
    lines.addFilter(lambda record: record.name != "psycopg")  # repeats what failed, and that is answered already
    logging.getLogger().addHandler(lines)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(lines)


def _watch(registry: CollectorRegistry, pool: Callable[[], Pool | None]) -> None:
    for name, text in (
        ("pool_size", "Sessions with the database."),
        ("pool_available", "Sessions that nobody uses."),
        ("requests_waiting", "Requests that wait for a session."),
    ):
        Gauge(f"mediabase_{name}", text, registry=registry).set_function(partial(_stat, pool, name))


def _stat(pool: Callable[[], Pool | None], name: str) -> float:
    found = pool()
    return float(found.get_stats().get(name, 0)) if found else 0.0


def _method(scope: Scope) -> str:
    return str(scope["method"]) if str(scope["method"]).isalpha() else "none"


def _logger() -> Any:
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
    )
