"""Legacy and target on separate servers of different versions: service files, passwords, TLS, and a role that may
only read.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import DEMO, PREFIX, clean_environment, running_server, temporary_home
from other_server import PASSWORD, OtherServer, Settings, listed, mediabase, sandbox
from psycopg import sql

from orchestrator.postgres.connection import Servers, connect
from orchestrator.postgres.embedded import _server_user

VERIFY = Path(__file__).parents[2] / "verify_values.py"
ERBB2 = "ENST00000269571"


def verify(settings: Settings, target: str, legacy: str, *patient_ids: str) -> None:
    """Compare every value with the script that shares no code with the product."""
    verified = subprocess.run(
        [sys.executable, VERIFY, target, legacy, *patient_ids],
        env={**clean_environment(), **settings}, capture_output=True, text=True,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.fixture(scope="module")
def embedded() -> Iterator[Servers]:
    """Return an embedded server of its own, because sandboxes come and go on it."""
    with temporary_home() as home, running_server(home) as where:
        yield where


@pytest.mark.parametrize("debian_is", ["target", "legacy", "both", "neither"])
def test_servers_of_two_versions(debian: OtherServer, embedded: Servers, tmp_path: Path, debian_is: str) -> None:
    """Nothing of one server's connection settings reaches the other, from the inventory to dbt's tests."""
    with temporary_home() as home:
        dsn = {
            "target": {"MEDIABASE_DSN": "service=other", "MEDIABASE_LEGACY_DSN": embedded.legacy},
            "legacy": {"MEDIABASE_DSN": embedded.target, "MEDIABASE_LEGACY_DSN": "service=other_legacy"},
            "both": {"MEDIABASE_DSN": "service=other", "MEDIABASE_LEGACY_DSN": "service=other_legacy"},
            "neither": {"MEDIABASE_HOME": str(home), "MEDIABASE_LEGACY_DSN": embedded.legacy},
        }[debian_is]
        settings = {**dsn, **debian.environment}
        with sandbox(settings):
            assert len(listed(settings, "inventory")) == len(DEMO)
            found = listed(settings, "doctor")["findings"]
            warned = {finding["subject"] for finding in found if finding["severity"] != "ok"}
            assert warned == {PREFIX + "DEMO_BAD_VALUES"}
            rehearsed = listed(settings, "rehearse", "DEMO_HER2")
            assert not rehearsed["differences"] and all(each["is_untouched"] for each in rehearsed["movements"])
            migrated = listed(settings, "migrate", "--all", code=3)
            assert {each["result"] for each in migrated} == {"migrated"}
            compared = listed(settings, "parity", "--all", code=3)
            assert [each["result"] for each in compared] == ["same"] * len(DEMO)
            exported = mediabase(settings, "export", "--all", "--csv", str(tmp_path))
            assert exported.returncode == 0, exported.stderr
            again = listed(settings, "migrate", "--all", "--csv", str(tmp_path), "--dry-run", code=3)
            assert [each["result"] for each in again] == ["unchanged"] * len(DEMO)
            built = mediabase(settings, "dbt", "test", "--vars", "patient_id=DEMO_HER2")
            assert built.returncode == 0, built.stdout
            if "MEDIABASE_DSN" in dsn:
                verify(settings, dsn["MEDIABASE_DSN"], dsn["MEDIABASE_LEGACY_DSN"])
            quarantine = "patient_demo_bad_values.quarantined_expression"
            minus_zero = (
                f"update {quarantine} set expression_fold_change = '-0' where expression_fold_change::text = '0'"
            )
            changed = mediabase(settings, "psql", "-c", minus_zero)
            assert changed.returncode == 0, changed.stderr
            (zero,) = listed(settings, "parity", "DEMO_BAD_VALUES", code=1)
            assert zero["result"] == "v0.6.0 changed"
            assert [(each["legacy"], each["current"]) for each in zero["differences"]] == [("0.0", "-0.0")]


OLD_COLUMNS = """
    alter table cancer_transcript_base add expression_freq jsonb, add cancer_types text [],
        add pharmgkb_pathways jsonb, add pharmgkb_variants jsonb
