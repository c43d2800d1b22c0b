"""Out to CSV files and back in: every value as it was, or one clear sentence."""

import fcntl
import hashlib
import json
import math
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import NO_SERVER, PREFIX, Lab, complaint, eventually
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from orchestrator.migration.csv_files import measure, read_csv, read_file
from orchestrator.migration.parity import read_digest
from orchestrator.postgres.connection import Connection, Servers, connect
from orchestrator.postgres.copy import read_stream, write_csv

HER2 = "DEMO_HER2"
VALUES = [
    None, math.nan, math.inf, -math.inf, 0.0, -0.0, -2.5, 0.1 + 0.2, 1.0, math.nextafter(1, 2), math.nextafter(1, 0),
    5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, sys.float_info.max, -sys.float_info.max, 1e22, 1e23,
    123456789.12345678, 2.5, 1e-5, 1e15, 1e16,
]  # fmt: skip
ODD_IDS = [
    'quo"te', "com,ma", "new\nline", "carriage\rreturn", "both\r\n", " spaces ", "tab\t", "", "\\.", "a\n\\.\nb",
    "Ünïcödé-😀", "'; drop table x; --", "NULL", "%s", "{}", "\u2028", "\x85", "#", "=1+1", "transcript_id",
]  # fmt: skip


def bits(value: float | None) -> bytes | None:
    """Return the eight bytes of a float, so that NaN equals itself and 0.0 differs from -0.0."""
    return None if value is None else struct.pack(">d", value)


def kept(lab: Lab, patient_id: str) -> list[tuple[Any, ...]]:
    """Return stored and quarantined rows of a patient, bit by bit, with the reason."""
    schema = "patient_" + patient_id.lower()
    rows = lab.query(
        f"select transcript_id::text, float8send(expression_fold_change), '' from {schema}.expression_data union all "
        f"select transcript_id, float8send(expression_fold_change), reason from {schema}.quarantined_expression "
    )
    return sorted(rows)


def add_every_kind(lab: Lab, patient_id: str = "EVERY_KIND") -> str:
    """Add a patient with each value at a known id and at an orphan, and an orphan of each odd id; return its id."""
    lab.add_patient(patient_id)
    with connect(lab.where.legacy, dbname=PREFIX + patient_id, autocommit=True) as legacy:
        legacy.execute(
            "with known as (select transcript_id, row_number() over (order by transcript_id) as number "
            "from cancer_transcript_base), given as ("
            "select value, number from unnest(%s::float8[]) with ordinality as given (value, number)) "
            "update cancer_transcript_base as base set expression_fold_change = given.value "
            "from given inner join known using (number) where base.transcript_id = known.transcript_id",
            [VALUES],
        )
        orphans = [(f"ORPHAN_{number}", value) for number, value in enumerate(VALUES)]
        orphans += [(name, 1.0 + number % 3) for number, name in enumerate(ODD_IDS)]
        with legacy.cursor() as cursor:
            cursor.executemany(
                "insert into cancer_transcript_base (transcript_id, gene_symbol, gene_id, expression_fold_change) "
                "values (%s, 'X', 'LEGACY_UNKNOWN', %s)",
                orphans,
            )
        legacy.execute("update transcripts set expression_fold_change = 1.0")
        name = sql.Identifier(PREFIX + patient_id)
        legacy.execute(sql.SQL("alter database {} set extra_float_digits = -15").format(name))
    return patient_id


def manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest's entries by patient."""
    found = json.loads((folder / "manifest.json").read_text())
    return {entry["patient_id"]: entry for entry in found["patients"]}


def edit(folder: Path, changed: str, **changes: object) -> None:
    """Change a patient's entry in the manifest."""
    path = folder / "manifest.json"
    found = json.loads(path.read_text())
    (entry,) = [entry for entry in found["patients"] if entry["patient_id"] == changed]
    entry.update(changes)
    path.write_text(json.dumps(found))


def clone(folder: Path, patient_id: str, data: bytes | None, **changes: object) -> None:
    """Give the folder one more patient like HER2, with this file and these changes of the entry."""
    if data is not None:
        file_of(folder, patient_id).write_bytes(data)
    path = folder / "manifest.json"
    found = json.loads(path.read_text())
    (entry,) = [entry for entry in found["patients"] if entry["patient_id"] == HER2]
    found["patients"].append(
        {**entry, "patient_id": patient_id, "source_database": f"mediabase_patient_{patient_id}",
         "file": file_of(folder, patient_id).name, **changes})  # fmt: skip
    path.write_text(json.dumps(found))


