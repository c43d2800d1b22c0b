"""`mediabase archive --thin`: a small file and the core's backup are the whole legacy database again."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from helpers import PREFIX, Lab, complaint, whole

ODD = (
    # The second surface has other values, and some that are none.
    "update transcripts set expression_fold_change = null where transcript_id in "
    "(select transcript_id from transcripts order by 1 limit 3)",
    "update cancer_transcript_base set expression_fold_change = 'NaN' where transcript_id in "
    "(select transcript_id from transcripts order by 1 limit 2)",
    "update cancer_transcript_base set expression_fold_change = '-0' where transcript_id in "
    "(select transcript_id from transcripts order by 1 desc limit 1)",
    # Rows that the core does not have, has otherwise, and that are not there.
    "insert into cancer_transcript_base (transcript_id, expression_fold_change) values ('ENST_OF_NOBODY', 7.25)",
    "update cancer_transcript_base set gene_symbol = E'tab\\t, \\\\ and ''quotes''' where transcript_id in "
    "(select transcript_id from transcripts order by 1 offset 5 limit 4)",
    "delete from gene_annotations where ctid in (select ctid from gene_annotations limit 2)",
    "alter table gene_pathways drop constraint gene_pathways_pkey, "
    "drop constraint gene_pathways_gene_id_pathway_id_pathway_source_key",
    "insert into gene_pathways select * from gene_pathways limit 1",
    # What the core does not have at all.
    "create table notes (id serial primary key, about text, at timestamptz default now())",
    "insert into notes (about) values ('first'), ('second')",
    "create view strong as select * from cancer_transcript_base where expression_fold_change > 4",
    "create materialized view counted as select gene_type, count(*) from cancer_transcript_base group by 1",
    "create function seen() returns bigint language sql as 'select count(*) from notes'",
    "create index own_index on cancer_transcript_base (lower(gene_symbol))",
    "comment on table notes is 'of the ward'",
    "grant select on notes to public",
)
"""What people do to a legacy database, so that it is the core plus more than a column."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where backups go."""
    return tmp_path / "backups"


