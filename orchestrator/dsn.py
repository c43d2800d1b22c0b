"""What a connection string holds, and how to show it without its secrets."""

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

MASK = "***"
SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


def masked(dsn: str) -> str:
    """Return `dsn` with every password as ***; all of it, where it cannot be told what is one."""
    parts = _parts(dsn)
    if parts is None:
        return MASK
    hidden = {keyword: MASK for keyword in SECRETS if parts.get(keyword)}
    return make_conninfo(**{**parts, **hidden}) if hidden else dsn


def may_hold_secret(dsn: str) -> bool:
    """Tell whether `dsn` holds a password, or cannot be read so that it could."""
    return masked(dsn) != dsn


def _parts(dsn: str) -> dict[str, str] | None:
    """Return libpq's reading of `dsn`; None when it has none, or when a piece of a password is in it elsewhere.

    An unescaped @, / or : in a URI's password makes its rest a part of the host, port or database.
    """
    try:
        parts = {keyword: str(value) for keyword, value in conninfo_to_dict(dsn).items() if value is not None}
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        return None
    shown = [value for keyword, value in parts.items() if keyword not in ("user", *SECRETS)]
    is_misread = any("@" in value for value in shown) or not re.fullmatch("[0-9,]*", parts.get("port", ""))
    return None if "://" in dsn and is_misread else parts
