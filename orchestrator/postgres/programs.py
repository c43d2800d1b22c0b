"""PostgreSQL's client programs: where they are."""

import shutil
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.postgres.embedded import bundled_programs


def find_program(name: str, preferred: Path | None) -> Path:
    """Return the path of a client program: in `preferred`, on PATH, or the bundled one.

    Raises UsageError when `preferred` is given and lacks it.
    """
    if preferred:
        if not (preferred / name).exists():
            raise UsageError(f"There is no {name} in {preferred}: check MEDIABASE_PG_BIN.")
        return preferred / name
    on_path = shutil.which(name)
    return Path(on_path) if on_path else bundled_programs() / name
