"""docs/OPERATIONS.md: what its runbooks say to type is what works."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Lab, clean_environment, laboratory

from orchestrator import sandbox as sandboxes

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "OPERATIONS.md"
RUNBOOKS = ("Before", "Clean", "Parallel", "In place", "Going back")


def blocks(runbook: str) -> list[str]:
    """Return the commands of a runbook, block by block."""
    text = OPERATIONS.read_text()
    (section,) = re.findall(rf"^## {runbook}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^```bash\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


@pytest.fixture
def new() -> Iterator[Lab]:
    """Return a v0.5.0 server that nobody has touched."""
    with laboratory(sandboxes.Generated(transcripts=300)) as made:
        yield made


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_copy_and_paste(new: Lab, runbook: str) -> None:
    """Every line of every block, in order; a block that fails is shown with what it said."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for block in blocks(runbook):
        done = subprocess.run(
            ["bash", "-euc", block], env={**clean_environment(MEDIABASE_HOME=str(new.home)), "PATH": path},
            cwd=new.home, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    if runbook in ("Clean", "Parallel", "In place"):
        assert new.patients() == []
    elif runbook == "Going back":
        assert new.schemas() == [] and len(new.patients()) == 6


def test_every_block_is_run() -> None:
    """No block is in a section that the test above does not know."""
    assert sum(len(blocks(each)) for each in RUNBOOKS) == OPERATIONS.read_text().count("```bash")


def test_row_security_as_documented(lab: Lab) -> None:
    """A group reads the rows of its own patients in a cohort table, and no others."""
    lab.migrate("DEMO_HER2", "DEMO_TNBC")
    lab.execute("create role ward_7 nologin; grant reader_patient_demo_her2 to ward_7")
    try:
        lab.execute(
            "".join(re.findall(r"^    ((?:alter|grant|create|    using).*\n)", OPERATIONS.read_text(), re.MULTILINE))
        )
        lab.migrate("DEMO_CRC_MSI")
        with lab.session() as somebody:
            somebody.execute("set role ward_7")
            rows = somebody.execute("select distinct patient_id from cohort.patient_markers").fetchall()
        assert rows == [("DEMO_HER2",)]
    finally:
        lab.execute("drop policy if exists own on cohort.patient_markers; "
                    "alter table cohort.patient_markers disable row level security; "
                    "drop owned by ward_7; drop role ward_7")  # fmt: skip