def file_of(folder: Path, patient_id: str = HER2) -> Path:
    """Return a patient's file."""
    return folder / f"{patient_id}_fold_changes.csv"


# ---- there and back ----


def test_every_kind_of_value_comes_back_without_the_legacy_database(lab: Lab, tmp_path: Path) -> None:
    """Text as short as it can be whatever the database has set; rows, digest and counts as of a direct migration."""
    patient_id = add_every_kind(lab)
    direct = lab.migrate(patient_id)[patient_id]
    rows, digest = kept(lab, patient_id), lab.query("select legacy_digest from migration.patient")
    assert direct.quarantined > 40 and len(rows) > 60
    lab.execute("drop schema patient_every_kind cascade; truncate migration.patient")

    exported = lab.results("export", patient_id, "DEMO_BAD_VALUES", "DEMO_BASELINE", "--csv", tmp_path)
    assert {each["result"] for each in exported.values()} == {"exported"}
    text = file_of(tmp_path, patient_id).read_bytes().decode("utf-8")
    assert text.startswith("transcript_id,cancer_fold\n")
    for line in ("ORPHAN_0,\n", "ORPHAN_1,NaN\n", "ORPHAN_3,-Infinity\n", "ORPHAN_5,-0\n", "ORPHAN_8,1\n",
                 "ORPHAN_7,0.30000000000000004\n", "ORPHAN_11,5e-324\n", '"com,ma",', '"quo""te",'):  # fmt: skip
        assert line in text, line
    ids = [name for name, _ in read_csv(file_of(tmp_path, patient_id))]
    assert ids == sorted(ids, key=str.encode) and set(ODD_IDS) < set(ids)
    assert file_of(tmp_path, "DEMO_BASELINE").read_text() == "transcript_id,cancer_fold\n"
    assert lab.query("select count(*) from migration.patient") == [(0,)]

    lab.drop_patient(patient_id)
    planned = lab.plan(patient_id, csv=tmp_path)[patient_id]
    done = lab.results("migrate", "--csv", tmp_path, "--all", "--jobs", 2, code=3)
    assert {each["result"] for each in done.values()} == {"migrated"} and set(done) == set(exported)
    names = ("legacy_rows", "stored", "baseline", "quarantined", "reasons", "missing")
    assert [done[patient_id][name] for name in names] == [getattr(direct, name) for name in names]
    assert [getattr(planned, name) for name in names] == [getattr(direct, name) for name in names]
    assert kept(lab, patient_id) == rows
    with lab.session() as target:
        assert [(read_digest(target, "patient_every_kind"),)] == digest
    assert manifest(tmp_path)[patient_id]["legacy_digest"] == digest[0][0]
    lab.verify("DEMO_BAD_VALUES", "DEMO_BASELINE")


def test_without_any_legacy_server(lab: Lab, tmp_path: Path) -> None:
    """No legacy database, and a legacy server that cannot be reached; metadata as of a direct migration."""
    select = "select to_jsonb(m) - 'upload_date' from patient_demo_her2.metadata as m"
    lab.migrate(HER2)
    metadata = lab.query(select)
    lab.execute("drop schema patient_demo_her2 cascade; truncate migration.patient")
    lab.export_csv(tmp_path, HER2)
    (tmp_path / "patients.csv").write_text(f"patient_id,cancer_type\n{HER2},breast\n")
    done = lab.run("migrate", HER2, "--csv", tmp_path, "--manifest", tmp_path / "patients.csv",
                   MEDIABASE_LEGACY_DSN=NO_SERVER)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert lab.query(select) == [({**metadata[0][0], "cancer_type": "breast"},)]
    assert lab.query("select m.upload_date::text from patient_demo_her2.metadata as m") == lab.query(
        f"select '{manifest(tmp_path)[HER2]['exported_at']}'::timestamptz::text"
    )


