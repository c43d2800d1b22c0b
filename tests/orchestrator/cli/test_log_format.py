"""`--log-format json`: one JSON object a line on standard error, with the run id that the journal has."""

import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from helpers import DEMO, Finished, Lab, inline, mediabase, temporary_home

from orchestrator.journal import LOCK_KEY

SECRET = "secret-word"
COUNTS = ("legacy_rows", "stored", "baseline", "quarantined", "missing")


def lines(said: str, command: str) -> list[dict[str, Any]]:
    """Return the lines of standard error; each has what every line has, and all have one run id."""
    assert said.endswith("\n")
    found: list[dict[str, Any]] = [json.loads(line) for line in said.splitlines()]
    assert len({line["run_id"] for line in found}) == 1
    for line in found:
        assert len(line["run_id"]) == 12 and line["command"] == command and line["event"]
        assert line["level"] in ("info", "warning", "error")
        at = datetime.fromisoformat(line["timestamp"])
        assert at.tzinfo == UTC and abs((datetime.now(UTC) - at).total_seconds()) < 600
    return found


def journal_ids(lab: Lab) -> list[str]:
    """Return the run ids of the journal, the first run first."""
    return [each for (each,) in lab.query("select options ->> 'invocation' from migration.run order by run_id")]


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_migration_says_what_becomes_of_each_patient(lab: Lab, more: list[str]) -> None:
    """Phases and outcomes with counts, on a terminal too; --json is for standard output alone."""
    done = lab.run("--log-format", "json", "migrate", "--all", *more, FORCE_COLOR="1")
    assert done.returncode == 3, done.stderr
    said = lines(done.stderr, "migrate")
    assert journal_ids(lab) == [said[0]["run_id"]]
    assert {(line["patient_id"], line["phase"]) for line in said if "phase" in line} == {
        (patient_id, phase) for patient_id in DEMO for phase in ("export", "build", "validate")
    }
    outcomes = {line["patient_id"]: line for line in said if "result" in line}
    assert sorted(outcomes) == list(DEMO) and {line["result"] for line in outcomes.values()} == {"migrated"}
    rows = lab.query(
        "select patient_id, legacy_rows, stored_rows, baseline_rows, quarantined_rows, missing_rows "
        "from migration.patient"
    )
    assert {(id_, *(line[name] for name in COUNTS)) for id_, line in outcomes.items()} == set(rows)
    assert {id_ for id_, line in outcomes.items() if line["level"] == "warning"} == {"DEMO_BAD_VALUES"}
    assert [line["done"] for line in said if "result" in line] == [1, 2, 3, 4, 5, 6]
    assert (said[-1]["event"], said[-1]["exit_code"]) == ("ended", 3)
    if more:
        assert [each["patient_id"] for each in json.loads(done.stdout)] == list(DEMO)


def test_text_is_as_it_was(lab: Lab) -> None:
    """Lines for people, none with --json; the journal has the run id all the same."""
    done = lab.run("migrate", "DEMO_BASELINE")
    assert done.stderr == "1/1 DEMO_BASELINE: migrated, 600 rows\n"
    assert lab.run("migrate", "DEMO_BASELINE", "--json").stderr == ""
    refused = inline("migrate", "--unknown")
    assert refused.returncode == 2 and "Usage: mediabase migrate" in refused.stderr
    assert "No such option: --unknown" in refused.stderr
    first, second = journal_ids(lab)
    assert len(first) == 12 and first != second


def test_a_patient_that_fails_is_an_error(lab: Lab) -> None:
    """With the reason, and no value of the patient."""
    lab.add_patient("ODD", "update cancer_transcript_base set expression_fold_change = -86420.5 "
                    "where transcript_id = (select min(transcript_id) from cancer_transcript_base)")  # fmt: skip
    done = lab.run("--log-format=json", "migrate", "ODD", "--on-bad-rows", "fail")
    assert done.returncode == 1
    (failed,) = (line for line in lines(done.stderr, "migrate") if "result" in line)
    assert failed["level"] == "error" and failed["result"] == "failed" and failed["message"] in failed["event"]
    assert "86420" not in done.stderr


def test_an_export_and_a_dry_run(lab: Lab) -> None:
    """The other commands that report patient by patient."""
    done = lab.call("export", "DEMO_HER2", MEDIABASE_LOG_FORMAT="json")
    said = lines(done.stderr, "export")
    assert [line["result"] for line in said if "result" in line] == ["staged"]
    assert journal_ids(lab) == [said[0]["run_id"]]
    done = lab.call("--log-format", "json", "migrate", "DEMO_HER2", "--dry-run", "--json")
    assert [line["result"] for line in lines(done.stderr, "migrate") if "result" in line] == ["migrated"]


