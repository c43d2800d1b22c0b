"""`mediabase drop-legacy`: nothing is dropped that could not be brought back, is used, or changed since."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import PREFIX, Lab, complaint

from orchestrator import journal
from orchestrator.backup.archive import manifest_digest
from orchestrator.migration import drop

NAME = PREFIX + "ONE"


@pytest.fixture(scope="module")
def made(laboratory_server: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of patient ONE, for each test to copy."""
    lab = laboratory_server
    lab.reset()
    lab.add_patient("ONE")
    lab.migrate("ONE")
    (done,) = lab.listing("archive", "ONE", "--folder", tmp_path_factory.mktemp("backups"))
    return Path(done["folder"])


@pytest.fixture
def archived(lab: Lab, made: Path, tmp_path: Path) -> Iterator[Lab]:
    """Return the lab with patient ONE, moved and archived."""
    lab.add_patient("ONE")
    lab.migrate("ONE")
    folder = Path(shutil.copytree(made, tmp_path / made.parent.name / made.name))
    with lab.session() as connection:
        journal.archived(connection, 1, "ONE", str(folder), manifest_digest(folder))
    yield lab
    for (name,) in lab.query("select datname from pg_database where starts_with(datname, 'mediabase_dropping_')"):
        lab.execute(f'drop database "{name}"', "postgres")


def drop_one(lab: Lab, code: int = 0) -> dict[str, Any]:
    """Drop the patient's legacy database; return what the command says."""
    (done,) = lab.listing("drop-legacy", "ONE", "--yes", code=code)
    return done


def is_there(lab: Lab) -> bool:
    """Tell whether the legacy database is there, under its name."""
    return "ONE" in lab.patients()


def state(lab: Lab) -> str:
    """Return the patient's state in the journal."""
    ((found,),) = lab.query("select state from migration.patient where patient_id = 'ONE'")
    return str(found)


def test_only_with_yes(archived: Lab) -> None:
    """Without it, what would be dropped is said, and the exit code is that of a refusal."""
    (done,) = archived.listing("drop-legacy", "--all", code=5)
    assert done["result"] == "would be dropped" and is_there(archived)
    assert drop_one(archived)["freed_bytes"] > 1e6
    assert not is_there(archived) and state(archived) == "dropped"
    assert "was dropped before" in drop_one(archived, code=1)["message"]
    assert archived.listing("drop-legacy", "--all", "--yes") == []


def test_not_without_an_archive(lab: Lab, tmp_path: Path) -> None:
    """Not moved, backed up only: each is refused with what is missing."""
    lab.add_patient("ONE")
    lab.migrate("DEMO_HER2")
    assert "does not know ONE" in complaint(lab.call("drop-legacy", "ONE", "--yes"), 5)
    lab.migrate("ONE")
    lab.call("backup", "ONE", "--folder", tmp_path / "backups")
    assert "not archived" in drop_one(lab, code=1)["message"]
    assert is_there(lab)


def damage(archive: Path) -> None:
    """Flip a bit of the dump."""
    data = bytearray((archive / "database.dump").read_bytes())
    data[-100] ^= 1
    (archive / "database.dump").write_bytes(data)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (damage, "its bytes are others"),
        (lambda archive: shutil.rmtree(archive), "manifest.json cannot be read"),
        (lambda archive: (archive / "manifest.json").write_text("{}"), "is not one that `mediabase backup` wrote"),
        (lambda archive: (archive / "roles.sql").unlink(), "No such file"),
    ],
)
def test_not_with_a_bad_archive(archived: Lab, fault: Any, said: str) -> None:
    """What was verified once must still be there, byte for byte."""
    ((folder,),) = archived.query("select archive from migration.patient where patient_id = 'ONE'")
    fault(Path(folder))
    assert said in drop_one(archived, code=1)["message"]
    assert is_there(archived)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update cancer_transcript_base set expression_fold_change = 9 where transcript_id in "
         "(select transcript_id from cancer_transcript_base limit 1)", "other rows in public.cancer_transcript_base"),
        ("create table more (id int)", "not the same objects: table public.more"),
        ("truncate gene_pathways", "other rows in public.gene_pathways"),
        ("select lo_from_bytea(0, 'an image')", "other definitions, sequences or large objects"),
        ("alter table genes alter gene_symbol set default 'none'", "other definitions, sequences or large objects"),
    ],
)  # fmt: skip
def test_not_after_a_change(archived: Lab, change: str, said: str) -> None:
    """Written to after it was archived: refused, and the database has its name again."""
    archived.change("ONE", change)
    assert said in drop_one(archived, code=1)["message"]
    assert is_there(archived) and state(archived) == "archived"


