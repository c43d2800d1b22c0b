"""PostgreSQL's client programs: where they are, and which of them fits a server."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import RefusedError, UsageError
from orchestrator.postgres.embedded import bundled_programs

INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep one folder per major version."""


@dataclass(frozen=True)
class Program:
    """A client program and its version: major, minor."""

    path: Path
    version: tuple[int, int]


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


def find_matching(name: str, server_version: int, preferred: Path | None) -> Program:
    """Return the program of the server's own major version, the newest minor of those that are here.

    Looked for in `preferred` and nowhere else if that is given, else on PATH, among the installed packages and
    in the bundled PostgreSQL. `server_version` is libpq's number, 150004 for 15.4. Raises UsageError when
    `preferred` lacks it or has another version, RefusedError when none fits.
    """
    major = server_version // 10000
    if preferred:
        found = _inspect(find_program(name, preferred))
        if found is None or found.version[0] != major:
            version = _numbered(found) if found else "of no version that it would tell"
            raise UsageError(
                f"The {name} in {preferred} is {version}, but the server runs {major}: let MEDIABASE_PG_BIN name "
                f"the folder of a PostgreSQL {major}, or unset it."
            )
        return found
    programs = [found for path in dict.fromkeys(_candidates(name)) if (found := _inspect(path))]
    fitting = [program for program in programs if program.version[0] == major]
    if not fitting:
        known = ", ".join(sorted({_numbered(program) for program in programs})) or "none"
        raise RefusedError(
            f"A {name} of PostgreSQL {major} is needed for that server; found here: {known}. Install the package "
            f"postgresql-client-{major}, or let MEDIABASE_PG_BIN name its folder."
        )
    return max(fitting, key=lambda program: program.version)


def _candidates(name: str) -> Iterator[Path]:
    for folder in os.get_exec_path():
        path = (Path(folder) / name).resolve()
        if path.name == name:  # else it is a wrapper, which looks at the name that it was called by
            yield path
    yield from sorted(INSTALLED.glob(f"*/bin/{name}"))
    yield bundled_programs() / name


def _inspect(path: Path) -> Program | None:
    """Return the program with its version; None when there is none, or it does not run here."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    except OSError:
        return None
    numbers = re.search(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?", said)
    return Program(path, (int(numbers[1]), int(numbers[2] or 0))) if numbers else None


def _numbered(program: Program) -> str:
    return ".".join(map(str, program.version))
