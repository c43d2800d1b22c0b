"""`mediabase backup` and `backups`: what counts as a backup restores to what was backed up, and nothing else counts."""

import json
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from helpers import DEMO, PREFIX, Lab, complaint, eventually
from other_server import OtherServer
from psycopg import sql
from psycopg.errors import UniqueViolation

from orchestrator import journal
from orchestrator.backup import contents
from orchestrator.postgres.connection import connect
from orchestrator.postgres.embedded import bundled_programs

HER2 = PREFIX + "DEMO_HER2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where backups go."""
    return tmp_path / "backups"


def back_up(lab: Lab, folder: Path, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """Back up; return what the command says of each database."""
    return lab.listing("backup", *arguments, "--folder", folder, code=code)


def check(lab: Lab, folder: Path, code: int = 0) -> list[dict[str, Any]]:
    """Check the backups of a folder; return what the command says of each."""
    return lab.listing("backups", "--check", "--folder", folder, code=code)


def restore(lab: Lab, dump: Path, name: str) -> None:
    """Restore a dump with PostgreSQL's own program, with owners and rights, under a name."""
    lab.execute(sql.SQL("create database {}").format(sql.Identifier(name)).as_string(), "postgres")
    host = dict(part.split("=", 1) for part in lab.where.target.split())["host"]
    subprocess.run(
        [bundled_programs() / "pg_restore", "--exit-on-error", "-h", host, "-U", "mediabase", "-d", name, dump],
        check=True,
    )


def test_what_was_backed_up_comes_back(lab: Lab, folder: Path) -> None:
    """Every legacy database and the core; a legacy database that was dropped and restored is the one it was."""
    lab.migrate("DEMO_HER2")
    done = back_up(lab, folder, "--all", "--core", "--jobs", "2")
    assert {each["patient_id"] for each in done} == {None, *DEMO}
    assert all(each["problem"] is None and each["tables"] >= 11 for each in done)
    (her2,) = [each for each in done if each["patient_id"] == "DEMO_HER2"]
    before = her2["folder"]
    try:
        lab.execute(f'alter database "{HER2}" rename to aside', "postgres")
        restore(lab, Path(before) / "database.dump", HER2)
        lab.verify("DEMO_HER2")
        again = back_up(lab, folder, "DEMO_HER2")[0]["folder"]
    finally:
        lab.drop_patient("DEMO_HER2")
        lab.execute(f'alter database aside rename to "{HER2}"', "postgres")
    first, second = (json.loads((Path(each) / "manifest.json").read_text())["contents"] for each in (before, again))
    assert first == second
    assert len(check(lab, folder)) == len(DEMO) + 2


def test_the_core_goes_without_patients(lab: Lab, folder: Path) -> None:
    """Their schemas are made again from legacy databases; the journal, which says how, is in it."""
    lab.migrate("DEMO_HER2")
    (core,) = back_up(lab, folder, "--core")
    manifest = json.loads((Path(core["folder"]) / "manifest.json").read_text())
    schemas = {each["schema"] for each in manifest["contents"]["tables"]}
    assert {"public", "migration", "cohort", "staging"} <= schemas
    assert not [schema for schema in schemas if schema.startswith("patient_")]
    journal = {each["table"]: each["rows"] for each in manifest["contents"]["tables"] if each["schema"] == "migration"}
    assert journal["patient"] == 1


def test_only_its_owner_may_read_it(lab: Lab, folder: Path) -> None:
    """Folders are closed to others, and roles come without passwords."""
    lab.execute("create role somebody login password 'very secret'")
    try:
        (done,) = back_up(lab, folder, "DEMO_TNBC")
    finally:
        lab.execute("drop role somebody")
    path = Path(done["folder"])
    assert path.stat().st_mode & 0o077 == 0 and path.parent.stat().st_mode & 0o077 == 0
    roles = (path / "roles.sql").read_text()
    assert "CREATE ROLE somebody" in roles and "PASSWORD" not in roles


def test_servers_are_only_read(lab: Lab, folder: Path) -> None:
    """No transaction that writes, in a legacy database or the core; autovacuum is off here."""
    query = "select pg_snapshot_xmax(pg_current_snapshot())::text"
    before = lab.query(query)
    back_up(lab, folder, "DEMO_HER2", "--core")
    assert lab.query(query) == before


def test_a_database_that_is_written_to(lab: Lab, folder: Path) -> None:
    """Dump and digests are of one snapshot, however fast others write; what was backed up is one moment of it."""
    patient = lab.add_patient("BUSY")
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with lab.session(PREFIX + patient) as connection:
            while not stop.is_set():
                connection.execute(
                    "update cancer_transcript_base set expression_fold_change = random() + 2;"
                    "update transcripts set expression_fold_change = base.expression_fold_change "
                    "from cancer_transcript_base as base where base.transcript_id = transcripts.transcript_id"
                )
                written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            (done,) = back_up(lab, folder, patient)
            assert done["problem"] is None
    finally:
        stop.set()
        writer.join()
    assert written > 3


def flip(position: float) -> Callable[[Path], None]:
    """Return a fault: one bit of the dump is another, so far into it."""

    def change(backup: Path) -> None:
        data = bytearray((backup / "database.dump").read_bytes())
        data[int(position * (len(data) - 1))] ^= 4
        (backup / "database.dump").write_bytes(data)

    return change


def cut(share: float) -> Callable[[Path], None]:
    """Return a fault: only this share of the dump is left."""

    def change(backup: Path) -> None:
        data = (backup / "database.dump").read_bytes()
        (backup / "database.dump").write_bytes(data[: int(share * len(data))])

    return change


def another(backup: Path) -> None:
    """Put another patient's dump in its place."""
    (other,) = (backup.parent.parent / (PREFIX + "DEMO_TNBC")).glob("*/database.dump")
    (backup / "database.dump").write_bytes(other.read_bytes())


def forge(backup: Path) -> None:
    """Let the manifest say what the dump is now."""
    manifest = json.loads((backup / "manifest.json").read_text())
    data = (backup / "database.dump").read_bytes()
    manifest["dump"] = {"size": len(data), "sha256": sha256(data).hexdigest()}
    (backup / "manifest.json").write_text(json.dumps(manifest))


FAULTS = {
    **{f"flipped at {at}": flip(at) for at in (0.0, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 1.0)},
    **{f"cut to {share}": cut(share) for share in (0.0, 0.1, 0.5, 0.9)},
    "of another patient": another,
}
BY_CONTENT = [name for name in FAULTS if name.startswith(("cut", "of"))]
"""Faults that always change what is restored: found, too, when somebody lets the manifest fit the file."""


def test_bad_backups_are_refused(lab: Lab, folder: Path) -> None:
    """Each by name: by the bytes of the file, or else by what it restores to. The good ones beside them are good."""
    (made, _) = back_up(lab, folder, "DEMO_HER2", "DEMO_TNBC")
    original = Path(made["folder"])
    wanted: dict[str, str | None] = {"whole": None}
    shutil.copytree(original, original.with_name("whole"))
    for name, fault in FAULTS.items():
        for is_forged in (False, True) if name in BY_CONTENT else (False,):
            bad = original.with_name(f"{name}, {'forged' if is_forged else 'as it is'}")
            shutil.copytree(original, bad)
            fault(bad)
            if is_forged:
                forge(bad)
            wanted[bad.name] = "Restored on a scratch server" if is_forged else "not the file that was written"
    for name, change in {"no roles": "roles.sql", "no dump": "database.dump"}.items():
        shutil.copytree(original, original.with_name(name))
        (original.with_name(name) / change).unlink()
        wanted[name] = "No such file or directory"
    shutil.rmtree(original)
    checked = check(lab, folder, code=1)
    found = {Path(each["folder"]).name: each["problem"] for each in checked if each["database"] == HER2}
    assert found.keys() == wanted.keys() and len(wanted) == 21
    for name, problem in wanted.items():
        assert (problem or "None") in str(found[name]), (name, found[name])
    assert [each["problem"] for each in checked if each["database"] != HER2] == [None]


def test_a_database_that_does_not_restore_is_no_backup(lab: Lab, folder: Path) -> None:
    """The dump is sound, and what PostgreSQL makes of it is not: found before it counts."""
    patient = lab.add_patient(
        "FRAGILE",
        "create function is_known(text) returns boolean language plpgsql as "
        "'begin return exists (select from genes where gene_symbol = $1); end'",
        "create table notes (gene_symbol text check (is_known(gene_symbol)))",
        "insert into notes select gene_symbol from genes limit 3",
    )
    (failed,) = back_up(lab, folder, patient, code=1)
    assert "it has other rows in public.notes; pg_restore ended with code 1" in failed["problem"]
    assert not list(folder.glob("*/[!.]*"))


def test_what_other_roles_and_failed_builds_leave(lab: Lab, folder: Path) -> None:
    """Policies that name roles, procedures, odd names, partitions and an index that was never finished."""
    lab.execute("create role analyst nologin")
    table = '"My ""Table"" 100%"'
    try:
        patient = lab.add_patient(
            "ODD",
            f"create table {table} (id int, note text) partition by range (id)",
            f'create table "part.one" partition of {table} for values from (0) to (10)',
            f"insert into {table} values (1, 'x'), (1, null), (2, '')",
            "alter table genes enable row level security",
            "create policy for_analysts on genes to analyst using (true)",
            "create procedure nothing(in a int, inout b int) language sql as 'select 1'",
            "create table doubled as select 1 as id union all select 1",
            "create materialized view firsts as select min(id) from public.doubled",
        )
        with lab.session(PREFIX + patient) as connection, pytest.raises(UniqueViolation):
            connection.execute("create unique index concurrently unfinished on doubled (id)")
        (done,) = back_up(lab, folder, patient)
        assert done["problem"] is None and check(lab, folder)[0]["problem"] is None
    finally:
        lab.drop_patient("ODD")
        lab.execute("drop role analyst")


def test_a_locked_table(lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever for somebody who does not end, and what to do is said."""
    monkeypatch.setattr(contents, "PATIENCE_SECONDS", 1)
    with lab.session(PREFIX + "DEMO_TNBC") as blocker, blocker.transaction():
        blocker.execute("lock table genes in access exclusive mode")
        (failed,) = back_up(lab, folder, "DEMO_TNBC", code=1)
    assert "locked by another session for 1 s: back it up when that has ended" in failed["problem"]


def test_backups_of_one_database_are_checked_at_once(lab: Lab, folder: Path) -> None:
    """Two jobs never meet in one scratch database."""
    for _ in range(3):
        back_up(lab, folder, "DEMO_TNBC")
    found = lab.listing("backups", "--check", "--jobs", "2", "--folder", folder)
    assert [each["problem"] for each in found] == [None] * 3


def test_a_manifest_that_is_none(lab: Lab, folder: Path) -> None:
    """One sentence with the file's name for each, and the backups beside them are listed."""
    (made,) = back_up(lab, folder, "DEMO_TNBC")
    whole = Path(made["folder"])
    for number, rubbish in enumerate(["", "{}", "[1]", '{"format": 3}', "\x00"]):
        shutil.copytree(whole, whole.with_name(f"0-{number}"))
        (whole.with_name(f"0-{number}") / "manifest.json").write_text(rubbish)
    *bad, good = check(lab, folder, code=1)
    assert good["problem"] is None and len(bad) == 5
    assert all("manifest.json is not one that `mediabase backup` wrote" in each["problem"] for each in bad)


def test_a_table_that_may_not_be_read(lab: Lab, folder: Path) -> None:
    """That patient fails, by name and with what to do, and leaves nothing; the others are backed up."""
    patient = lab.add_patient("LOCKED", "create table extra (secret text)")
    lab.execute("create role reader login; grant pg_read_all_data to reader")
    try:
        for each in (patient, "DEMO_TNBC"):
            for what in ("tables", "sequences"):
                lab.change(each, f"grant select on all {what} in schema public to reader")
        lab.execute("revoke pg_read_all_data from reader")
        lab.change(patient, "revoke select on extra from reader")
        dsn = lab.where.legacy.replace("user=mediabase", "user=reader")
        done = lab.call("backup", patient, "DEMO_TNBC", "--folder", folder, "--json", MEDIABASE_LEGACY_DSN=dsn)
        other, failed = json.loads(done.stdout)
        assert done.returncode == 1 and other["problem"] is None
        assert "permission denied for table extra: grant the role reader SELECT" in failed["problem"]
        assert len(list(folder.glob("*/[!.]*"))) == 1
    finally:
        lab.change("DEMO_TNBC", "drop owned by reader")
        lab.drop_patient(patient)
        lab.execute("drop role reader")


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """Yield a folder on a file system of 64 kB; skip the test where none can be mounted."""
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path], capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def test_a_full_disk(lab: Lab, tmp_path: Path) -> None:
    """One sentence, and nothing that looks like a backup."""
    with small_disk(tmp_path / "small") as folder:
        (failed,) = back_up(lab, folder, "DEMO_HER2", code=1)
        assert "No space left on device" in failed["problem"]
        assert not list(folder.glob("*/[!.]*"))


def test_a_folder_that_cannot_be_written_to(lab: Lab, tmp_path: Path) -> None:
    """One sentence that names it, before anything is begun."""
    (tmp_path / "file").write_text("")
    said = complaint(lab.call("backup", "DEMO_HER2", "--folder", tmp_path / "file"), 2)
    assert "Backups cannot be written to" in said and "--folder" in said


def test_what_to_back_up_must_be_said(lab: Lab) -> None:
    """Nothing is guessed."""
    for arguments in ([], ["DEMO_HER2", "--all"]):
        assert "Say what to back up" in complaint(lab.call("backup", *arguments), 2)
    assert "No legacy database" in complaint(lab.call("backup", "NOBODY"), 2)


def test_backups_that_are_not_there(lab: Lab, folder: Path) -> None:
    """A folder or a patient without any is an error, not a list of none."""
    assert "There are no backups to read" in complaint(lab.call("backups", "--folder", folder), 2)
    back_up(lab, folder, "DEMO_TNBC")
    assert "No backup of DEMO_HER2" in complaint(lab.call("backups", "DEMO_HER2", "--folder", folder), 2)


def test_a_core_that_is_worked_on(lab: Lab, folder: Path) -> None:
    """Its journal cannot be copied at rest."""
    with journal.locked(lab.where.target):
        assert "Another operator works on this target" in complaint(lab.call("backup", "--core", "--folder", folder), 4)


@pytest.fixture
def slow(tmp_path: Path) -> str:
    """Return a folder of PostgreSQL programs whose pg_dump says nothing for minutes."""
    programs = tmp_path / "slow"
    programs.mkdir()
    real = bundled_programs()
    (programs / "pg_dumpall").symlink_to(real / "pg_dumpall")
    (programs / "pg_dump").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {real / "pg_dump"} "$@"\nexec sleep 300\n'
    )
    (programs / "pg_dump").chmod(0o755)
    return str(programs)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_backup_that_is_ended(lab: Lab, folder: Path, slow: str, end: signal.Signals) -> None:
    """Nothing counts as a backup that was not verified; the next run clears away what was left."""
    with lab.started("backup", "DEMO_TNBC", "--folder", folder, MEDIABASE_PG_BIN=slow) as process:
        eventually(lambda: list(folder.glob("*/new-*/database.dump")), "the dump is begun")
        if end == signal.SIGKILL:
            process.kill()
            process.wait()
        else:
            process.send_signal(end)  # to it alone, as a supervisor does
            assert process.wait(timeout=20) == 130
    assert bool(list(folder.glob("*/new-*"))) == (end == signal.SIGKILL)
    assert lab.listing("backups", "--folder", folder) == []
    (done,) = back_up(lab, folder, "DEMO_TNBC")
    assert done["problem"] is None and not list(folder.glob("*/new-*"))
    assert not list(lab.home.glob("*rehearsal-*"))