def test_an_interrupt_is_one_line(lab: Lab) -> None:
    """The last one, with the run id that the journal has for the interrupted run."""
    with (
        lab.gate("COPY", "DEMO_CRC_MSI") as gate,
        lab.started("--log-format", "json", "migrate", "--all") as process,
    ):
        gate.reached(process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        gate.open()
    assert process.returncode == 130
    found = lines(said, "migrate")
    assert "interrupted" in found[-1]["event"] and found[-1]["exit_code"] == 130
    assert journal_ids(lab) == [found[-1]["run_id"]]


def test_the_sandbox_says_its_steps() -> None:
    """Up and down."""
    with temporary_home() as home:
        for command in (["up", "--transcripts", "400"], ["down"]):
            done = mediabase("--log-format", "json", "sandbox", *command, MEDIABASE_HOME=str(home))
            assert done.returncode == 0, done.stderr
            said = lines(done.stderr, f"sandbox {command[0]}")
            assert any(line.get("number") and line["number"] <= line["total"] for line in said), said
            assert said[-1]["exit_code"] == 0


REFUSED = [
    (["--log-format", "json", "status"], "status"),
    (["--log-format=json", "core", "upgrade"], "core upgrade"),
    (["--log-format", "json", "migrate"], "migrate"),
    (["--log-format", "json", "migrate", "--all", "--jobs", "many"], "migrate"),
    (["--log-format", "json", "migrate", "--all", "--surface", "x"], "migrate"),
    (["--log-format", "json", "migrate", "--all", "--unknown"], "migrate"),
    (["--log-format", "json", "--unknown", "status"], ""),
    (["--log-format", "json", "unknown"], ""),
    (["--log-format", "json"], ""),
    (["--log-format", "json", "sandbox"], "sandbox"),
    (["--log-format", "json", "--config", "/nowhere", "status"], "status"),
    (["--log-format", "json", "--dsn", f"host=x password={SECRET}", "status"], "status"),
]


@pytest.mark.parametrize(("arguments", "command"), REFUSED)
def test_what_is_refused_is_one_line(arguments: list[str], command: str) -> None:
    """By Typer or by us: an error with the exit code, and no secret."""

    def one_error(done: Finished) -> dict[str, Any]:
        assert done.returncode == 2 and SECRET not in done.stderr
        (line,) = lines(done.stderr, command)
        assert line["level"] == "error" and line["exit_code"] == 2
        return line

    by_flag = one_error(inline(*arguments, MEDIABASE_DSN=f"host=127.0.0.1 port=1 password={SECRET}"))
    variables = {"MEDIABASE_DSN": f"clerk:{SECRET}@db", "MEDIABASE_LOG_FORMAT": "json"}
    kept = [each for each in arguments if each not in ("--log-format", "json", "--log-format=json")]
    by_variable = one_error(inline(*kept, **variables))
    if "status" not in arguments and "upgrade" not in arguments:
        assert by_variable["event"] == by_flag["event"] or not kept


def test_the_file_can_ask_for_json(tmp_path: Path) -> None:
    """Also for what Typer refuses of a command; a flag for text comes first."""
    path = tmp_path / "mediabase.toml"
    path.write_text('log_format = "json"\n')
    for arguments in (["migrate"], ["migrate", "--unknown"]):
        (line,) = lines(inline("--config", path, *arguments).stderr, "migrate")
        assert line["exit_code"] == 2
    for variables in ({}, {"MEDIABASE_LOG_FORMAT": "json"}):
        done = inline("--config", path, "--log-format", "text", "migrate", **variables)
        assert done.stderr.startswith("mediabase: ")


def test_a_connection_that_is_lost_is_one_line(lab: Lab) -> None:
    """The last one, after those of the patients."""
    with (
        lab.gate("COPY", "DEMO_CRC_MSI") as gate,
        lab.started("--log-format", "json", "migrate", "--all") as process,
    ):
        gate.reached(process)
        lab.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted "
            f"and objid::bigint = {LOCK_KEY & 0xFFFFFFFF}"
        )
        gate.open()
        _, said = process.communicate(timeout=60)
    last = lines(said, "migrate")[-1]
    assert process.returncode == last["exit_code"] == 1
    assert last["level"] == "error" and "connection" in last["event"] and "lost" in last["event"]
