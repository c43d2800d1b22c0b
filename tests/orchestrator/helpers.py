"""A laboratory for tests: an embedded server with a sandbox, and short ways to work on it.

Commands run in processes of their own, as an operator runs them. Where a test needs many migrations,
`migrate` and `dbt` do in this process what a worker does, because starting dbt costs seconds.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from orchestrator import journal
from orchestrator import sandbox as sandboxes
from orchestrator.cli.main import main
from orchestrator.cli.migrate import VALIDATION
from orchestrator.dbt.facts import CORE, FACTS, prepare_cohort
from orchestrator.dbt.runner import Project, dbt_environment, parse_project
from orchestrator.legacy.databases import LegacyDatabase
from orchestrator.migration import core, driver, plan
from orchestrator.migration.batch import build_batch, finish_batch, stage_batch
from orchestrator.migration.csv_export import export_csv
from orchestrator.migration.outcome import Message, Options, Outcome, Place
from orchestrator.migration.source import find
from orchestrator.migration.upload import Upload
from orchestrator.postgres.connection import Connection, Servers, connect, resolve, servers
from orchestrator.postgres.embedded import bundled_programs
from orchestrator.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
MEDIABASE = Path(sys.executable).with_name("mediabase")
VERIFY = CHECKOUT / "tests" / "verify_values.py"
PREFIX = "mediabase_patient_"
DEMO = (
    "DEMO_BAD_VALUES",
    "DEMO_BASELINE",
    "DEMO_CRC_MSI",
    "DEMO_HER2",
    "DEMO_LUAD_EGFR",
    "DEMO_TNBC",
)
PATIENCE_SECONDS = 120
GATE_KEY = 4711
NO_SERVER = "host=/nonexistent"

Finished = subprocess.CompletedProcess[str]


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without settings of the product or of libpq, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MEDIABASE_", "PG", "DBT_"))}
    return {**kept, **more}


def eventually(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Return the first true value of `condition`; fail when there is none in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail(f"not within {seconds} s: {what}")


def mediabase(*arguments: object, timeout: float = 120, **variables: str) -> Finished:
    """Run the command line in a process of its own, with only these settings."""
    return subprocess.run(
        [MEDIABASE, *map(str, arguments)],
        env=clean_environment(**variables),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def inline(*arguments: object, **variables: str) -> Finished:
    """Run the command line in this process, for commands that are refused: a process costs most of a
    second.
    """
    out, err = io.StringIO(), io.StringIO()
    code = 1
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith(("MEDIABASE_", "PG"))]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["mediabase", *map(str, arguments)])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except Exception:  # what Python would do with it at the top; `complaint` fails on a traceback
            err.write(traceback.format_exc())
        finally:
            signal.signal(signal.SIGTERM, handler)
    return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), err.getvalue())


def complaint(done: Finished, code: int) -> str:
    """Return the one line that a failed command wrote; it has this exit code, and no traceback."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr + done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("mediabase: ")]
    assert len(lines) == 1, done.stderr
    assert lines[0] == done.stderr.splitlines()[-1], done.stderr
    return lines[0]


def whole(lab: "Lab", database: str) -> list[str]:
    """Return all that PostgreSQL's own dump says of a database, with its rows, owners, rights and settings, sorted."""
    host = dict(part.split("=", 1) for part in lab.where.target.split())["host"]
    command = [bundled_programs() / "pg_dump", "--create", "-h", host, "-U", "mediabase", "-d", database]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if not line.startswith((r"\restrict", r"\unrestrict"))]
    return sorted(lines)


