"""The product's command, as a measurement runs it."""

import os
import subprocess
import sys
from pathlib import Path


def mediabase(home: Path, *arguments: object, codes: tuple[int, ...] = (0,)) -> str:
    """Run a command on the server of `home`; return what it prints. Ends the measurement when it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEDIABASE_")}
    command = [str(Path(sys.executable).with_name("mediabase")), "--home", str(home), *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True)
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout
