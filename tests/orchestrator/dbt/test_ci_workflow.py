"""The CI workflow for users' repositories: what it names exists, and what it does works."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import CHECKOUT, clean_environment, inline, laboratory

from orchestrator.postgres.connection import environment
from orchestrator.sandbox import Generated

WORKFLOW = CHECKOUT / "deploy" / "ci" / "github-actions.yml"
BIN = Path(sys.executable).parent
INSTALLED = BIN.parent / "installed"
COMMAND = re.compile(r"(?:^|[(;|&]|\bdo\b)\s*((?:mediabase|make|sqlfluff)\b[^|;&)\n]*)", re.MULTILINE)


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    """Return the workflow's only job."""
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert set(workflow[True]) == {"push", "pull_request"}  # to YAML 1.1, `on` is a truth value
    return dict(workflow["jobs"]["build"])


def scripts(job: dict[str, Any]) -> dict[str, str]:
    """Return the text of each step that runs commands, by name."""
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


def words(command: str) -> list[str]:
    """Return a command's own words: what comes before the first option or quoted text."""
    found = re.split(r"\s(?:-|\")", command.strip(), maxsplit=1)[0].split()
    return found[:1] + [word for word in found[1:] if "/" not in word]


def test_every_command_exists(job: dict[str, Any]) -> None:
    """Each knows its --help; each goal of make is one; and nothing else is run but the shell's own."""
    commands = [words(found) for script in scripts(job).values() for found in COMMAND.findall(script)]
    assert {tuple(command[:2]) for command in commands} >= {
        ("make", "install"), ("make", "docs"), ("mediabase", "sandbox"), ("mediabase", "export"),
        ("mediabase", "migrate"), ("mediabase", "dbt"), ("mediabase", "psql"), ("sqlfluff", "lint"),
    }  # fmt: skip
    for program, *arguments in commands:
        if program == "make":
            done = subprocess.run(["make", "--dry-run", *arguments], cwd=CHECKOUT, capture_output=True)
            assert done.returncode == 0, arguments
        elif arguments[0] in ("dbt", "psql"):  # which hand --help on
            assert re.search(rf"^│ {arguments[0]} ", inline("--help").stdout, re.MULTILINE)
        elif program == "mediabase":
            assert inline(*arguments, "--help").returncode == 0, arguments
        else:
            assert subprocess.run([BIN / program, *arguments[:1], "--help"], capture_output=True).returncode == 0


def test_dbt_commands_exist(job: dict[str, Any]) -> None:
    """dbt itself is asked, because `mediabase dbt` hands everything on to it."""
    asked = {
        word
        for script in scripts(job).values()
        for arguments in re.findall(r"mediabase dbt ([^\n]*)", script)
        for word in arguments.split()[:2]
        if not word.startswith("-")
    }
    assert asked == {"build", "test"}
    for command in asked:
        assert subprocess.run([BIN / "dbt", command, "--help"], capture_output=True).returncode == 0


def test_paths_exist_and_actions_are_names(job: dict[str, Any]) -> None:
    """Only actions by name and major version; the files are where the steps look for them."""
    assert "://" not in WORKFLOW.read_text()
    for step in job["steps"]:
        assert ("run" in step) != bool(re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "")))
    named = re.findall(r"\s((?:models|tests)(?:/\w+)?)", "\n".join(scripts(job).values()))
    assert len(named) >= 1
    assert all((CHECKOUT / path).is_dir() for path in [*named, "models"])
    (lock,) = [
        step["with"]["cache-dependency-path"] for step in job["steps"] if "with" in step and "cache" in step["with"]
    ]
    assert (CHECKOUT / lock).is_file()
    (kept,) = [step["with"]["path"] for step in job["steps"] if "upload" in step.get("uses", "")]
    assert f"DOCS := {Path(kept).parent}\n" in (CHECKOUT / "Makefile").read_text()


@pytest.mark.acceptance
def test_the_job_passes(job: dict[str, Any], tmp_path: Path) -> None:
    """Its scripts in order, as the runner starts them, but on a server of this machine and what is installed
    here.
    """
    with laboratory(Generated(transcripts=600)) as lab:
        variables = clean_environment(
            **{**job["env"], **environment(lab.where.target)},
            PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}",
            MEDIABASE_HOME=str(lab.home),
            MAKEFLAGS=f"--old-file={INSTALLED} -- VENV={BIN.parent} DOCS={tmp_path}",
        )
        variables["MEDIABASE_DSN"] = f"host={variables['PGHOST']}"
        assert lab.run("sandbox", "down").returncode == 0
        for name, script in scripts(job).items():
            if name.startswith("Install"):
                continue
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                cwd=CHECKOUT, env=variables, capture_output=True, text=True, timeout=600,
            )  # fmt: skip
            assert done.returncode == 0, (name, done.stdout[-3000:], done.stderr)
        assert (tmp_path / "index.html").is_file()
        assert lab.query("select count(*) from migration.patient where published_at is not null") == [(6,)]
