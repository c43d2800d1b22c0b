"""The configuration file `mediabase.toml`: flat keys, one a setting."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic.fields import FieldInfo

from orchestrator.dsn import may_hold_secret
from orchestrator.errors import UsageError

NAME = "mediabase.toml"
OTHERS_RIGHTS = 0o077
PATHS = ("home", "pg_bin")


def nearby() -> Path | None:
    """Return mediabase.toml of the current folder, or None where there is none."""
    path = Path(NAME)
    return path.absolute() if path.is_symlink() or path.exists() else None


def read(path: Path, known: Mapping[str, FieldInfo], *, is_named: bool) -> dict[str, object]:
    """Return what `path` says, checked for keys and types; paths in it count from its own folder.

    Raises UsageError when it cannot be followed, or holds a password that other users can read. A file that
    nobody named must be the user's own: another's could name the programs that would be run.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            values = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"The configuration file {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:  # malformed TOML, or no UTF-8; the reason can repeat a piece of a password
        where = re.search(r" \(at [a-z0-9, ]+\)$", str(error))
        raise UsageError(
            f"The configuration file {path} is not valid TOML{where[0] if where else ''}: correct it."
        ) from None
    if not is_named and status.st_uid not in (0, os.geteuid()):
        raise UsageError(f"The configuration file {path} belongs to another user: name it with --config to trust it.")
    for key, value in values.items():
        if key not in known:
            raise UsageError(
                f"The configuration file {path} has an unknown key {key!r}. Known are: {', '.join(known)}."
            )
        wanted = int if known[key].annotation is int else str
        if type(value) is not wanted:
            kind = "a whole number" if wanted is int else "text in quotes"
            raise UsageError(f"The configuration file {path}: {key} must be {kind}.")
    if status.st_mode & OTHERS_RIGHTS and any(
        may_hold_secret(str(value)) for key, value in values.items() if key.endswith("dsn")
    ):
        raise UsageError(f"The configuration file {path} holds a password that others can read: chmod 600 {path}")
    return {key: _absolute(path, key, value) for key, value in values.items() if value != ""}


def _absolute(path: Path, key: str, value: object) -> object:
    if key not in PATHS:
        return value
    named = Path(str(value)).expanduser()
    return named if named.is_absolute() else (path.parent / named).resolve()  # a socket's path must not be long
