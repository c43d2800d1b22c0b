"""SQL statements that live in `.sql` files beside the module that runs them."""

from functools import cache
from importlib.resources import files

from psycopg import sql


@cache
def statement(package: str, name: str) -> sql.SQL:
    """Return the statement in `package`'s file `name`.sql; identifiers are filled in with `.format`."""
    text = files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return sql.SQL(text)
