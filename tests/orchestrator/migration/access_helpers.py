"""What tests of the access to legacy databases share: clients, and what the server says of a database."""

import json
from typing import Any

import psycopg
from helpers import PREFIX, Lab
from psycopg.conninfo import make_conninfo

from orchestrator.postgres.connection import Connection

FIRST = "(select min(transcript_id) from cancer_transcript_base)"
READ = "select count(*) from cancer_transcript_base"
OVERRIDE = "set default_transaction_read_only = off"


def write(value: float) -> bytes:
    """Return a statement that changes one fold change."""
    return f"update cancer_transcript_base set expression_fold_change = {value} where transcript_id = {FIRST}".encode()


def dsn(lab: Lab, user: str) -> str:
    """Return the connection string of the server for another user."""
    return make_conninfo(lab.where.legacy, user=user)


def client(lab: Lab, patient_id: str, user: str = "app") -> Connection:
    """Connect to a legacy database as a program of the laboratory does."""
    address = dsn(lab, user)
    return psycopg.connect(address, dbname=PREFIX + patient_id, autocommit=True, application_name="LabApp")


def access(lab: Lab, database: str) -> list[tuple[Any, ...]]:
    """Return the settings of a database, and every right to it by owner, grantor and grantee."""
    return lab.query(
        """
        select
            (select setconfig from pg_db_role_setting where setdatabase = pg_database.oid and setrole = 0),
            (
                select array_agg(rights::text order by rights::text)
                from aclexplode(coalesce(datacl, acldefault('d', datdba))) as rights
            )
        from pg_database where datname = %s
        """,
        "postgres",
        [database],
    )


def done(lab: Lab, *arguments: str, code: int = 0, **variables: str) -> dict[str, dict[str, Any]]:
    """Run a command of `mediabase legacy`; return what it says of each patient."""
    ended = lab.call("legacy", *arguments, "--json", **variables)
    assert ended.returncode == code, (ended.returncode, ended.stdout, ended.stderr)
    assert "Traceback" not in ended.stderr
    return {each["patient_id"]: each for each in json.loads(ended.stdout)}


def standing(lab: Lab) -> dict[str, str]:
    """Return how status says that each patient's legacy database stands."""
    ended = lab.call("status", "--json")
    assert ended.returncode == 0, ended.stderr
    return {each["patient_id"]: each["legacy_access"] for each in json.loads(ended.stdout)["patients"]}
