"""The target's disk is full in the middle of a migration: who does not fit fails by name, and goes on with room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from helpers import DEMO, Lab, laboratory

from orchestrator import sandbox as sandboxes

MEGABYTES = 3
"""Room for the first patients of the sandbox and not for all."""


@pytest.fixture
def disk() -> Iterator[Path]:
    """Return a small disk; skip where none can be made."""
    path = Path(mkdtemp(prefix="mb-disk-", dir="/tmp"))
    size = f"size={MEGABYTES}m"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", path], capture_output=True).returncode:
        path.rmdir()
        pytest.skip("needs the right to mount a tmpfs")
    yield path
    subprocess.run(["umount", path], check=True)
    path.rmdir()


@pytest.fixture
def small(disk: Path) -> Iterator[Lab]:
    """Return a server of its own, whose core's new tables go to the small disk."""
    with laboratory(sandboxes.Generated(transcripts=600)) as made:
        subprocess.run(["chown", "--reference", made.home / "data", disk], check=True)
        disk.chmod(0o700)
        made.execute(f"create tablespace small location '{disk}'", "postgres")
        made.execute("alter database mbase set default_tablespace = small", "postgres")
        yield made


def test_a_full_disk(small: Lab, disk: Path) -> None:
    """Code 53100 for those that did not fit, readers see only whole patients, and the same command ends it later."""
    filler = disk / "filler"
    small.migrate("DEMO_HER2")
    free = int(subprocess.run(["df", "--output=avail", "-k", disk], check=True, capture_output=True).stdout.split()[1])
    filler.write_bytes(bytes(1024 * max(free - 100, 0)))
    done = small.results("migrate", "--all", code=1)
    failed = {patient_id for patient_id, each in done.items() if each["result"] == "failed"}
    assert failed and "DEMO_HER2" not in failed
    assert {each["message"] for patient_id, each in done.items() if patient_id in failed} & {
        "PostgreSQL error 53100: the server's disk is full: make room there, and run the same command again."
    }
    small.verify(*(set(DEMO) - failed))
    published = small.query("select patient_id from migration.patient where published_at is not null")
    assert {patient_id for (patient_id,) in published} == set(DEMO) - failed
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    assert {each["result"] for each in small.results("migrate", "--all", code=3).values()} <= {"migrated", "unchanged"}
    small.verify(*DEMO)