def copy_project(folder: Path) -> None:
    """Copy the dbt project into a folder, to be made into another there."""
    for part in ("models", "macros", "seeds", "tests/generic", "tests/singular"):
        shutil.copytree(CHECKOUT / part, folder / part)
    for part in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(CHECKOUT / part, folder / part)


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Yield a new data home, which is removed afterwards."""
    # Short, because the path of a Unix socket is limited; open to enter, because as root the server runs as
    # another user.
    home = Path(tempfile.mkdtemp(prefix="mb-lab-", dir="/tmp"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home)


class Lab:
    """An embedded server with a core and legacy databases, and what tests do with it."""

    def __init__(self, home: Path, where: Servers) -> None:
        """Work in `home`, where the server `where` runs."""
        self.home = home
        self.where = where
        self._project: Project | None = None

    def run(self, *arguments: object, **variables: str) -> Finished:
        """Run `mediabase` on this server in a process of its own."""
        return mediabase(*arguments, MEDIABASE_HOME=str(self.home), **variables)

    def call(self, *arguments: object, **variables: str) -> Finished:
        """Run `mediabase` on this server in this process."""
        return inline(*arguments, **{"MEDIABASE_HOME": str(self.home), **variables})

    @contextmanager
    def started(self, *arguments: object, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Start `mediabase` in a process group of its own, as a terminal does; none of it is left
        afterwards.
        """
        process = subprocess.Popen(
            [MEDIABASE, *map(str, arguments)],
            env=clean_environment(MEDIABASE_HOME=str(self.home), **variables),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def results(self, *arguments: object, code: int = 0) -> dict[str, dict[str, Any]]:
        """Run a command with --json that ends with `code`; return what it says of each patient."""
        done = self.run(*arguments, "--json")
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return {each["patient_id"]: each for each in json.loads(done.stdout)}

    def listing(self, *arguments: object, code: int = 0) -> list[dict[str, Any]]:
        """Run a command with --json in this process that ends with `code`; return the list that it prints."""
        done = self.call(*arguments, "--json")
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return list(json.loads(done.stdout))

    def session(self, dbname: str = "mbase") -> Connection:
        """Return an autocommit session in a database of this server."""
        return connect(self.where.target, dbname=dbname, autocommit=True)

    def query(self, text: str, dbname: str = "mbase", parameters: object = None) -> list[tuple[Any, ...]]:
        """Return the rows of a statement in a database of this server."""
        with self.session(dbname) as connection:
            return connection.execute(text.encode(), parameters).fetchall()  # type: ignore[arg-type]

    def execute(self, text: str, dbname: str = "mbase") -> None:
        """Run statements in a database of this server."""
        with self.session(dbname) as connection:
            connection.execute(text.encode())

    def add_patient(self, patient_id: str, *statements: str, like: str = "DEMO_HER2") -> str:
        """Make a legacy database as a copy of another patient's, and change it; return the id."""
        with self.session("postgres") as connection:
            connection.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(
                    sql.Identifier(PREFIX + patient_id), sql.Identifier(PREFIX + like)
                )
            )
        for statement in statements:
            self.change(patient_id, statement)
        return patient_id

    def change(self, patient_id: str, statement: str) -> None:
        """Run a statement in a patient's legacy database."""
        self.execute(statement, PREFIX + patient_id)

    def drop_patient(self, patient_id: str) -> None:
        """Drop a patient's legacy database, whatever state it is in."""
        with self.session("postgres") as connection:
            connection.execute("update pg_database set datallowconn = true where datname = %s", [PREFIX + patient_id])
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(PREFIX + patient_id))
            )

    def patients(self) -> list[str]:
        """Return the ids of all legacy databases."""
        rows = self.query(f"select datname from pg_database where starts_with(datname, '{PREFIX}')", "postgres")
        return sorted(name.removeprefix(PREFIX) for (name,) in rows)

    def schemas(self) -> list[str]:
        """Return the names of all patient schemas."""
        return [
            name for (name,) in self.query("select nspname from pg_namespace where nspname ~ '^patient_' order by 1")
        ]

    def reset(self) -> None:
        """Go back to the sandbox: no patient schema, nothing staged, an empty journal, only demo patients."""
        for patient_id in self.patients():
            if patient_id not in DEMO:
                self.drop_patient(patient_id)
        with self.session() as connection:
            connection.execute("drop event trigger if exists gate")
            if connection.execute("select to_regclass('legacy.cancer_transcript_base')").fetchone() != (None,):
                connection.execute("alter table legacy.cancer_transcript_base set schema public")
            connection.execute("drop schema if exists legacy")
            for schema in self.schemas():
                connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
            for (role,) in connection.execute(
                "select rolname from pg_roles "
                "where starts_with(rolname, 'reader_patient_') and not starts_with(rolname, 'reader_patient_demo_')"
            ).fetchall():
                connection.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(str(role))))
            for (table,) in connection.execute(
                "select oid::regclass::text from pg_class where relnamespace = to_regnamespace('cohort') "
                "and relkind = 'r' and relname ~ '^(patient|cohort)_' and relname <> 'patient_structure_spec'"
            ).fetchall():
                connection.execute(f"truncate {table}".encode())
            if journal.exists(connection):
                connection.execute(
                    "truncate staging.legacy_expression, staging.legacy_export, staging.patient_manifest, "
                    "migration.run, migration.patient, migration.rename, migration.event, migration.validation, "
                    "migration.legacy_access, access.token, access.audit "
                    "restart identity"
                )

    def forget_upgrade(self) -> None:
        """Make the core one of v0.5.0 again: no schema of ours, no recorded version."""
        self.execute("drop schema if exists migration, staging, cohort, access cascade; "
                     "drop table if exists public.schema_versions")  # fmt: skip

    def verify(self, *patient_ids: str, legacy: str | None = None) -> str:
        """Compare patients (none named: all) with the independent script; return what it printed."""
        done = subprocess.run(
            [sys.executable, VERIFY, self.where.target, legacy or self.where.legacy, *patient_ids],
            capture_output=True, text=True, env=clean_environment(),
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{len(patient_ids or self.patients())} patients, 0 differences" in done.stdout
        return done.stdout

    def migrate(self, *patient_ids: str, csv: Path | None = None, **options: Any) -> dict[str, Outcome]:
        """Migrate in this process, with the functions that a worker calls; return what became of each.

        From the folder `csv` without any legacy server.
        """
        where = Servers(self.where.target, NO_SERVER) if csv else self.where
        _, chosen = find(where, csv, patient_ids or None)
        return self._move(where, chosen, **options)

    def bring_in(self, *uploads: Upload, **options: Any) -> dict[str, Outcome]:
        """Import files in this process, with the functions that a worker calls; return what became of each."""
        return self._move(Servers(self.where.target, NO_SERVER), uploads, **options)

    def _move(self, where: Servers, chosen: Sequence[LegacyDatabase], **options: Any) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}

        def report(message: Message) -> None:
            if isinstance(message, Outcome):
                outcomes[message.patient_id] = message

        with journal.locked(self.where.target) as target:
            core.upgrade(self.where.target)
            run_id = journal.start_run(target, "migrate", {})
            journal.discover(target, run_id, chosen)
            place = Place(where.target, where.legacy, run_id, self.home)
            staged = stage_batch(place, chosen, Options(**options), target, report)
            if staged:
                with self.dbt_environment():
                    known = b"select to_regprocedure('cohort.fill_patient_facts(text, text)'), to_regclass(%s)"
                    if None in (target.execute(known, ["cohort.cohort_summary"]).fetchone() or ()):
                        prepare_cohort(self.project(), target, CORE, FACTS)
                    build_batch(place, self.project(), staged, Options(**options), target, report)
                for outcome in finish_batch(target, run_id, staged, VALIDATION):
                    report(outcome)
            journal.finish_run(target, run_id, 0)
        assert set(outcomes) == {database.patient_id for database in chosen}
        return outcomes

    def export(self, *patient_ids: str) -> dict[str, Outcome]:
        """Stage patients, as `mediabase export` does; return what became of each."""
        outcomes = driver.export(self.where, patient_ids, None, lambda _: None, lambda _: None)
        return {outcome.patient_id: outcome for outcome in outcomes}

    def export_csv(self, folder: Path, *patient_ids: str, believe: str | None = None) -> dict[str, Outcome]:
        """Export to a folder, as `mediabase export --csv` does; return what became of each."""
        outcomes = export_csv(self.where, patient_ids, believe, folder, lambda _: None, lambda _: None)
        return {outcome.patient_id: outcome for outcome in outcomes}

    def plan(self, *patient_ids: str, csv: Path | None = None, **options: Any) -> dict[str, Outcome]:
        """Plan a migration, as `mediabase migrate --dry-run` does; return what it says of each patient.

        From the folder `csv` without any legacy server.
        """
        where = Servers(self.where.target, NO_SERVER) if csv else self.where
        outcomes = plan.plan(where, patient_ids or None, Options(**options), None, csv, lambda _: None, lambda _: None)
        return {outcome.patient_id: outcome for outcome in outcomes}

    def dbt(self, *arguments: str) -> tuple[bool, str]:
        """Run dbt in this process; return whether it succeeded, and everything it said."""
        from dbt.adapters.factory import cleanup_connections
        from dbt.cli.main import dbtRunner

        said: list[str] = []

        def hear(event: Any) -> None:
            if event.info.level in ("info", "warn", "error"):
                said.append(str(event.info.msg))

        with self.dbt_environment():
            try:
                outcome = dbtRunner(callbacks=[hear]).invoke(
                    ["--quiet", "--no-use-colors", "--log-level-file", "none", *arguments]
                )
            finally:
                cleanup_connections()
        results = getattr(outcome.result, "results", None) or []
        said += [str(getattr(result, "message", "")) for result in results]
        return bool(outcome.success), "\n".join([*said, str(outcome.exception or "")])

    def project(self) -> Project:
        """Return the parsed dbt project; parsed once."""
        if self._project is None:
            self._project = parse_project()
        return self._project

    @contextmanager
    def dbt_environment(self) -> Iterator[None]:
        """Set what dbt needs in the environment, for as long as it runs."""
        variables = dbt_environment(resolve(self.where.target), self.home / "dbt-of-tests")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            yield

    @contextmanager
    def gate(self, tag: str, pattern: str) -> Iterator["Gate"]:
        """Stop every statement with this command tag whose text matches `pattern`, until the gate opens.

        COPY is that of the export, and `pattern` then the patient: its legacy database is open, nothing is read yet.
        """
        if tag == "COPY":
            core.upgrade(self.where.target)  # staging is there
            kind, asked = "trigger", "current_setting('mediabase.patient_id')"
            trigger = "trigger gate before insert on staging.legacy_expression"
        else:
            kind, asked = "event_trigger", "current_query()"
            trigger = f"event trigger gate on ddl_command_start when tag in ('{tag}')"
        with self.session() as keeper:
            keeper.execute("select pg_advisory_lock(%s)", [GATE_KEY])
            keeper.execute(
                f"""
                drop function if exists public.gate() cascade;
                create function public.gate() returns {kind} language plpgsql as $gate$
                begin
                    if {asked} ~ '{pattern}' then
                        perform pg_advisory_xact_lock({GATE_KEY});
                    end if;
                    {"return null;" if kind == "trigger" else ""}
                end
                $gate$;
                create {trigger} execute function public.gate();
                """.encode()
            )
            try:
                yield Gate(self, keeper)
            finally:
                keeper.execute("drop function public.gate() cascade")


