"""Forks processes that run `mediabase`, with the libraries of others imported already.

Importing Great Expectations takes ten seconds of a processor, which is no step of a migration and would be most of
what a matrix of faults costs. What a forked process imports, does and leaves behind is otherwise that of a new one:
nothing of the product is imported before the fork, and workers are spawned as always.

Run as a script, it reads a line of JSON for each process to start, and answers with its id and then its exit code.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from_others = ("great_expectations", "psycopg", "pydantic_settings", "rich.progress", "structlog", "typer")


class Nursery:
    """Starts one process after another."""

    def __init__(self) -> None:
        """Begin to import."""
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
        )

    def start(self, arguments: list[str], environment: dict[str, str]) -> "Run":
        """Start `mediabase` in a process group of its own; the one before must have ended."""
        folder = tempfile.TemporaryDirectory(prefix="mb-run-")
        request = {"arguments": arguments, "environment": environment, "folder": folder.name}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Run(self._process, folder)

    def close(self) -> None:
        """End."""
        self._process.kill()
        self._process.communicate()


class Run:
    """A process that was forked."""

    def __init__(self, nursery: "subprocess.Popen[str]", folder: "tempfile.TemporaryDirectory[str]") -> None:
        """Hold what `nursery` starts, which writes into `folder`."""
        assert nursery.stdout
        self._answers = nursery.stdout
        self._folder = folder
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._waiter.start()

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait until it has ended; return what it wrote. Raises TimeoutError."""
        self._waiter.join(timeout)
        if self.returncode is None:
            raise TimeoutError(f"still at work after {timeout} s: {self._written('err')}")
        return self._written("out"), self._written("err")

    def _written(self, name: str) -> str:
        return (Path(self._folder.name) / name).read_text()

    def _wait(self) -> None:
        self.returncode = int(self._answers.readline())


def _serve() -> None:
    for name in from_others:
        __import__(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(request)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(request: dict[str, Any]) -> None:
    """Become `mediabase`."""
    os.setsid()
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{request['folder']}/{name}", os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0)  # noqa: SIM115  # for as long as the process
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["mediabase", *request["arguments"]]
    code = 1
    try:
        from orchestrator.cli import run

        run()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
