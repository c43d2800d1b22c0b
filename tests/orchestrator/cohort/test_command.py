"""`mediabase cohort` as an operator runs it."""

import json

from helpers import DEMO, Lab, complaint, eventually

from orchestrator import journal

COMMANDS = (("status",), ("gene", "ERBB2"), ("variable",))


def test_from_the_first_refresh_to_the_next(lab: Lab) -> None:
    """Nothing is refreshed, everything is, and then what changed; what it says names the patients and no value."""
    lab.migrate(*DEMO)
    status = json.loads(lab.call("cohort", "status", "--json").stdout)
    assert (status["patients"], status["current"], len(status["stale_patients"])) == (len(DEMO), 0, len(DEMO))
    said = lab.call("cohort", "gene", "ERBB2").stdout
    assert "no patient that is current" in said and "DEMO_HER2 (never refreshed)" in said
    assert "mediabase cohort refresh" in lab.call("cohort", "variable").stdout

    done = lab.run("cohort", "refresh", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [each["patient_id"] for each in told["patients"]] == sorted(DEMO) and told["exit_code"] == 0
    assert "6 patients: 6 current, 0 stale." in lab.call("cohort", "status").stdout
    said = lab.call("cohort", "gene", "ERBB2").stdout
    assert all(patient_id in said for patient_id in DEMO) and "Stale" not in said
    assert len(json.loads(lab.call("cohort", "variable", "--limit", "3", "--json").stdout)["transcripts"]) == 3
    assert "variance" in lab.call("cohort", "variable").stdout

    lab.migrate("DEMO_TNBC", force=True)
    said = lab.call("cohort", "status").stdout
    assert "DEMO_TNBC" in said and "changed since its refresh" in said and "5 current, 1 stale" in said
    lab.execute("alter table patient_demo_tnbc.quarantined_expression rename to elsewhere")
    done = lab.run("cohort", "refresh")
    assert done.returncode == 1, done.stderr
    assert "DEMO_TNBC" in done.stdout and "5 were current; 1 failed" in done.stdout
    assert "1/1 DEMO_TNBC: PostgreSQL error" in done.stderr
    runs = "select command, exit_code from migration.run where command like 'cohort%' order by run_id"
    assert lab.query(runs) == [("cohort refresh", 0), ("cohort refresh", 1)]


def test_refused_before_anything_is_done(lab: Lab) -> None:
    """Without a journal, without the tables, with a gene that is none, and while another is at work."""
    lab.migrate("DEMO_HER2")
    complaint(lab.call("cohort", "gene", "NOGENE"), 2)
    complaint(lab.call("cohort", "gene", ""), 2)
    with journal.locked(lab.where.target):
        assert "Another operator" in complaint(lab.run("cohort", "refresh"), 4)
    lab.execute("drop table cohort.cohort_variability cascade")
    for command in COMMANDS:
        assert "mediabase cohort refresh" in complaint(lab.call("cohort", *command), 5)
    assert lab.run("cohort", "refresh").returncode == 0
    for command in COMMANDS:
        assert lab.call("cohort", *command).returncode == 0
    lab.forget_upgrade()
    for command in (*COMMANDS, ("refresh",)):
        complaint(lab.call("cohort", *command), 5)


def test_killed_in_the_middle(lab: Lab) -> None:
    """What was refreshed stays, the rest is stale and shown nowhere, and the next refresh takes up only that."""
    lab.migrate(*DEMO)
    assert lab.run("cohort", "refresh").returncode == 0
    lab.migrate("DEMO_BASELINE", "DEMO_HER2", "DEMO_TNBC", force=True)
    with lab.session() as blocker, lab.started("cohort", "refresh") as process:
        blocker.autocommit = False
        blocker.execute("lock table patient_demo_her2.expression_data in access exclusive mode")
        waits = (
            "select pid from pg_locks where not granted and relation = 'patient_demo_her2.expression_data'::regclass"
        )
        eventually(lambda: lab.query(waits), "the refresh waits for DEMO_HER2")
        process.kill()
        process.wait()
        blocker.rollback()
        eventually(lambda: not lab.query(waits), "its session ended")
    eventually(
        lambda: lab.query("select pg_try_advisory_lock(%s)", parameters=[journal.LOCK_KEY]) == [(True,)], "ended"
    )
    status = json.loads(lab.call("cohort", "status", "--json").stdout)
    assert [each["patient_id"] for each in status["stale_patients"]] == ["DEMO_HER2", "DEMO_TNBC"]
    shown = {name for (name,) in lab.query("select distinct patient_id from cohort.cohort_expression")}
    assert "DEMO_CRC_MSI" in shown and shown.isdisjoint({"DEMO_HER2", "DEMO_TNBC"})
    done = lab.run("cohort", "refresh", "--json")
    assert done.returncode == 0, done.stderr
    assert [each["patient_id"] for each in json.loads(done.stdout)["patients"]] == ["DEMO_HER2", "DEMO_TNBC"]
    assert "6 current, 0 stale" in lab.call("cohort", "status").stdout
