"""Many files by a manifest: in parallel, killed in the middle, gone on with, and no bad file stops another."""

import os
import signal
from pathlib import Path

import pytest
from helpers import Lab, eventually

from orchestrator.sandbox.profiles import profiles
from orchestrator.sandbox.synthesize import Wanted, sandbox_ids, synthesize

ROWS = 500
BAD = {
    "0100": b"transcript_id,fold_change\nENST00000269571,many\n",
    "0500": b"\x00\x01\x02",
    "0900": b"transcript_id,fold_change\nENST00000269571,-2\nENST00000269305,2\n",
}
"""Files that are no tables of fold changes, by the number of the patient."""


def patients_in(lab: Lab) -> int:
    """Return how many patients are published."""
    if lab.query("select to_regclass('migration.patient')") == [(None,)]:
        return 0
    return int(lab.query("select count(*) from migration.patient where published_at is not null")[0][0])


def brought_in(lab: Lab, folder: Path, count: int) -> None:
    """Import `count` patients of which three are bad, end the driver in the middle, and run the command again."""
    wanted = Wanted(profiles()["her2"], count, ROWS, 7)
    manifest = synthesize(wanted, sandbox_ids(ROWS), folder, report=lambda _: None)
    bad = {f"SYN-HER2-7-{number}": content for number, content in BAD.items() if int(number) <= count}
    for patient_id, content in bad.items():
        (folder / f"{patient_id}.csv").write_bytes(content)
    (folder / "SYN-HER2-7-0001.csv").unlink()
    command = ("patient", "import", "--manifest", manifest, "--jobs", 2)
    with lab.started(*command) as process:
        eventually(lambda: patients_in(lab) >= count // 4, "a quarter is published", 600)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = patients_in(lab)
    assert count // 4 <= done < count - len(bad) - 1
    results = lab.results(*command, code=1)
    assert len(results) == count
    failed = {patient_id for patient_id, each in results.items() if each["result"] == "failed"}
    assert failed == {*bad, "SYN-HER2-7-0001"}
    assert sum(each["result"] == "unchanged" for each in results.values()) >= done
    assert patients_in(lab) == len(lab.schemas()) == count - len(failed)
    assert lab.query("select count(*) from migration.patient") == [(count - len(failed),)]
    stored = lab.query("select sum(stored_rows + baseline_rows), max(quarantined_rows) from migration.patient")
    assert stored == [((count - len(failed)) * ROWS, 0)]
    synthesize(wanted, sandbox_ids(ROWS), folder, replace=True, report=lambda _: None)
    again = lab.results(*command)
    assert {patient_id for patient_id, each in again.items() if each["result"] == "migrated"} == failed


def test_a_hundred_and_twenty_files(lab: Lab, tmp_path: Path) -> None:
    """The same as a thousand, on a smaller scale."""
    brought_in(lab, tmp_path / "files", 120)


@pytest.mark.acceptance
def test_a_thousand_files(lab: Lab, tmp_path: Path) -> None:
    """As many as a folder may hold."""
    brought_in(lab, tmp_path / "files", 1_000)
