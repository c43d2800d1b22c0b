"""The product's command, as a measurement runs it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def home_folder() -> Iterator[Path]:
    """Yield a data home of its own, which a server that runs as another user can enter; it is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="mb-bench-", dir="/tmp"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home)


def mediabase(home: Path, *arguments: object, codes: tuple[int, ...] = (0,), **variables: str) -> str:
    """Run a command on the server of `home`, or that `variables` name; return what it prints.

    Ends the measurement when it fails.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEDIABASE_")}
    environment |= variables
    command = [str(Path(sys.executable).with_name("mediabase")), "--home", str(home), *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True)
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout
