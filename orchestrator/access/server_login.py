"""The login that the API connects as: whether it is one that reads nothing by itself."""

from orchestrator.access.roles import API_LOGIN
from orchestrator.errors import RefusedError
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement

SHOWN_CHARACTERS = 100


def check_api_login(login: Connection) -> None:
    """Raise RefusedError unless this session can read patients by taking their roles, and in no other way."""
    if login.execute("select to_regnamespace('access')").fetchone() == (None,):
        raise RefusedError("This target knows no tokens yet: mediabase core upgrade.")
    row = login.execute(statement(__package__, "api_login")).fetchone()
    assert row is not None  # noqa: S101  # the role that we are
    is_powerful, may_enter, open_schemas = row
    user = login.info.user
    if is_powerful:
        raise RefusedError(f"{user} has rights over everything: serve as {API_LOGIN} (MEDIABASE_API_DSN).")
    if open_schemas:
        names = str(open_schemas)[:SHOWN_CHARACTERS]
        raise RefusedError(f"{user} reads {names} without taking a role: serve as {API_LOGIN} (MEDIABASE_API_DSN).")
    if not may_enter:
        raise RefusedError(f"{user} may not use schema access: serve as {API_LOGIN} (MEDIABASE_API_DSN).")
