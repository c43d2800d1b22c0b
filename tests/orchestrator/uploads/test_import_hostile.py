"""Files that nobody meant to write, given to the command itself: no half of a patient, and never much memory."""

import time
from pathlib import Path

from helpers import Lab
from hostile_files import BIG, CORPUS, MEMORY_MB, mutilated

MEGABYTE = 1024
"""In the unit of /proc."""


def memory_of_family(parent: int) -> dict[int, float]:
    """Return the most megabytes that a process and its children have had, servers of PostgreSQL left out."""
    most = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            status = (process / "status").read_text()
        except OSError:  # it has ended
            continue
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        is_ours = parent in (int(process.name), int(fields["PPid"])) and not fields["Name"].startswith("postgres")
        if is_ours and "VmHWM" in fields:
            most[int(process.name)] = int(fields["VmHWM"].split()[0]) / MEGABYTE
    return most


def test_all_of_them_by_a_manifest(lab: Lab, tmp_path: Path) -> None:
    """One command for all: a sentence each, nothing left of any, and each process within its memory."""
    contents = {f"H{number}": mutilated(number) for number in range(CORPUS)}
    contents |= {f"BIG{number}": make() for number, (make, _) in enumerate(BIG.values())}
    for patient_id, content in contents.items():
        (tmp_path / f"{patient_id}.csv").write_bytes(content)
    manifest = tmp_path / "patients.csv"
    manifest.write_text("patient_id,file\n" + "".join(f"{each},{each}.csv\n" for each in contents))
    most: dict[int, float] = {}
    with lab.started("patient", "import", "--manifest", manifest, "--json") as process:
        while process.poll() is None:
            most |= memory_of_family(process.pid)
            time.sleep(0.05)
        said, problems = process.communicate()
    assert process.returncode == 1 and "Traceback" not in said + problems
    assert said.count('"failed"') == len(contents)
    assert lab.schemas() == [] and lab.query("select count(*) from migration.patient") == [(0,)]
    assert len(most) > 1 and max(most.values()) < MEMORY_MB, most
