"""How fast the API answers beside the same SQL under pgbench: a part of benchmarks/serve.py.

wrk asks at 32 connections for pages of 100 overexpressed transcripts, as a client that takes no compression; in turn
with that, pgbench sends at 32 connections the one statement that reads them, as the API's login in the role of the
patient's readers. Both read the same bytes, which is seen to first. What the API does beside (take the role by the
token, record who read what) is its own. The clients run on the cores that the servers run on; the first pair, which
fills the caches, does not count.
"""

import json
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

import httpx
from psycopg import ClientCursor, sql
from psycopg.conninfo import conninfo_to_dict

from orchestrator.access.roles import API_LOGIN
from orchestrator.api import transcripts
from orchestrator.api.database import OnePatient
from orchestrator.api.parameters import Transcripts
from orchestrator.patient_id import reader_role
from orchestrator.postgres.connection import connect
from orchestrator.postgres.embedded import bundled_programs

CONNECTIONS = 32
WRK_SCRIPT = """
wrk.headers["Authorization"] = "Bearer {token}"
function done(summary, latency)
    local errors = summary.errors
    io.stderr:write(string.format('{{"per_second": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}}',
        summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
"""

Figures = dict[str, float]


def wrk(script: Path, url: str, seconds: int) -> Figures:
    """Ask for `url` all the time; return answers a second, milliseconds until an answer was whole, and failures."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stderr))


def pgbench(dsn: str, role: str, script: Path, seconds: int) -> Figures:
    """Run the statement of `script` all the time in a role; return the same figures as `wrk`."""
    parts = conninfo_to_dict(dsn)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    with tempfile.TemporaryDirectory(prefix="mb-pgbench-", dir="/tmp") as folder:
        command = [str(bundled_programs() / "pgbench"), "-h", str(parts["host"]), "-p", str(parts["port"]),
                   "-U", API_LOGIN, "-c", str(CONNECTIONS), "-j", "1", "-n", "-T", str(seconds), "-M", "simple",
                   "-f", str(script), "--log", f"--log-prefix={folder}/log", str(parts["dbname"])]  # fmt: skip
        options = f"-c role={role} -c jit=off"
        done = subprocess.run(command, check=True, capture_output=True, text=True,
                              env={**environment, "PGOPTIONS": options})  # fmt: skip
        lines = [line for path in Path(folder).iterdir() for line in path.read_text().splitlines()]
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    assert found, done.stdout
    cuts = statistics.quantiles((int(line.split()[2]) / 1e3 for line in lines), n=100)
    return {"per_second": float(found[1]), "p50_ms": cuts[49], "p99_ms": cuts[98]}


def measure_rate(dsn: str, address: str, token: str, patient: str, runs: int, seconds: int) -> dict[str, object]:
    """Return the figures of each pair, medians, lowest and highest."""
    asked = Transcripts(patient_id=patient, fold_change_min=2, limit=100)
    path = f"/api/v1/transcripts?patient_id={patient}&fold_change_min=2&limit=100"
    authorization = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    answer = httpx.get(address + path, headers=authorization).raise_for_status()
    metrics = httpx.get(f"{address}/metrics").raise_for_status().text
    role = reader_role(patient)
    with connect(dsn) as target:
        statement = ClientCursor(target).mogrify(*transcripts.page(asked, OnePatient(None, patient)))
        target.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        row = target.execute(statement.encode()).fetchone()
        assert row is not None and str(row[1]) == answer.text, "the statement does not read what the API answers"
    pairs = []
    with tempfile.TemporaryDirectory(prefix="mb-bench-", dir="/tmp") as folder:
        lua, script = Path(folder) / "wrk.lua", Path(folder) / "page.sql"
        lua.touch(mode=0o600)
        lua.write_text(WRK_SCRIPT.format(token=token))
        script.write_text(f"{statement};\n")
        for run in range(runs + 1):
            api, beside = wrk(lua, address + path, seconds), pgbench(dsn, role, script, seconds)
            if run:
                pairs.append({**{f"api_{name}": value for name, value in api.items()},
                              **{f"pgbench_{name}": value for name, value in beside.items()},
                              "ratio": api["per_second"] / beside["per_second"]})  # fmt: skip
    columns = {name: [pair[name] for pair in pairs] for name in pairs[0]}
    return {
        "address": path, "answer_bytes": len(answer.content), "connections": CONNECTIONS, "seconds": seconds,
        "sessions": int(float(re.findall(r"^mediabase_pool_size (\S+)", metrics, re.MULTILINE)[0])),
        "clients": "wrk and pgbench, on the cores that the servers run on",
        "medians": {name: round(statistics.median(values), 3) for name, values in columns.items()},
        "lowest": {name: round(min(values), 3) for name, values in columns.items()},
        "highest": {name: round(max(values), 3) for name, values in columns.items()},
        "pairs": [{name: round(value, 3) for name, value in pair.items()} for pair in pairs],
    }  # fmt: skip
