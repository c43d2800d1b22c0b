"""dbt's runner in a loop, a call for each patient that is staged; prints the seconds of each call as JSON.

Usage: python -m benchmarks.dbt_loop DSN FOLDER ID [ID ...]
"""

import json
import os
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from orchestrator.dbt.runner import dbt_environment, parse_project, run_models
from orchestrator.postgres.connection import resolve


def main(dsn: str, folder: str, *patient_ids: str) -> None:
    """Parse once, and build patient after patient."""
    os.environ.update(dbt_environment(resolve(dsn), Path(folder)))
    seconds = []
    with redirect_stdout(sys.stderr):
        project = parse_project()
        for patient_id in patient_ids:
            started = time.perf_counter()
            variables = {"patient_ids": [patient_id], "on_bad_rows": "quarantine"}
            assert run_models(project, ["+path:models/patient"], variables)
            seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