"""
PATIENTS = {
    "OLD": (OLD_COLUMNS,),
    "NARROW": ("update cancer_transcript_base set expression_fold_change = 1",),
    "DISAGREE": (f"update transcripts set expression_fold_change = 7 where transcript_id = '{ERBB2}'",),
}


def test_a_role_that_may_only_read_old_databases(debian: OtherServer, embedded: Servers) -> None:
    """27 columns, values only in transcripts, both in disagreement: on an old server, through SELECT alone."""
    owner = {"MEDIABASE_DSN": embedded.target, "MEDIABASE_LEGACY_DSN": "service=other_legacy", **debian.environment}
    with sandbox(owner), connect(debian.dsn("postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("create role clerk login password {}; alter role clerk set default_transaction_read_only = on")
            .format(sql.Literal(PASSWORD))
        )  # fmt: skip
        try:
            for patient_id, statements in PATIENTS.items():
                admin.execute(f'create database "{PREFIX}{patient_id}" template "{PREFIX}DEMO_HER2"'.encode())
                with connect(debian.dsn(PREFIX + patient_id), autocommit=True) as patient:
                    for statement in (*statements, "grant select on all tables in schema public to clerk",
                                      "grant select on all sequences in schema public to clerk"):  # fmt: skip
                        patient.execute(statement.encode())
            with (debian.folder / "passwords").open("a") as passwords:
                passwords.write(f"127.0.0.1:{debian.port}:*:clerk:{PASSWORD}\n")
            address = f"host=127.0.0.1 port={debian.port} user=clerk dbname=postgres"
            settings = {**owner, "MEDIABASE_LEGACY_DSN": address}
            classes = {each["patient_id"]: each["surface_class"] for each in listed(settings, "inventory", *PATIENTS)}
            assert classes == {"OLD": "agree", "NARROW": "transcripts-only", "DISAGREE": "disagree"}
            found = listed(settings, "doctor", *PATIENTS, code=5)["findings"]
            stops = [(each["check"], each["subject"]) for each in found if each["severity"] == "stop"]
            assert stops == [("surfaces-disagree", PREFIX + "DISAGREE")]
            rehearsed = listed(settings, "rehearse", "OLD", "NARROW")
            assert not rehearsed["differences"]
            results = {each["patient_id"]: each["result"] for each in listed(settings, "migrate", *PATIENTS, code=1)}
            assert results == {"OLD": "migrated", "NARROW": "migrated", "DISAGREE": "failed"}
            (last,) = listed(settings, "migrate", "DISAGREE", "--surface", "transcripts")
            assert last["result"] == "migrated"
            verify(owner, embedded.target, "service=other_legacy", "OLD", "NARROW")
            compared = listed(settings, "parity", *PATIENTS)
            assert {each["result"] for each in compared} == {"same"}
        finally:
            for patient_id in PATIENTS:
                admin.execute(f'drop database if exists "{PREFIX}{patient_id}" with (force)'.encode())
            admin.execute("drop role clerk")


@pytest.fixture
def certificate(debian: OtherServer) -> Iterator[Path]:
    """Let the server speak TLS and nothing else; return its certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, to make a certificate")
    key, made = debian.folder / "data" / "own.key", debian.folder / "own.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    key.chmod(0o600)
    if user := _server_user():
        os.chown(key, user.pw_uid, user.pw_gid)
    rules = debian.folder / "data" / "pg_hba.conf"
    before = rules.read_text()

    def configure(text: str, *settings: str) -> None:
        with connect(debian.dsn("postgres"), autocommit=True) as admin:
            for setting in settings:
                admin.execute(f"alter system {setting}".encode())
            rules.write_text(text)
            admin.execute("select pg_reload_conf()")

    configure(
        "hostssl all all 127.0.0.1/32 scram-sha-256\n",
        "set ssl = on", f"set ssl_cert_file = '{made}'", f"set ssl_key_file = '{key}'",
    )  # fmt: skip
    try:
        yield made
    finally:
        configure(before, "reset ssl", "reset ssl_cert_file", "reset ssl_key_file")


def test_tls(debian: OtherServer, certificate: Path) -> None:
    """The server's certificate is checked by every connection, dbt's and pg_dump's among them."""
    with temporary_home() as home:
        target, legacy = (
            f"host=localhost port={debian.port} user=owner dbname={dbname} "
            f"sslmode=verify-full sslrootcert={certificate} "
            f"passfile={home / 'passwords'}"
            for dbname in ("mbase", "postgres")
        )
        (home / "passwords").write_text(f"localhost:{debian.port}:*:owner:{PASSWORD}\n")
        (home / "passwords").chmod(0o600)
        settings = {"MEDIABASE_DSN": target, "MEDIABASE_LEGACY_DSN": legacy, "MEDIABASE_HOME": str(home)}
        with sandbox(settings):
            listed(settings, "rehearse", "DEMO_HER2")
            listed(settings, "migrate", "--all", "--jobs", "2", code=3)
            plain = {**settings, "MEDIABASE_DSN": target.replace("verify-full", "disable")}
            refused = mediabase(plain, "status")
            assert refused.returncode == 2 and "no encryption" in refused.stderr
