"""Killed at any step, and run again: nothing is lost, nothing is there twice, nothing is left over."""

import os
import signal
import subprocess

import psutil
import pytest
from helpers import DEMO, Gate, Lab, complaint, eventually

KILL_POINTS = {
    "during export": ("COPY", "DEMO_CRC_MSI"),
    "between export and build": ("CREATE VIEW", "stg_legacy__expression"),
    "during build": ("CREATE INDEX", "patient_demo_crc_msi"),
    "between build and publish": ("GRANT", "patient_demo_crc_msi"),
}
"""At a command with this tag whose text matches. The third patient of six: two went before it."""
NO_VIEW = "drop view if exists staging.stg_legacy__expression"
"""The view that a build begins with is made only when it is missing, or another."""


def leave_nothing(lab: Lab, process: subprocess.Popen[str], family: list[psutil.Process]) -> None:
    """Assert that no process of `family` lives, and no session of theirs is at work."""
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    eventually(
        lambda: (
            not lab.query(
                "select 1 from pg_stat_activity where pid <> pg_backend_pid() and backend_type = "
                "'client backend' "
                "and (application_name in ('mediabase', 'dbt') and datname <> 'postgres') and "
                "query !~ 'pg_advisory'",
                "postgres",
            )
        ),
        "sessions of the killed command end",
    )


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the process and all its children."""
    parent = psutil.Process(process.pid)
    return [parent, *parent.children(recursive=True)]


def assert_migrated(lab: Lab) -> None:
    """All demo patients are there, value by value, and staging is empty."""
    lab.verify(*DEMO)
    assert lab.query("select patient_id from staging.legacy_export") == []
    assert lab.query("select count(*) from staging.legacy_expression") == [(0,)]
    assert lab.query("select state, published_at is not null, count(*) from migration.patient group by 1, 2") == [
        ("validated", True, 6)
    ]


@pytest.mark.parametrize("point", KILL_POINTS)
def test_killed_and_run_again(lab: Lab, point: str) -> None:
    """SIGKILL for the whole process group, or the driver alone; the next run completes."""
    lab.execute(NO_VIEW)
    with lab.gate(*KILL_POINTS[point]) as gate, lab.started("migrate", "--all") as process:
        gate.reached(process)
        family = family_of(process)
        assert len(family) >= 2
        if point == "between export and build":  # the driver alone: its worker ends by itself, at once
            process.kill()
            assert not psutil.wait_procs(family, timeout=20)[1]
        else:
            os.killpg(process.pid, signal.SIGKILL)
        gate.open()
        leave_nothing(lab, process, family)
    if point == "during build":
        died = lab.call("status")
        assert died.returncode == 0 and "it died" in died.stdout
        again = lab.results("migrate", "--all", code=3)  # the same command, in a process of its own
        assert {each["result"] for each in again.values()} == {"migrated"}
    else:
        assert {each.result for each in lab.migrate().values()} <= {"migrated", "unchanged"}
    assert_migrated(lab)


def test_killed_during_a_rebuild_and_run_again(lab: Lab) -> None:
    """--force on published patients: readers keep the old rows, and the next plain run completes."""
    lab.migrate()
    lab.execute(NO_VIEW)
    before = lab.query("select t::text from patient_demo_crc_msi.expression_data as t order by 1")
    with (
        lab.gate("CREATE VIEW", "stg_legacy__expression") as gate,
        lab.started("migrate", "--all", "--force", "--jobs", 2) as process,
    ):
        gate.reached(process)
        family = family_of(process)
        os.killpg(process.pid, signal.SIGKILL)
        gate.open()
        leave_nothing(lab, process, family)
    assert lab.query("select t::text from patient_demo_crc_msi.expression_data as t order by 1") == before
    lab.migrate()
    assert_migrated(lab)


def stop(lab: Lab, gate: Gate, process: subprocess.Popen[str], number: signal.Signals, *, group: bool) -> str:
    """Send a signal to the driver, or to its whole group as a terminal does; return what it wrote."""
    gate.reached(process)
    family = family_of(process)
    if group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=30)
    gate.open()
    leave_nothing(lab, process, family)
    return complaint(subprocess.CompletedProcess([], process.returncode, out, err), 130)


@pytest.mark.parametrize(
    ("number", "group", "point"),
    [(signal.SIGINT, True, "during build"), (signal.SIGTERM, False, "during export")],
)
def test_interrupted_and_run_again(lab: Lab, number: signal.Signals, group: bool, point: str) -> None:
    """Ctrl-C and SIGTERM: exit code 130, one sentence, no traceback, no process left; the next run
    completes.
    """
    with lab.gate(*KILL_POINTS[point]) as gate, lab.started("migrate", "--all") as process:
        assert "run the same command again" in stop(lab, gate, process, number, group=group)
    assert lab.query("select exit_code from migration.run") == [(130,)]
    lab.migrate()
    assert_migrated(lab)


def test_a_worker_that_is_killed_fails_its_patients_and_no_others(lab: Lab) -> None:
    """The driver says which patients and ends with 1; the next run completes."""
    with lab.gate(*KILL_POINTS["during build"]) as gate, lab.started("migrate", "--all") as process:
        gate.reached(process)
        family = family_of(process)
        (worker,) = [each for each in family if "spawn_main" in " ".join(each.cmdline())]
        worker.kill()
        out, err = process.communicate(timeout=30)
        gate.open()
        leave_nothing(lab, process, family)
    assert process.returncode == 1, err
    assert "ended unexpectedly" in err and "Traceback" not in err
    assert "failed" in out
    assert lab.query("select exit_code from migration.run") == [(1,)]
    lab.migrate()
    assert_migrated(lab)