def archive(lab: Lab, folder: Path, *arguments: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """Archive patients; return what the command says of each."""
    done = lab.listing("archive", *arguments, "--folder", folder, code=code)
    return {each["patient_id"]: each for each in done}


def manifest(done: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of an archive."""
    return dict(json.loads((Path(done["folder"]) / "manifest.json").read_text()))


def test_it_is_small_and_becomes_the_whole(lab: Lab, folder: Path) -> None:
    """Dropped and rolled back, a database has every object, row, right and setting that it had."""
    odd = lab.add_patient("ODD", *ODD)
    lab.execute(f"alter database \"{PREFIX}{odd}\" set search_path = '$user', public", "postgres")
    lab.execute(f'revoke connect on database "{PREFIX}{odd}" from public', "postgres")
    lab.call("backup", "--core", "--folder", folder)
    lab.migrate("DEMO_TNBC")
    lab.migrate(odd, believe="cancer_transcript_base")
    before = whole(lab, PREFIX + odd)
    done = archive(lab, folder, "DEMO_TNBC", odd, "--thin")
    assert all(each["is_thin"] and not each["problem"] for each in done.values())
    plain = {each["table"]: each for each in manifest(done["DEMO_TNBC"])["thin"]["tables"]}
    assert plain["cancer_transcript_base"]["values"] > 0 and not plain["cancer_transcript_base"]["added"]
    tables = {each["table"]: each for each in manifest(done[odd])["thin"]["tables"]}
    assert tables["notes"]["core_schema"] is None and "no such table" in tables["notes"]["reason"]
    assert tables["cancer_transcript_base"]["added"] == 5 and tables["cancer_transcript_base"]["gone"] == 4
    assert tables["gene_annotations"]["gone"] == 2 and tables["gene_annotations"]["added"] == 0
    assert tables["gene_pathways"]["added"] == 2  # both of the two that are one in the core
    assert tables["genes"]["gone"] == tables["genes"]["added"] == tables["genes"]["values"] == 0
    (dropped,) = lab.listing("drop-legacy", odd, "--yes")
    assert dropped["result"] == "dropped" and odd not in lab.patients()
    back = json.loads(lab.call("rollback", odd, "--json").stdout)["patients"]
    assert [(each["result"], each["legacy"], each["message"]) for each in back] == [("rolled back", "restored", "")]
    assert whole(lab, PREFIX + odd) == before
    lab.migrate(odd, believe="cancer_transcript_base")
    lab.verify("DEMO_TNBC")


def test_a_core_that_changed_since(lab: Lab, folder: Path) -> None:
    """The archive needs the core of its backup, not the one that there is now, upgraded, migrated into and retired."""
    lab.call("backup", "--core", "--folder", folder)
    before = whole(lab, PREFIX + lab.add_patient("ONE"))
    lab.migrate("ONE")
    lab.call("core", "retire-legacy-table")
    try:
        assert archive(lab, folder, "ONE", "--thin")["ONE"]["is_thin"]
        lab.call("backup", "--core", "--folder", folder)  # has the wide table in another schema
        again = archive(lab, folder, "ONE", "--thin")["ONE"]
        sources = {each["table"]: each["core_schema"] for each in manifest(again)["thin"]["tables"]}
        assert sources["cancer_transcript_base"] == "legacy" and sources["transcripts"] == "public"
        lab.execute("update public.genes set gene_symbol = gene_symbol || '?'")
        assert all(each["problem"] is None for each in lab.listing("backups", "--check", "--folder", folder))
    finally:
        lab.execute("update public.genes set gene_symbol = rtrim(gene_symbol, '?')")
        lab.call("core", "retire-legacy-table", "--undo")
    lab.listing("drop-legacy", "ONE", "--yes")
    lab.call("rollback", "ONE")
    assert whole(lab, PREFIX + "ONE") == before


def test_a_database_that_is_another(lab: Lab, folder: Path) -> None:
    """Archived in full, and the reason is said: most of its rows are not the core's."""
    other = lab.add_patient("OTHER", "update cancer_transcript_base set gene_type = 'another', chromosome = 'Z'")
    lab.migrate(other)
    lab.call("backup", "--core", "--folder", folder)
    done = archive(lab, folder, other, "--thin")[other]
    assert not done["is_thin"] and not done["problem"]
    assert "cancer_transcript_base" in done["full_because"] and "of its rows are not the core's" in done["full_because"]
    assert (Path(done["folder"]) / "database.dump").exists()


def test_what_it_needs(lab: Lab, folder: Path) -> None:
    """No backup of a core: refused before anything. Its backup gone or another: it does not restore, and says why."""
    lab.migrate("DEMO_HER2")
    said = complaint(lab.call("archive", "DEMO_HER2", "--thin", "--folder", folder), 5)
    assert "mediabase backup --core" in said
    (core,) = lab.listing("backup", "--core", "--folder", folder)
    done = archive(lab, folder, "DEMO_HER2", "--thin")["DEMO_HER2"]
    assert manifest(done)["thin"]["core_folder"] == "/".join(Path(core["folder"]).parts[-2:])
    path = Path(core["folder"]) / "database.dump"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    found = {each["patient_id"]: each["problem"] for each in
             lab.listing("backups", "--check", "--folder", folder, code=1)}  # fmt: skip
    assert "its bytes are others" in found["DEMO_HER2"] and "its bytes are others" in found[None]
    shutil.rmtree(core["folder"])
    ((problem,),) = [[each["problem"]] for each in lab.listing("backups", "--check", "--folder", folder, code=1)]
    assert "The backup of the core that it needs is not in" in problem


def test_a_file_that_was_changed(lab: Lab, folder: Path) -> None:
    """One bit; another patient's file with a manifest made to fit; a part that is not there: none of them counts."""
    three = ("DEMO_CRC_MSI", "DEMO_HER2", "DEMO_TNBC")
    lab.migrate(*three)
    lab.call("backup", "--core", "--folder", folder)
    done = archive(lab, folder, *three, "--thin")
    msi, her2, tnbc = (Path(done[each]["folder"]) for each in three)
    shutil.copy(tnbc / "thin.zip", her2 / "thin.zip")
    others = manifest(done["DEMO_TNBC"])
    rewrite(her2, {"dump": others["dump"], "thin": others["thin"]})
    lacking = manifest(done["DEMO_CRC_MSI"])["thin"]
    next(each for each in lacking["tables"] if each["values_in"])["values_in"] = "values/none"
    rewrite(msi, {"thin": lacking})
    data = bytearray((tnbc / "thin.zip").read_bytes())
    data[len(data) // 3] ^= 1
    (tnbc / "thin.zip").write_bytes(data)
    found = {each["patient_id"]: each["problem"] for each in
             lab.listing("backups", "--check", "--folder", folder, code=1)}  # fmt: skip
    assert "other rows in public.cancer_transcript_base" in found["DEMO_HER2"]
    assert "does not hold what its manifest says" in found["DEMO_CRC_MSI"]
    assert "its bytes are others" in found["DEMO_TNBC"]
    said = [each["message"] for each in lab.listing("drop-legacy", *three, "--yes", code=1)]
    assert "its manifest is another" in said[0] and "its manifest is another" in said[1]
    assert "its bytes are others" in said[2]


def rewrite(folder: Path, changes: dict[str, Any]) -> None:
    """Change a backup's manifest."""
    known = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**known, **changes}))