def test_not_what_was_archived_later_than_moved(archived: Lab, tmp_path: Path) -> None:
    """Changed, and archived so: v0.6.0 does not have the change, so the database stays."""
    archived.change("ONE", "update cancer_transcript_base set expression_fold_change = 9 where gene_symbol = 'ERBB2'")
    archived.change("ONE", "update transcripts set expression_fold_change = base.expression_fold_change from "
                    "cancer_transcript_base as base where base.transcript_id = transcripts.transcript_id")  # fmt: skip
    archived.listing("archive", "ONE", "--folder", tmp_path / "backups")
    assert "changed since it was moved" in drop_one(archived, code=1)["message"]
    assert is_there(archived)


@pytest.mark.parametrize(
    ("loss", "said"),
    [("drop schema patient_one cascade", "gone"), ("delete from patient_one.expression_data", "not what was moved")],
)
def test_not_without_its_data_in_v060(archived: Lab, loss: str, said: str) -> None:
    """What the journal says is not enough: v0.6.0 must have the values at this moment."""
    archived.execute(loss)
    assert f"Its data in v0.6.0 is {said}" in drop_one(archived, code=1)["message"]
    assert is_there(archived)


def test_an_archive_of_another_server(archived: Lab, tmp_path: Path) -> None:
    """A copy on a test server is not what was moved: its archive must not take the place of the right one."""
    archived.execute("update migration.patient set legacy_system = '1'")
    (done,) = archived.listing("archive", "ONE", "--folder", tmp_path / "backups", code=1)
    assert "moved from another server" in done["problem"]


def test_a_drop_stays_known(archived: Lab) -> None:
    """A validation that fails, and one that passes again, after the drop: it is dropped."""
    drop_one(archived)
    with archived.session() as connection:
        journal.invalidate(connection, "ONE", "not sound")
        journal.validated(connection, "ONE")
    assert state(archived) == "dropped"


def test_not_while_in_use(archived: Lab) -> None:
    """Who is in it is named, and stays in it; when they left it goes."""
    with archived.session(NAME) as somebody:
        somebody.execute("set application_name = 'a client'")
        said = drop_one(archived, code=1)["message"]
        assert f"process {somebody.info.backend_pid}, a client" in said
        assert somebody.execute("select 1").fetchone() == (1,)
    with archived.session(NAME) as somebody:
        somebody.execute("begin; create table t (); prepare transaction 'waiting'")
    try:
        assert "prepared transaction waiting" in drop_one(archived, code=1)["message"]
    finally:
        archived.execute("rollback prepared 'waiting'", NAME)
    assert drop_one(archived)["result"] == "dropped"


def test_not_on_another_server(archived: Lab) -> None:
    """A database of the same name on a server that it was not moved from is another database."""
    archived.execute("update migration.patient set legacy_system = '1'")
    assert "moved from another server" in drop_one(archived, code=1)["message"]


@pytest.mark.parametrize("moment", ["rename", "_prove", "dropped"])
def test_killed_and_run_again(archived: Lab, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """After the intent, after the rename, after the drop: the same command does what is left, by what is there."""

    class KilledError(BaseException):
        """What no code of the product sees, as of a process that is gone."""

    def die(*_: object, **__: object) -> None:
        raise KilledError

    place = drop.journal if moment == "dropped" else drop
    with monkeypatch.context() as patch:
        patch.setattr(place, moment, die)
        if moment == "_prove":  # a killed process puts nothing back
            patch.setattr(drop, "oid_of", lambda server, name: None if name.startswith(drop.ASIDE) else 1)
        with pytest.raises(KilledError):
            drop.drop_legacy(archived.where, ["ONE"], lambda _: None, is_sure=True)
    assert state(archived) == "archived" and is_there(archived) == (moment == "rename")
    assert drop_one(archived)["result"] == "dropped"
    assert state(archived) == "dropped" and not is_there(archived)


def test_interrupted(archived: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt while it is looked at for the last time: the database has its name again."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(drop, "identify", interrupt)
        drop.drop_legacy(archived.where, ["ONE"], lambda _: None, is_sure=True)
    assert is_there(archived) and state(archived) == "archived"
    assert drop_one(archived)["result"] == "dropped"