def test_an_interrupt_while_a_table_is_locked(lab: Lab, folder: Path) -> None:
    """What waits for a lock is cancelled."""
    with lab.session(PREFIX + "DEMO_TNBC") as blocker, blocker.transaction():
        blocker.execute("lock table genes in access exclusive mode")
        with lab.started("backup", "DEMO_TNBC", "--folder", folder) as process:
            waiting = "select from pg_locks where not granted and mode = 'AccessShareLock'"
            eventually(lambda: lab.query(waiting, PREFIX + "DEMO_TNBC"), "the backup waits")
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 130
    assert not list(folder.glob("*/[!.]*"))


def test_two_at_once(lab: Lab, folder: Path, slow: str) -> None:
    """The second says so, and does not clear away what the first is writing."""
    with lab.started("backup", "DEMO_TNBC", "--folder", folder, MEDIABASE_PG_BIN=slow) as first:
        eventually(lambda: list(folder.glob("*/new-*/database.dump")), "the dump is begun")
        (second,) = back_up(lab, folder, "DEMO_TNBC", code=1)
        assert "Another process backs it up" in second["problem"]
        assert len(list(folder.glob("*/new-*/database.dump"))) == 1
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=20) == 130


@pytest.fixture
def older(debian: OtherServer) -> Iterator[str]:
    """Return the address of Debian's server with a small database of DEMO_HER2, which is gone afterwards."""
    admin = debian.dsn("postgres")
    with connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(HER2)))
    with connect(admin, dbname=HER2, autocommit=True) as connection:
        connection.execute(
            "create table transcripts (transcript_id text primary key, expression_fold_change double precision);"
            "insert into transcripts select 'T' || n, n / 3.0 from generate_series(1, 1000) as n;"
            "create view doubled as select transcript_id, expression_fold_change * 2 as value from transcripts"
        )
    yield admin
    with connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(HER2)))


