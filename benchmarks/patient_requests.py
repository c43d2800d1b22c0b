"""How long an answer about patients takes over HTTP: a part of benchmarks/scale.py.

One client on one connection asks `mediabase serve` with its defaults, one request after the other.
"""

import random
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import httpx
import psutil

from benchmarks.serve import serving

REQUESTS = 200
SEED = 9
GENES = "ERBB2,GRB7,STARD3,TCAP"

Figures = dict[str, float]


def paths(ids: list[str]) -> dict[str, list[str]]:
    """Return what is asked for, by what it is; patients are drawn anew for each request, the same in every run."""
    drawn = random.Random(SEED)  # noqa: S311
    compare = f"/api/v1/compare?gene_symbols={GENES}&patient_ids="
    return {
        "API list": ["/api/v1/patients?limit=100"] * REQUESTS,
        "page, search": [f"/?q={drawn.choice(ids)}" for _ in range(REQUESTS)],
        "API transcripts": [
            f"/api/v1/transcripts?patient_id={drawn.choice(ids)}&fold_change_min=2&limit=100" for _ in range(REQUESTS)
        ],
        **{
            f"API compare {few}": [compare + ",".join(drawn.sample(ids, min(few, len(ids)))) for _ in range(REQUESTS)]
            for few in (2, 10)
        },
    }


def measure_requests(home: Path, token: str, ids: list[str], runs: int) -> dict[str, list[Figures]]:
    """Return the milliseconds of the answers by run, and the memory of the server at the end of each."""
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"mediabase_token={token}"}
    asked = paths(ids)
    found: dict[str, list[Figures]] = {what: [] for what in (*asked, "API")}
    with serving(home) as (address, process_id), httpx.Client(base_url=address, headers=headers) as client:
        for what in asked:
            answers(client, asked[what][:10])  # sessions are new, and caches cold, only once
        for _ in range(runs):
            for what in asked:
                cuts = statistics.quantiles(answers(client, asked[what]), n=20)
                found[what].append({"p50_ms": cuts[9], "p95_ms": cuts[18]})
            found["API"].append({"memory_mb": psutil.Process(process_id).memory_info().rss / 1e6})
    return found


def answers(client: httpx.Client, asked: Iterable[str]) -> list[float]:
    """Return the milliseconds of each answer."""
    found = []
    for path in asked:
        accept = "text/html" if path.startswith("/?") else "application/json"
        started = time.perf_counter()
        answer = client.get(path, headers={"Accept": accept})
        found.append(1000 * (time.perf_counter() - started))
        answer.raise_for_status()
    return found
