"""Debian's PostgreSQL 15, for programs that know no newer release."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
OPTIONS = "-c listen_addresses='' -c unix_socket_directories={} -c shared_buffers=512MB -c max_wal_size=4GB"


@contextmanager
def debian_server(folder: Path) -> Iterator[str]:
    """Yield the connection string of a server in `folder` that only this machine's sockets lead to.

    Raises FileNotFoundError where the package postgresql-15 is absent.
    """
    data = folder / "data"
    data.mkdir(mode=0o700)
    identity = {}
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        for path in (folder, data):
            os.chown(path, user.pw_uid, user.pw_gid)
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        command = [PROGRAMS / program, "-D", data, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **identity)  # type: ignore[call-overload]

    run("initdb", "-U", "owner", "-A", "trust", "--locale=C.UTF-8")
    run("pg_ctl", "start", "-w", "-l", str(data / "log"), "-o", OPTIONS.format(folder))
    try:
        yield f"host={folder} user=owner"
    finally:
        run("pg_ctl", "stop", "-w", "-m", "immediate")
