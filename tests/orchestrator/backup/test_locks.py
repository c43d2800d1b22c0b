"""Room for locks, which all transactions of a server share: ours take as much with thousands of patients as with a few.

What takes more than there is says so before it begins, and which value of max_locks_per_transaction would do.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakSet

import pytest
from helpers import Lab, complaint, laboratory
from psycopg import sql

from orchestrator import journal
from orchestrator import sandbox as sandboxes
from orchestrator.access import roles
from orchestrator.backup.contents import pinned
from orchestrator.migration.requeue import affected
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.embedded import SERVER_SETTINGS, _Cluster

MOVED = ("DEMO_HER2", "DEMO_TNBC", "DEMO_BAD_VALUES")
ENOUGH = re.compile(r"Set max_locks_per_transaction to ([0-9]+) or more, and restart it")
LOOKALIKES = """
insert into migration.patient (patient_id, schema_name, source_database, state, run_id, built_at, published_at)
select 'ALIKE-' || number, 'patient_alike_' || number, 'none-' || number, 'validated', 0, now(), now()
from generate_series(1, 300) as number
"""
"""More patients in the journal than a small table of locks has room for."""
HELD_OF_PATIENTS = """
select count(*)
from pg_locks
inner join pg_class on pg_locks.relation = pg_class.oid
where pg_locks.pid = %s and starts_with(pg_class.relnamespace::regnamespace::text, 'patient_')
"""


@pytest.fixture
def narrow() -> Iterator[Lab]:
    """Return a server whose table of locks is as small as it gets, with an upgraded core."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SERVER_SETTINGS, "max_locks_per_transaction", "10")
        patch.setitem(SERVER_SETTINGS, "max_connections", "20")
        with laboratory(sandboxes.Generated(transcripts=200)) as lab:
            assert lab.call("core", "upgrade").returncode == 0
            yield lab


def held(lab: Lab, connection: Connection) -> int:
    """Return how many locks on relations of patients a session holds."""
    ((count,),) = lab.query(HELD_OF_PATIENTS, parameters=[connection.info.backend_pid])
    return int(count)


def restart_with(lab: Lab, locks_per_transaction: int) -> None:
    """Set max_locks_per_transaction, which takes a restart."""
    lab.execute(f"alter system set max_locks_per_transaction = {locks_per_transaction}", "postgres")
    cluster = _Cluster(lab.home)
    cluster.stop("fast")
    cluster.start()


def test_too_few_for_a_backup(narrow: Lab, tmp_path: Path) -> None:
    """Refused before anything is written; with the value that it says, it is done."""
    folder = tmp_path / "backups"
    said = complaint(narrow.call("backup", "--core", "--folder", folder), 5)
    found = ENOUGH.search(said)
    assert found and "To read all of mbase takes about" in said
    assert not folder.exists()
    (each,) = narrow.listing("backup", "DEMO_HER2", "--folder", folder, code=1)
    assert "max_locks_per_transaction" in each["problem"] and not list(folder.glob("*/*/manifest.json"))
    restart_with(narrow, int(found[1]) - 1)
    complaint(narrow.call("backup", "--core", "--folder", folder), 5)
    restart_with(narrow, int(found[1]))
    # In a process of its own, whose scratch server is as it always is.
    done = narrow.run("backup", "--core", "--folder", folder)
    assert done.returncode == 0, done.stderr


def test_too_few_for_roles(narrow: Lab) -> None:
    """To grant all patients at once locks each of their roles: all or none, and none is said before."""
    narrow.execute(LOOKALIKES)
    narrow.execute("create role ward")
    said = complaint(narrow.call("access", "grant", "ward", "--all-patients"), 5)
    assert "300 roles" in said and ENOUGH.search(said)
    said = complaint(narrow.call("access", "revoke", "ward", "--all-patients"), 5)
    assert "300 roles" in said


def test_a_backup_of_the_core_leaves_patients_alone(lab: Lab) -> None:
    """To show a view locks what it reads, for as long as the dump lasts: not those of patients."""
    lab.migrate(*MOVED)
    with pinned(lab.where.target, "mbase", WeakSet(), journal.patient_schemas) as core:
        first = core.definitions()
        assert held(lab, core.connection) == 0
    lab.execute("create function patient_demo_her2.own() returns integer language sql as 'select 1'")
    lab.execute("create sequence patient_demo_her2.numbers")
    with pinned(lab.where.target, "mbase", WeakSet(), journal.patient_schemas) as core:
        assert core.definitions() == first
    with pinned(lab.where.target, "mbase", WeakSet()) as whole:
        assert whole.definitions() != first
        assert held(lab, whole.connection) > 0


def test_a_changed_core_is_looked_at_patient_by_patient(lab: Lab) -> None:
    """All in one snapshot, and no patient stays locked for the next."""
    lab.migrate(*MOVED)
    with lab.session() as target, target.transaction(force_rollback=True):
        target.execute("set transaction isolation level repeatable read")
        target.execute("delete from transcripts where transcript_id = (select min(transcript_id) from transcripts)")
        affected(target)
        assert held(lab, target) == 0


def test_published_patients_are_let_in_one_by_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an upgrade of a release without the API's login: nothing stays locked from one patient to the next."""
    lab.migrate(*MOVED)
    lab.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(roles.API_LOGIN)).as_string())
    let_reader_in, locked = roles.let_reader_in, []

    def watched(target: Connection, patient_id: str) -> bool:
        is_let_in = let_reader_in(target, patient_id)
        counted = "select count(*) from pg_locks where pid = %s and locktype in ('relation', 'object')"
        locked.append(lab.query(counted, parameters=[target.info.backend_pid]))
        return is_let_in

    monkeypatch.setattr(roles, "let_reader_in", watched)
    assert lab.call("core", "upgrade").returncode == 0
    assert locked == [[(0,)]] * len(MOVED)
    assert lab.query("select count(*) from pg_auth_members where member = 'mediabase_api'::regrole")[0][0] >= len(MOVED)
