"""Mixed load on `mediabase serve` for minutes, with one restart of PostgreSQL in it: a part of benchmarks/serve.py.

14 connections ask for all that benchmarks/mixture.py has of several patients, also for what must be refused, one after
the other in an order drawn with a fixed seed; 2 take streams of all rows. At 40 % of the time PostgreSQL is stopped
(fast) and started. Each answer must have the status that was expected; 503 may come instead from the stop until
RECOVERY_SECONDS after the start. A stream that had begun before the stop cannot become a 503: it is cut, which its
client sees, and counted apart. Memory: resident size of the server's process and its children.
"""

import asyncio
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.mixture import Asked, mixture
from orchestrator.api import patient_routes, server_routes, site_routes, transcript_routes
from orchestrator.postgres.embedded import _Cluster

CONNECTIONS = 16
STREAMS = 2
"""Connections that take streams; as many as there are sessions would leave none for other requests."""
SEED = 20
RESTART_AT = 0.4
RECOVERY_SECONDS = 10.0
SAMPLE_SECONDS = 5.0
SETTLED_AT = 0.5
"""Part of the time after which the server's memory may not grow any more: what draws plots fills its heap for minutes,
and sessions are made anew after the restart."""
PART = 0.1
"""Part of the time that medians of memory are taken over."""
MOST_GROWTH = 0.1
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What came back; times are seconds since the load began."""

    asked: Asked
    sent: float
    came: float
    status: int
    """0: none."""
    failure: str
    """Why there is no answer, or only a part of one; empty: it is whole."""


@dataclass
class Restart:
    """When PostgreSQL was told to stop, had stopped, and had started again, in seconds since the load began."""

    began: float = 0.0
    stopped: float = 0.0
    ended: float = 0.0


def endure(
    home: Path, address: str, process_id: int, token: str, patients: Sequence[str], minutes: float
) -> dict[str, object]:
    """Load the server at `address` for so long; return the figures, with what was not as it must be."""
    requests = mixture(token, patients)
    answers, memory, restart = asyncio.run(_load(home, address, process_id, requests, 60 * minutes))
    figures = judge(answers, memory, restart, 60 * minutes)
    told = httpx.get(f"{address}/metrics").raise_for_status().text
    figures["routes_missed"] = sorted(get_routes() - set(re.findall(r'mediabase_requests_total{route="([^"]+)"', told)))
    return {"minutes": minutes, "connections": CONNECTIONS, "kinds_of_requests": len(requests), **figures}


def get_routes() -> set[str]:
    """Return the routes of the server that can be read."""
    routers = (transcript_routes.router, patient_routes.router, server_routes.router, site_routes.router)
    return {str(each.path) for router in routers for each in router.routes if "GET" in each.methods}  # type: ignore[attr-defined]


async def _load(
    home: Path, address: str, process_id: int, requests: Sequence[Asked], seconds: float
) -> tuple[list[Answer], list[float], Restart]:
    """Ask for `seconds`; return the answers, samples of memory in MB, and when PostgreSQL was away."""
    began = time.monotonic()
    clock: Callable[[], float] = lambda: time.monotonic() - began  # noqa: E731
    answers: list[Answer] = []
    memory: list[float] = []
    restart = Restart()

    async def ask(number: int) -> None:
        draw = random.Random(SEED + number)  # noqa: S311
        mine = [each for each in requests if each.is_stream == (number < STREAMS)]
        while clock() < seconds:
            answers.append(await _ask(client, draw.choice(mine), clock))

    async def sample() -> None:
        process = psutil.Process(process_id)
        while clock() < seconds:
            memory.append(sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 1e6)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def restart_database() -> None:
        cluster = _Cluster(home)
        await asyncio.sleep(RESTART_AT * seconds)
        restart.began = clock()
        await asyncio.to_thread(cluster.stop)
        restart.stopped = clock()
        await asyncio.to_thread(cluster.start)
        restart.ended = clock()

    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT_SECONDS, limits=limits) as client:
        await asyncio.gather(sample(), restart_database(), *map(ask, range(CONNECTIONS)))
    return answers, memory, restart


async def _ask(client: httpx.AsyncClient, asked: Asked, clock: Callable[[], float]) -> Answer:
    sent, status, failure = clock(), 0, ""
    try:
        async with client.stream("GET", asked.path, headers=asked.headers) as answer:
            status = answer.status_code
            async for _ in answer.aiter_raw():
                pass
    except httpx.TransportError as error:
        failure = type(error).__name__
    return Answer(asked, sent, clock(), status, failure)


def judge(answers: Sequence[Answer], memory: Sequence[float], restart: Restart, seconds: float) -> dict[str, object]:
    """Return the figures of a load, and in `failures` how often what went wrong."""
    failures = Counter(why for answer in answers if (why := _wrong(answer, restart)))
    window = range(int(restart.began), int(restart.ended + RECOVERY_SECONDS) + 1)
    by_second = {second: Counter(str(each.status) for each in answers if int(each.came) == second) for second in window}
    took = [answer.came - answer.sent for answer in answers]
    cuts = statistics.quantiles(took, n=100)
    return {
        "answers": len(answers),
        "answers_by_status": dict(sorted(Counter(str(answer.status) for answer in answers).items())),
        "fewest_answers_in_a_second": min(_each_second(answers, restart, seconds), default=None),
        "seconds_p50": round(cuts[49], 4), "seconds_p99": round(cuts[98], 4), "seconds_longest": round(max(took), 2),
        "restart": {
            "after": round(restart.began, 1), "seconds_away": round(restart.ended - restart.began, 2),
            **_recovery(answers, restart),
            "streams_cut": sum(is_cut(answer, restart) for answer in answers),
            "answers_by_second": {str(second): dict(sorted(counts.items())) for second, counts in by_second.items()},
        },
        "memory": _memory(memory, seconds),
        "failures": dict(failures),
    }  # fmt: skip


def is_cut(answer: Answer, restart: Restart) -> bool:
    """Tell whether this is a stream that was being sent when PostgreSQL stopped."""
    is_during = answer.sent <= restart.ended and answer.came >= restart.began
    return is_during and answer.asked.is_stream and answer.status == httpx.codes.OK and bool(answer.failure)


def _wrong(answer: Answer, restart: Restart) -> str:
    """Return what is wrong with an answer; empty for one as it must be."""
    if is_cut(answer, restart):
        return ""
    if answer.failure:
        return f"{answer.asked.path}: {answer.failure} after status {answer.status}"
    is_away = answer.came >= restart.began and answer.sent <= restart.ended + RECOVERY_SECONDS
    if answer.status == answer.asked.status or (answer.status == httpx.codes.SERVICE_UNAVAILABLE and is_away):
        return ""
    return f"{answer.asked.path}: {answer.status} instead of {answer.asked.status}"


def _each_second(answers: Sequence[Answer], restart: Restart, seconds: float) -> list[int]:
    """Return how many answers came in each second that is not one of the restart."""
    counts = Counter(int(answer.came) for answer in answers)
    away = range(int(restart.began), int(restart.ended + RECOVERY_SECONDS) + 1)
    return [counts[second] for second in range(1, int(seconds)) if second not in away]


def _recovery(answers: Sequence[Answer], restart: Restart) -> dict[str, float | None]:
    """Return the seconds from the stop until the first good answer out of the new server, and until the last 503."""
    good = [
        answer.came - restart.began for answer in answers
        if answer.sent >= restart.stopped and answer.asked.path.startswith("/api/v1/")
        and answer.status == httpx.codes.OK and not answer.failure
    ]  # fmt: skip
    away = [answer.came - restart.began for answer in answers if answer.status == httpx.codes.SERVICE_UNAVAILABLE]
    return {
        "seconds_until_answered": round(min(good), 2) if good else None,
        "seconds_until_last_503": round(max(away), 2) if away else None,
    }


def _memory(samples: Sequence[float], seconds: float) -> dict[str, object]:
    """Return the series in MB, and how much larger it is at the end than after it settled."""
    part, begin = (max(1, round(share * seconds / SAMPLE_SECONDS)) for share in (PART, SETTLED_AT))
    settled, last = statistics.median(samples[begin : begin + part]), statistics.median(samples[-part:])
    return {
        "every_seconds": SAMPLE_SECONDS, "settled_mb": round(settled, 1), "at_end_mb": round(last, 1),
        "peak_mb": round(max(samples), 1), "growth": round(last / settled - 1, 3),
        "mb": [round(each, 1) for each in samples],
    }  # fmt: skip