def test_an_export_of_the_narrow_surface(lab: Lab, tmp_path: Path) -> None:
    """--surface where both disagree; without, that patient fails and the others are written."""
    lab.add_patient("DISAGREE", "update transcripts set expression_fold_change = 7 where gene_id = 'ENSG00000141736'")
    failed = lab.results("export", "DISAGREE", HER2, "--csv", tmp_path, code=1)
    assert "--surface" in failed["DISAGREE"]["message"] and failed[HER2]["result"] == "exported"
    assert set(manifest(tmp_path)) == {HER2} and not file_of(tmp_path, "DISAGREE").exists()
    said = lab.call("export", "DISAGREE", "--csv", tmp_path)
    assert said.returncode == 1 and "disagree" in said.stdout and "0 patients exported" in said.stdout

    lab.results("export", "DISAGREE", "--csv", tmp_path, "--surface", "transcripts")
    entry = manifest(tmp_path)["DISAGREE"]
    assert (entry["surface"], entry["surface_class"]) == ("transcripts", "disagree")
    assert lab.migrate("DISAGREE", csv=tmp_path)["DISAGREE"].result == "migrated"
    assert kept(lab, "DISAGREE") == sorted(
        (name, value, "") for name, value in lab.query(
            "select transcript_id::text, float8send(expression_fold_change) from transcripts "
            "where expression_fold_change <> 1", PREFIX + "DISAGREE"
        )
    )  # fmt: skip
    before = manifest(tmp_path), file_of(tmp_path, "DISAGREE").read_bytes()
    assert lab.export_csv(tmp_path, "DISAGREE")["DISAGREE"].result == "failed"
    assert (manifest(tmp_path), file_of(tmp_path, "DISAGREE").read_bytes()) == before


def test_a_legacy_database_of_another_encoding(lab: Lab, tmp_path: Path) -> None:
    """The file is UTF-8, in the order of the digest."""
    with lab.session("postgres") as connection:
        connection.execute(
            f"create database \"{PREFIX}LATIN\" template template0 encoding 'LATIN1' locale 'C'".encode()
        )
    lab.change("LATIN", "create table cancer_transcript_base as select * from "
               "(values ('Ünïcödé', 2.5), ('zebra', 3), ('ENST00000269571', 4.5)) "
               "as given (transcript_id, expression_fold_change);"
               "alter table cancer_transcript_base alter expression_fold_change type double precision")  # fmt: skip
    lab.export_csv(tmp_path, "LATIN")
    lab.drop_patient("LATIN")
    assert file_of(tmp_path, "LATIN").read_text(encoding="utf-8").splitlines()[1:] == [
        "ENST00000269571,4.5", "zebra,3", "Ünïcödé,2.5",
    ]  # fmt: skip
    done = lab.migrate(csv=tmp_path)["LATIN"]
    assert (done.stored, done.reasons, done.legacy_rows) == (1, {"orphan": 2}, 3)


@pytest.fixture(scope="module")
def session(server: Servers) -> Iterator[Connection]:
    """Return a session in which text is short of digits unless it is asked for all."""
    with connect(server.legacy) as connection:
        connection.execute("set extra_float_digits = -15")
        connection.commit()
        yield connection
        connection.rollback()


ANY_ID = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
ANY_VALUE = st.none() | st.floats(allow_nan=False) | st.just(math.nan)