def test_only_patients_that_were_moved(lab: Lab, folder: Path) -> None:
    """An archive allows a drop: there is none of a patient that is not in v0.6.0, or not sound."""
    lab.migrate("DEMO_HER2")
    done = archive(lab, folder, "DEMO_HER2", "DEMO_TNBC", code=1)
    assert done["DEMO_HER2"]["problem"] is None and not done["DEMO_HER2"]["is_thin"]
    assert "was not moved yet" in done["DEMO_TNBC"]["problem"]
    assert lab.query("select patient_id, state from migration.patient") == [("DEMO_HER2", "archived")]


def test_it_holds_nothing_of_the_core(lab: Lab, folder: Path) -> None:
    """A baseline patient's file has definitions, and not one row."""
    lab.migrate("DEMO_BASELINE")
    lab.call("backup", "--core", "--folder", folder)
    done = archive(lab, folder, "DEMO_BASELINE", "--thin")["DEMO_BASELINE"]
    with zipfile.ZipFile(Path(done["folder"]) / "thin.zip") as file:
        stored = {each.filename: each.file_size for each in file.infolist()}
    assert [name for name, size in stored.items() if size] == ["database.dump"]


def test_what_archives_need_is_not_pruned(lab: Lab, folder: Path) -> None:
    """Of five backups two go: an older one, and an older core; an archive and the core that it names stay."""
    lab.add_patient("ONE")
    lab.migrate("ONE")
    (first,) = lab.listing("backup", "--core", "--folder", folder)
    done = archive(lab, folder, "ONE", "--thin")["ONE"]
    (old,) = lab.listing("backup", "ONE", "--folder", folder)
    new = later(old["folder"], 1)
    second, third = (later(first["folder"], number, rows=number) for number in (1, 2))
    planned = lab.listing("backups", "--folder", folder, "--prune", "1", code=5)
    stays = {each["folder"]: each["kept_because"] for each in planned}
    assert stays == {
        first["folder"]: "needed by 1 thin archives", second: "", third: "latest",
        done["folder"]: "archive of a patient", old["folder"]: "", new: "latest",
    }  # fmt: skip
    lab.listing("backups", "--folder", folder, "--prune", "1", "--yes")
    left = {each["folder"]: each["problem"] for each in lab.listing("backups", "--folder", folder)}
    assert left == dict.fromkeys([first["folder"], third, done["folder"], new])


def later(folder: str, number: int, rows: int | None = None) -> str:
    """Copy a backup as one of a later time, with other rows in its first table; return its folder."""
    made = Path(shutil.copytree(folder, f"{folder}-{number}"))
    known = json.loads((made / "manifest.json").read_text())
    known["taken_at"] = f"{2100 + number}{known['taken_at'][4:]}"
    if rows:
        known["contents"]["tables"][0]["rows"] += rows
    (made / "manifest.json").write_text(json.dumps(known))
    return str(made)