class Gate:
    """A point at which the server makes commands wait; see `Lab.gate`."""

    def __init__(self, lab: Lab, keeper: Connection) -> None:
        """Guard the gate on the session `keeper`."""
        self.lab = lab
        self.keeper = keeper

    def reached(self, process: subprocess.Popen[str]) -> int:
        """Wait until `process`, or one of its workers, stands before the gate; return the server process."""

        def waiting() -> int | None:
            assert process.poll() is None, process.communicate()
            rows = self.keeper.execute(
                "select pid from pg_locks where locktype = 'advisory' and objid = %s and not granted",
                [GATE_KEY],
            ).fetchall()
            return int(str(rows[0][0])) if rows else None

        return int(eventually(waiting, "the gate is reached"))

    def open(self) -> None:
        """Let everybody through from now on, and wait until those who stood there are gone."""
        self.keeper.execute("drop event trigger if exists gate")
        self.keeper.execute("select pg_advisory_unlock(%s)", [GATE_KEY])


@contextmanager
def running_server(home: Path) -> Iterator[Servers]:
    """Run the embedded server of `home`, which need not survive a crash of the machine."""
    with servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
        with connect(where.legacy, autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("alter system set autovacuum = off")  # it takes transaction numbers, which tests look at
            connection.execute("select pg_reload_conf()")
        yield where


@contextmanager
def laboratory(source: "sandboxes.Generated | sandboxes.FromFiles") -> Iterator[Lab]:
    """Yield a new server with a sandbox of `source`; all of it is gone afterwards."""
    with temporary_home() as home, running_server(home) as where:
        sandboxes.up(where, sandboxes.SandboxSpec(source))
        yield Lab(home, where)