@given(rows=st.dictionaries(ANY_ID, ANY_VALUE, max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_rows_read_back_as_they_are(
    session: Connection, tmp_path_factory: pytest.TempPathFactory, rows: dict[str, float | None]
) -> None:
    """What PostgreSQL writes as CSV is read back bit by bit, and makes PostgreSQL's own binary stream."""
    query = sql.SQL(
        "select * from unnest({}::text[], {}::float8[]) as rows (transcript_id, expression_fold_change)"
    ).format(sql.Literal(list(rows)), sql.Literal(list(rows.values())))
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("wb") as file:
        write_csv(session, query, None, file.write)
    session.rollback()
    found = [(name, bits(value)) for name, value in read_csv(path)]
    assert found == [(name, bits(rows[name])) for name in sorted(rows, key=str.encode)]
    ours, theirs = bytearray(), bytearray()
    packed, streamed = read_file(path, ours.extend), read_stream(session, query, None, theirs.extend)
    assert (packed.rows, packed.digest, bytes(ours)) == (streamed.rows, streamed.digest, bytes(theirs))


# ---- nothing but reading ----


def test_an_export_to_files_writes_nothing_else_and_needs_no_rights(lab: Lab, tmp_path: Path) -> None:
    """No transaction number is used on the server, no journal is needed, nor any right but to read."""
    lab.forget_upgrade()
    lab.execute("drop role if exists clerk; create role clerk login", "postgres")
    lab.execute("grant select on all tables in schema public to clerk")
    lab.add_patient("READABLE", "grant select on all tables in schema public to clerk")
    before = lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text")
    try:
        dsn = lab.where.target.replace("user=mediabase", "user=clerk")
        done = lab.run("export", "READABLE", "--csv", tmp_path, MEDIABASE_DSN=dsn)
        assert done.returncode == 0, done.stderr
        assert lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text") == before
        assert lab.query("select to_regnamespace('migration')") == [(None,)]
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            ".lock", "READABLE_fold_changes.csv", "manifest.json",
        ]  # fmt: skip
    finally:
        lab.reset()
        lab.execute("drop owned by clerk")
        lab.execute("drop role clerk", "postgres")


# ---- one folder, several exports ----


def test_a_second_export_adds_and_replaces(lab: Lab, tmp_path: Path) -> None:
    """Other patients stay as they are; a patient that is exported again gets a new entry."""
    lab.export_csv(tmp_path, HER2, "DEMO_TNBC")
    first = manifest(tmp_path)
    lab.add_patient("LATER")
    lab.export_csv(tmp_path, "LATER", "DEMO_TNBC")
    second = manifest(tmp_path)
    assert list(second) == [HER2, "DEMO_TNBC", "LATER"]
    assert second[HER2] == first[HER2]
    assert second["DEMO_TNBC"]["exported_at"] > first["DEMO_TNBC"]["exported_at"]
    for patient_id, entry in second.items():
        assert measure(file_of(tmp_path, patient_id)) == (entry["bytes"], entry["sha256"])


def test_ids_that_differ_in_case_never_share_a_folder(lab: Lab, tmp_path: Path) -> None:
    """In one export, and in two of different servers."""
    lab.export_csv(tmp_path, HER2)
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(text.replace(HER2, "Demo_Her2"))
    assert "Demo_Her2" in complaint(lab.call("export", HER2, "DEMO_TNBC", "--csv", tmp_path), 5)
    assert not file_of(tmp_path, "DEMO_TNBC").exists()
    lab.add_patient("demo_her2")
    assert "demo_her2" in complaint(lab.call("export", HER2, "--csv", tmp_path / "new"), 5)
    assert not (tmp_path / "new").exists()


def test_two_exports_at_a_time_lose_no_entry(lab: Lab, tmp_path: Path) -> None:
    """Each waits for the other, patient by patient; the same patient in both is whole."""
    threads = [
        threading.Thread(target=lab.export_csv, args=(tmp_path, *patient_ids))
        for patient_ids in ((HER2, "DEMO_TNBC", "DEMO_BASELINE"), ("DEMO_BASELINE", "DEMO_CRC_MSI", HER2))
    ]
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for thread in threads:
            thread.start()
        threads[0].join(timeout=1)
        assert all(thread.is_alive() for thread in threads) and not file_of(tmp_path).exists()
    for thread in threads:
        thread.join(timeout=60)
    assert set(manifest(tmp_path)) == {HER2, "DEMO_TNBC", "DEMO_BASELINE", "DEMO_CRC_MSI"}
    for patient_id, entry in manifest(tmp_path).items():
        assert measure(file_of(tmp_path, patient_id)) == (entry["bytes"], entry["sha256"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_while_it_writes(lab: Lab, tmp_path: Path, number: signal.Signals) -> None:
    """No file under the final name that is not whole: the older export stays, and the next one completes."""
    lab.add_patient("LARGE")
    lab.export_csv(tmp_path, "LARGE", HER2)
    before = manifest(tmp_path), file_of(tmp_path, "LARGE").read_bytes()
    lab.change("LARGE", "update transcripts set expression_fold_change = 1.0; "
               "insert into cancer_transcript_base (transcript_id, gene_symbol, gene_id, expression_fold_change) "
               "select 'MORE_' || n, 'X', 'LEGACY_UNKNOWN', n + 0.1 from generate_series(1, 60000) as n")  # fmt: skip
    partial = tmp_path / ".LARGE_fold_changes.csv.partial"
    with lab.started("export", "LARGE", "--csv", tmp_path) as process:
        eventually(lambda: partial.exists() and partial.stat().st_size > 100_000, "the file is being written", 20)
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == (130 if number == signal.SIGTERM else -number), err
    assert partial.exists() == (number == signal.SIGKILL)
    assert (manifest(tmp_path), file_of(tmp_path, "LARGE").read_bytes()) == before
    assert lab.export_csv(tmp_path, "LARGE")["LARGE"].result == "exported"
    assert manifest(tmp_path)["LARGE"]["staged_rows"] > 60_000 and not partial.exists()
    assert len(list(tmp_path.iterdir())) == 4


# ---- files that are not what was exported ----


def flip(data: bytes) -> bytes:
    """Return `data` with one bit of a digit turned: the smallest change of a value."""
    place = len(data) - 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def reverse(data: bytes) -> bytes:
    """Return the same lines in another order."""
    header, *lines = data.splitlines(keepends=True)
    return b"".join([header, *reversed(lines)])


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit": flip,
    "cut off": lambda data: data[: len(data) // 2],
    "a row less": lambda data: b"".join(data.splitlines(keepends=True)[:-1]),
    "a row more": lambda data: data + b"ENST99999999999,2\n",
    "rounded": lambda data: b"\n".join(line[:18] for line in data.splitlines()) + b"\n",
    "another order": reverse,
    "another separator": lambda data: data.replace(b",", b";"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "not UTF-8": lambda data: data + b"\xff,2\n",
    "not a number": lambda data: data + b"ENST99999999999,#DIV/0!\n",
    "an open quote": lambda data: data + b'"ENST99999999999,2\n',
    "other columns": lambda data: data.replace(b"cancer_fold", b"log2_change"),
    "empty": lambda _: b"",
}


Export = tuple[Lab, Path]


@pytest.fixture
def lab_with_export(lab: Lab, tmp_path: Path) -> Export:
    """Return the laboratory, and a folder to which two of its patients were exported."""
    lab.export_csv(tmp_path, HER2, "DEMO_BASELINE")
    return lab, tmp_path


def test_files_that_are_not_what_was_exported_are_refused(lab_with_export: Export) -> None:
    """Each damage alone, and with a manifest that was made to agree on its bytes: the digest is of the legacy rows.

    Every such patient fails with one sentence, planned and done, and none of its rows is staged; the others go on.
    """
    lab, folder = lab_with_export
    data, entry = file_of(folder).read_bytes(), manifest(folder)[HER2]
    says = {}
    for damage, change in DAMAGES.items():
        bad = change(data)
        assert bad != data
        name = damage.title().replace(" ", "")
        clone(folder, f"Plain{name}", bad)
        clone(folder, f"Signed{name}", bad, bytes=len(bad), sha256=hashlib.sha256(bad).hexdigest())
        says |= {f"Plain{name}": "its bytes are not those", f"Signed{name}": "export the patient again"}
    clone(folder, "Missing", None)
    clone(folder, "Folder", None)
    file_of(folder, "Folder").mkdir()
    clone(folder, "Pipe", None)
    os.mkfifo(file_of(folder, "Pipe"))
    says |= dict.fromkeys(("Missing", "Folder", "Pipe"), "is not there")
    clone(folder, "OtherCore", data, core_fingerprint=entry["core_fingerprint"].partition(":")[0] + ":1")
    says["OtherCore"] = "exported for a core with other transcripts"
    clone(folder, "Counts", data, unknown_rows=1, legacy_rows=entry["legacy_rows"] + 1)
    says["Counts"] = "unknown transcripts"

    planned, done = lab.plan(csv=folder), lab.migrate(csv=folder)
    assert set(done) == {*says, HER2, "DEMO_BASELINE"}
    for patient_id, expected in says.items():
        message = done[patient_id].message
        assert done[patient_id].result == planned[patient_id].result == "failed", patient_id
        assert message == planned[patient_id].message and expected in message, (patient_id, message)
        assert message.endswith(".") and len(message) < 200, message
    assert done[HER2].result == done["DEMO_BASELINE"].result == "migrated"
    assert lab.schemas() == ["patient_demo_baseline", "patient_demo_her2"]
    lab.verify(HER2, "DEMO_BASELINE")
    staged = "select patient_id from staging.legacy_expression"
    assert lab.query(staged) == lab.query("select patient_id from staging.legacy_export") == []


# ---- a bad manifest, a bad command ----

ENTRY_CHANGES: dict[str, tuple[dict[str, object], int]] = {
    "path traversal": ({"file": "../DEMO_HER2_fold_changes.csv"}, 2),
    "absolute": ({"file": "/etc/passwd"}, 2),
    "bad id": ({"patient_id": "../x", "file": "../x_fold_changes.csv"}, 2),
    "hostile id": ({"patient_id": 'x"; drop schema public cascade; --'}, 2),
    "same patient twice": ({"patient_id": "DEMO_BASELINE", "file": "DEMO_BASELINE_fold_changes.csv"}, 2),
    "ids of one schema": ({"patient_id": "Demo_Baseline", "file": "Demo_Baseline_fold_changes.csv"}, 5),
    "negative": ({"staged_rows": -1}, 2),
    "text for a number": ({"staged_rows": "12"}, 2),
    "counts": ({"missing_rows": 3}, 2),
    "short digest": ({"sha256": "abc"}, 2),
    "no time": ({"exported_at": "yesterday"}, 2),
    "unknown field": ({"more": 1}, 2),
    "another table": ({"surface": "pg_authid"}, 2),
}


def unwritten(lab: Lab, folder: Path, code: int) -> str:
    """Assert that a migration and its plan are refused in one sentence before any write; return it."""
    runs = "select count(*) from migration.run"
    before = lab.query(runs)
    said = complaint(lab.call("migrate", "--all", "--csv", folder), code)
    assert complaint(lab.call("migrate", "--all", "--csv", folder, "--dry-run"), code) == said
    assert lab.query(runs) == before
    return said


@pytest.fixture
def upgraded(lab_with_export: Export) -> Export:
    """Return the same, with a journal on the target."""
    assert lab_with_export[0].call("core", "upgrade").returncode == 0
    return lab_with_export


@pytest.mark.parametrize("change", ENTRY_CHANGES)
def test_a_manifest_that_no_export_wrote(upgraded: Export, change: str) -> None:
    """One sentence that names the file, before any write."""
    lab, folder = upgraded
    changes, code = ENTRY_CHANGES[change]
    edit(folder, HER2, **changes)
    unwritten(lab, folder, code)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file"),
        ("", "is not a manifest"),
        ("[1, 2]", "is not a manifest"),
        ("\udcff", "is not a manifest"),
        ("[" * 100_000, "is not a manifest"),
        ('{"format_version": 1}', "does not name any patient"),
        ('{"format_version": 1, "patients": {}}', "patients"),
        ('{"format_version": 2, "patients": []}', "format version 2"),
        ('{"patients": []}', "format version None"),
    ],
)
def test_a_manifest_that_cannot_be_read(upgraded: Export, text: str | None, says: str) -> None:
    """Missing, no JSON, another shape, another version; an export does not write beside it either."""
    lab, folder = upgraded
    path = folder / "manifest.json"
    path.unlink()
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    assert says in unwritten(lab, folder, 2)
    if text is not None and "any patient" not in says:
        before = file_of(folder).stat()
        assert says in complaint(lab.call("export", HER2, "--csv", folder), 2)
        assert file_of(folder).stat() == before


def test_a_link_out_of_the_folder(upgraded: Export, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Refused before any write, whatever it leads to."""
    lab, folder = upgraded
    outside = tmp_path_factory.mktemp("outside") / "file.csv"
    file_of(folder).rename(outside)
    file_of(folder).symlink_to(outside)
    assert "leads out of" in unwritten(lab, folder, 5)


def test_bad_commands(upgraded: Export) -> None:
    """--surface together with --csv, patients that the folder lacks, folders that cannot be."""
    lab, folder = upgraded
    both = ["--csv", folder, "--surface", "transcripts"]
    assert "--surface" in complaint(lab.call("migrate", "--all", *both), 2)
    assert "demo_her2" in complaint(lab.call("migrate", "demo_her2", "--csv", folder), 2)
    assert "either ids or --all" in complaint(lab.call("migrate", "--csv", folder), 2)
    assert "is not a patient id" in complaint(lab.call("migrate", "../x", "--csv", folder), 2)
    file = folder / "manifest.json"
    assert "cannot be read" in complaint(lab.call("migrate", "--all", "--csv", file), 2)
    assert "cannot be written" in complaint(lab.call("export", HER2, "--csv", file), 2)
    assert "NOBODY" in complaint(lab.call("export", "NOBODY", "--csv", folder / "new"), 2)
    assert not (folder / "new").exists()


# ---- again ----


def test_again_by_the_manifests_digest(lab_with_export: Export) -> None:
    """Unchanged, kept, changed on both sides and --force, as from a legacy database; the plan says so before."""
    lab, folder = lab_with_export

    def both(**options: object) -> tuple[str, str]:
        planned = lab.plan(HER2, csv=folder, **options)[HER2]
        done = lab.migrate(HER2, csv=folder, **options)[HER2]
        assert (planned.result, planned.message) == (done.result, done.message)
        return done.result, done.message

    lab.add_patient("SPARE", like=HER2)
    assert both()[0] == "migrated"
    assert both()[0] == "unchanged"
    assert lab.migrate(HER2)[HER2].result == "unchanged"  # the database it was exported from has the same digest
    assert both(force=True)[0] == "migrated"
    lab.change(HER2, "update cancer_transcript_base set expression_fold_change = 9 where expression_fold_change > 4; "
               "update transcripts set expression_fold_change = 1.0")  # fmt: skip
    lab.export_csv(folder, HER2)
    try:
        assert both()[0] == "migrated"
        lab.verify(HER2)
        lab.execute("update patient_demo_her2.expression_data set expression_fold_change = 3 where transcript_id = "
                    "(select min(transcript_id) from patient_demo_her2.expression_data)")  # fmt: skip
        assert both()[0] == "kept"
        edit(folder, HER2, legacy_digest="0" * 64)
        result, message = both()
        assert result == "failed" and "both sides" in message
    finally:
        lab.drop_patient(HER2)
        lab.add_patient(HER2, like="SPARE")


def test_a_patient_that_was_renamed(lab: Lab, tmp_path: Path) -> None:
    """Files written before are taken under the new name; written again they take the place of the old ones."""
    lab.add_patient("Marx", like="DEMO_TNBC")
    lab.export_csv(tmp_path, "Marx", "DEMO_HER2")
    assert lab.call("inventory", "P-1", "--rename", "Marx=P-1").returncode == 0
    assert set(lab.plan(csv=tmp_path)) == {"P-1", "DEMO_HER2"}
    lab.export_csv(tmp_path, "P-1")
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == [
        "DEMO_HER2_fold_changes.csv",
        "P-1_fold_changes.csv",
    ]
    assert lab.migrate("P-1", csv=tmp_path)["P-1"].result == "migrated"
    assert lab.schemas() == ["patient_p_1"]


def test_a_file_that_is_older_than_what_was_moved(lab: Lab, tmp_path: Path) -> None:
    """It does not take the place of newer values unless it is forced to; the dry run says so before."""
    lab.add_patient("P")
    lab.export_csv(tmp_path, "P")
    lab.change("P", "update cancer_transcript_base set expression_fold_change = 3")
    lab.change("P", "update transcripts set expression_fold_change = 3")
    lab.migrate("P")
    for outcome in (lab.plan("P", csv=tmp_path)["P"], lab.migrate("P", csv=tmp_path)["P"]):
        assert outcome.result == "failed" and "older" in outcome.message
    lab.export_csv(tmp_path, "P")
    assert lab.migrate("P", csv=tmp_path)["P"].result == "unchanged"
    lab.change("P", "update cancer_transcript_base set expression_fold_change = 4")
    lab.change("P", "update transcripts set expression_fold_change = 4")
    lab.export_csv(tmp_path, "P")
    assert lab.migrate("P", csv=tmp_path)["P"].result == "migrated"
    assert lab.migrate("P")["P"].result == "unchanged"


def test_bad_rows_fail_a_patient_where_that_is_asked(lab: Lab, tmp_path: Path) -> None:
    """--on-bad-rows fail, planned and done."""
    lab.export_csv(tmp_path, "DEMO_BAD_VALUES")
    for outcomes in (lab.plan(csv=tmp_path, on_bad_rows="fail"), lab.migrate(csv=tmp_path, on_bad_rows="fail")):
        assert outcomes["DEMO_BAD_VALUES"].result == "failed"
        assert "cannot be stored" in outcomes["DEMO_BAD_VALUES"].message
    assert "patient_demo_bad_values" not in lab.schemas()