def test_debians_server(lab: Lab, folder: Path, older: str) -> None:
    """Its own release of pg_dump is taken, and what PostgreSQL 18 restores from that is the same."""
    done = lab.call("backup", "DEMO_HER2", "--folder", folder, "--json", MEDIABASE_LEGACY_DSN=older)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = json.loads(done.stdout)
    manifest = json.loads((Path(made["folder"]) / "manifest.json").read_text())
    assert manifest["pg_dump"].startswith("15.") and made["rows"] == 1000
    assert check(lab, folder)[0]["problem"] is None


def test_another_encoding(lab: Lab, folder: Path) -> None:
    """A database in LATIN1 is compared, and restored, in its own encoding."""
    name = sql.Identifier(PREFIX + "LATIN").as_string()
    lab.execute(f"create database {name} template template0 encoding 'LATIN1' locale 'C'", "postgres")
    try:
        lab.execute("create table notes as select 'größer' as note", PREFIX + "LATIN")
        (done,) = back_up(lab, folder, "LATIN")
        assert check(lab, folder)[0]["problem"] is None
        lab.execute("update notes set note = 'grösser'", PREFIX + "LATIN")
        (again,) = back_up(lab, folder, "LATIN")
    finally:
        lab.execute(f"drop database {name} with (force)", "postgres")
    first, second = (json.loads((Path(each["folder"]) / "manifest.json").read_text()) for each in (done, again))
    assert first["properties"]["encoding"] == "LATIN1"
    assert first["contents"]["tables"] != second["contents"]["tables"]
