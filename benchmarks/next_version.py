"""What `mediabase patient upgrade` does when a later version of the models has one column more."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from orchestrator.dbt.runner import project_folder

PARTS = ("models", "macros", "seeds", "tests")
FILES = ("dbt_project.yml", "profiles.yml")
BEFORE = "      - name: created_at\n"
COLUMN = "      - name: {name}\n        description: Of a later version.\n        data_type: double precision\n"
PROGRAM = """
import sys
from pathlib import Path
from orchestrator.dbt import runner
folder = Path(sys.argv.pop(1))
runner.project_folder = lambda: folder
from orchestrator.cli.main import main
main()
"""


def with_column(folder: Path, name: str) -> Path:
    """Make in `folder` a copy of the dbt project in which expression_data has a column `name`; return the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in PARTS:
        shutil.copytree(project_folder() / part, folder / part, ignore=shutil.ignore_patterns("orchestrator"))
    for file in FILES:
        shutil.copy(project_folder() / file, folder / file)
    models = folder / "models" / "patient" / "_patient__models.yml"
    text = models.read_text()
    assert text.count(BEFORE) == 1
    models.write_text(text.replace(BEFORE, COLUMN.format(name=name) + BEFORE))
    return folder


def upgrade_all(home: Path, project: Path) -> None:
    """Upgrade every patient on the server of `home` to the models of `project`; end the measurement if that fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEDIABASE_")}
    command = [sys.executable, "-c", PROGRAM, str(project), "--home", str(home), "patient", "upgrade", "--all"]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command[3:])} ended with {done.returncode}: {done.stderr}")
