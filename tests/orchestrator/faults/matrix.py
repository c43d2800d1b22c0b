"""The matrix of faults: which boundaries there are, what is done at each, and chains of runs that are hit."""

import json
import os
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import psutil
from helpers import DEMO, Lab, clean_environment
from nursery import Nursery, Run
from psycopg import sql
from reader import Content, Reader, content
from relay import ENDS, Link, Relay, Side, Step, When

from orchestrator.postgres.embedded import _Cluster

Kind = Literal["kill driver", "kill worker", "cut target", "cut legacy", "stop server"]
KINDS: tuple[Kind, ...] = ("kill driver", "kill worker", "cut target", "cut legacy", "stop server")
Scenario = Literal["first", "again"]
COMMANDS: dict[Scenario, tuple[str, ...]] = {
    "first": ("migrate", "--all", "--jobs", "2"),
    "again": ("migrate", "--all", "--force", "--jobs", "2"),
}
"""A first migration of a fresh core, and one of patients that are published."""
WHOLE: tuple[Kind, ...] = ("kill driver", "stop server")
"""What ends a run, and not only a part of it."""
MAX_CHAIN = 8
"""Faults one after another before the run that is left alone, and the verification of everything."""
MAX_ATTEMPTS = 3
HANGS_SECONDS = 240
PATIENCE_SECONDS = 20
MIGRATED = 3
"""Exit code of a complete run: one of the demo patients has rows in quarantine."""


@dataclass(frozen=True)
class Boundary:
    """A moment of the fault-free run: just before a transaction ends, or just after it did."""

    position: int
    step: Step
    when: When
    has_worker: bool
    has_legacy: bool

    def can_be_hit(self, kind: Kind) -> bool:
        """Tell whether there is something to hit."""
        return {"kill worker": self.has_worker, "cut legacy": self.has_legacy}.get(kind, True)


@dataclass(frozen=True)
class Fault:
    """One cell of the matrix."""

    scenario: Scenario
    boundary: Boundary
    kind: Kind


@dataclass(frozen=True)
class Hit:
    """What came of one faulted run."""

    scenario: Scenario
    kind: Kind
    when: When
    step: str
    is_effective: bool
    """It hit while the command was at work and patients were yet to be published."""
    unpublished: int
    """Patients that were not published by then."""
    exit_code: int
    seconds: float
    says: str


@dataclass
class Tally:
    """Everything that was counted."""

    boundaries: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    planned: int = 0
    hits: list[Hit] = field(default_factory=list)
    not_reached: list[str] = field(default_factory=list)
    chains: int = 0
    reruns: int = 0
    verified_rows: int = 0
    looks: int = 0
    outages: int = 0
    seconds: float = 0
    failures: list[str] = field(default_factory=list)
    """What was not as it must be."""

    @property
    def effective(self) -> int:
        """Return the number of faults that counted."""
        return sum(hit.is_effective for hit in self.hits)

    def summary(self) -> dict[str, object]:
        """Return the counts, without the list of hits."""
        by_kind = Counter(hit.kind for hit in self.hits if hit.is_effective)
        return {
            "boundaries": self.boundaries, "distinct_steps": self.steps, "planned": self.planned,
            "injected": len(self.hits), "effective": self.effective, "effective_by_kind": dict(by_kind),
            "failures": len(self.failures), "not_reached": len(self.not_reached), "chains": self.chains,
            "reruns": self.reruns,
            "rows_verified": self.verified_rows, "patients_looked_at": self.looks, "outages_of_reader": self.outages,
            "seconds": round(self.seconds),
        }  # fmt: skip

    def write(self, path: Path) -> None:
        """Write everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        hits = [asdict(hit) for hit in self.hits]
        path.write_text(
            json.dumps({**self.summary(), "failed": self.failures, "never": self.not_reached, "hits": hits}, indent=1)
        )


class Trap:
    """Springs once, at one boundary of one run."""

    def __init__(self, lab: Lab, relay: Relay, fault: Fault) -> None:
        """Wait for the boundary of `fault`."""
        self.lab = lab
        self.relay = relay
        self.fault = fault
        self.driver = 0
        self.unpublished: int | None = None
        """Patients that were not published when it sprang; None: it did not spring."""
        self.is_hit = False
        self.is_done = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, when: When, step: Step, link: Link) -> bool:
        """Inject the fault if this is its boundary; see relay.At."""
        if (step, when) != (self.fault.boundary.step, self.fault.boundary.when):
            return True
        with self._lock:
            if self.unpublished is not None:
                return True
            self.unpublished = unpublished(self.lab)
        try:
            return self._inject(link)
        finally:
            self.is_done.set()

    def _inject(self, link: Link) -> bool:
        """Do it; return whether the message that is held goes on."""
        when, kind = self.fault.boundary.when, self.fault.kind
        if kind == "stop server":
            cluster = _Cluster(self.lab.home)
            cluster.stop("immediate")
            cluster.start()
            self.is_hit = True
            return False
        if kind in ("kill driver", "kill worker"):
            victim = self.driver if kind == "kill driver" else self._worker(link)
            self.is_hit = victim is not None and _kill(victim)
            if kind == "kill driver":
                _wait_until_gone(link.peer)  # a worker ends with its driver
            return psutil.pid_exists(link.peer) and psutil.Process(link.peer).status() != psutil.STATUS_ZOMBIE
        return self._cut("target" if kind == "cut target" else "legacy", link) is not link or when == "before"

    def _cut(self, side: Side, link: Link) -> Link | None:
        """End a session of this side, of which there may be none for a moment; return its connection."""
        until = time.monotonic() + PATIENCE_SECONDS
        with self.lab.session("postgres") as session:
            while time.monotonic() < until:
                if victim := self._link(side, link):
                    cut = session.execute("select pg_terminate_backend(%s, 10000)", [victim.backend])
                    self.is_hit = cut.fetchone() == (True,)
                    if self.is_hit or victim is link:
                        return victim
                time.sleep(0.01)
        return None

    def _worker(self, link: Link) -> int | None:
        """Return the worker that stands at the boundary, or else any."""
        if link.peer != self.driver:
            return link.peer
        return next(iter({each.peer for each in self._links()} - {self.driver}), None)

    def _link(self, side: Side, link: Link) -> Link | None:
        """Return the connection that stands at the boundary, or one of the same process, or any of that side."""
        open_links = [each for each in self._links() if each.side == side]
        own = [each for each in open_links if each.peer == link.peer]
        return link if link.side == side else next(iter(own or open_links), None)

    def _links(self) -> list[Link]:
        return self.relay.open_links("target") + self.relay.open_links("legacy")


def unpublished(lab: Lab) -> int:
    """Return how many patients the run that is at work has not published or looked at and left yet."""
    with lab.session() as session:
        if session.execute("select to_regclass('migration.run')").fetchone() == (None,):
            return len(DEMO)
        row = session.execute(
            """
            with latest as (select max(run_id) as run_id from migration.run),
            forced as (
                select coalesce((options ->> 'force')::boolean, false) as it
                from latest left join migration.run using (run_id)
            )
            select count(*) from migration.patient, forced
            where published_at is not null and state = 'validated' and (
                not forced.it
                or patient_id in (select patient_id from migration.event natural join latest where event = 'published')
            )
            """
        ).fetchone()
    return len(DEMO) - int(str(row[0])) if row else len(DEMO)


def _kill(process: int) -> bool:
    """SIGKILL a process, and wait until it is gone; return whether it was there."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return _wait_until_gone(process)


def _wait_until_gone(process: int) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
                continue
        return True
    return False


class Bench:
    """A laboratory behind a relay, with copies of its core to begin from."""

    def __init__(self, lab: Lab, results: Path) -> None:
        """Put the relay before the server of `lab`, and keep its core as it is; what is counted goes to `results`."""
        self.lab = lab
        self.relay = Relay(lab.home, lab.home / "run", DEMO)
        self.nursery = Nursery()
        self.tally = Tally()
        self.results = results
        self.recurring: set[tuple[Side, str]] = set()
        """Steps for no patient in particular that were seen in a run that had less than all to do."""
        self.truth: dict[str, Content] = {}
        self.cohort: dict[str, list[tuple[object, ...]]] = {}
        self._copy("mbase", "pristine_first")

    def _copy(self, old: str, new: str) -> None:
        names = {"old": sql.Identifier(old), "new": sql.Identifier(new)}
        with self.lab.session("postgres") as session:
            session.execute(sql.SQL("drop database if exists {new} with (force)").format(**names))
            session.execute(sql.SQL("create database {new} template {old} strategy file_copy").format(**names))

    def begin_anew(self, scenario: Scenario) -> None:
        """Make the core what it is before the first run of a scenario."""
        self._copy(f"pristine_{scenario}", "mbase")
        if scenario == "first":
            roles = self.lab.query("select rolname from pg_roles where starts_with(rolname, 'reader_')", "postgres")
            for (role,) in roles:
                self.lab.execute(f"drop role {role}", "postgres")

    def trace(self, scenario: Scenario) -> list[Boundary]:
        """Run without any fault; return all boundaries, in order. Nothing is lost, and that is the truth from here.

        Of a first migration before that of another, whose core keeps roles in use.
        """
        if scenario == "again":
            self.begin_anew("first")
            self._run_clean("first")
            self._copy("mbase", "pristine_again")
        self.begin_anew(scenario)
        passed: list[Boundary] = []

        def at(when: When, step: Step, link: Link) -> bool:
            links = self.relay.open_links("target") + self.relay.open_links("legacy")
            has_worker = any(each.peer != driver[0] for each in links)
            has_legacy = bool(self.relay.open_links("legacy"))
            passed.append(Boundary(len(passed), step, when, has_worker, has_legacy))
            return True

        driver: list[int] = [0]
        self.relay.begin(at)
        with self._started(scenario) as process:
            driver[0] = process.pid
            _, err = process.communicate(HANGS_SECONDS)
        assert process.returncode == MIGRATED, err
        self.lab.verify(*DEMO)
        with self.lab.session() as session:
            self.truth = content(session)
            self.cohort = cohort_rows(self.lab)
        assert set(self.truth) == set(DEMO)
        found = [each for each in passed if self._is_boundary(each.step)]
        self.tally.boundaries[scenario] = len(found)
        self.tally.steps[scenario] = len({(each.step.side, each.step.shape) for each in found})
        return found

    def _is_boundary(self, step: Step) -> bool:
        """What wrote on the target, and what ends a reading of a legacy database."""
        return self.relay.wrote.get(step, False) if step.side == "target" else ENDS.match(step.shape) is not None

    @contextmanager
    def _started(self, scenario: Scenario) -> Iterator[Run]:
        """Start the command on servers that are the relay; none of it is left afterwards."""
        dsn = "host={} port=5432 user=mediabase dbname={}"
        variables = {
            "MEDIABASE_HOME": str(self.lab.home),
            "MEDIABASE_DSN": dsn.format(self.relay.folders["target"], "mbase"),
            "MEDIABASE_LEGACY_DSN": dsn.format(self.relay.folders["legacy"], "postgres"),
        }
        run = self.nursery.start(list(COMMANDS[scenario]), clean_environment(**variables))
        try:
            yield run
        finally:
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.communicate(PATIENCE_SECONDS)

    def close(self) -> None:
        """End the relay, and what starts processes."""
        self.relay.close()
        self.nursery.close()

    def run_chain(self, waiting: list[Fault]) -> list[Fault]:
        """Hit run after run of one command, leave the last alone, and verify; return the faults that hit.

        The first of `waiting` is the first.
        """
        scenario = waiting[0].scenario
        self.begin_anew(scenario)
        self.tally.chains += 1
        reader = Reader(self.lab.session, self.truth)
        reader.start()
        gone: list[Fault] = []
        try:
            for number, fault in enumerate(self._chain(waiting)):
                is_hit = self._run(fault)
                self.tally.reruns += number > 0
                if not is_hit:
                    break
                gone.append(fault)
                assert not reader.problems, (fault, reader.problems[:3])
                if already := sorted(published(self.lab)):
                    self._verify(already)
            self._run_clean(scenario)
        finally:
            reader.stop()
            self.tally.looks += reader.looks
            self.tally.outages += reader.outages
        assert not reader.problems, (gone, reader.problems[:3])
        assert reader.looks > 0
        self._verify(sorted(DEMO))
        assert_nothing_twice(self.lab, self.truth, self.cohort)
        return gone

    def _chain(self, waiting: list[Fault]) -> Iterator[Fault]:
        """Yield one fault after another, each later in the run than the one before, as far as it can still be reached.

        First what ends a whole run, which leaves most to do for the next one, and then what ends a part of it.
        """
        stride = max(1, len(waiting) // MAX_CHAIN)
        fault = waiting[0]
        for number in range(1, MAX_CHAIN + 1):
            yield fault
            done = published(self.lab) if fault.scenario == "first" else set()
            if done:
                self.recurring |= {(step.side, step.shape) for step in self.relay.wrote}
            later = [each for each in waiting[waiting.index(fault) + 1 :] if self._can_come(each.boundary.step, done)]
            later = later[stride - 1 :] or later
            is_early = number < MAX_CHAIN // 2
            preferred = [each for each in later if (each.kind in WHOLE) == is_early] or later
            if not preferred:
                return
            fault = preferred[0]

    def _can_come(self, step: Step, done: set[str]) -> bool:
        """Tell whether a step comes in a run that finds these patients published."""
        if not done or step.patient:
            return step.patient not in done
        return step.ordinal == 1 and (step.side, step.shape) in self.recurring

    def _run(self, fault: Fault) -> bool:
        """Run with one fault; return whether its boundary was reached."""
        trap = Trap(self.lab, self.relay, fault)
        started = time.monotonic()
        with self._started(fault.scenario) as process:
            trap.driver = process.pid
            self.relay.begin(trap)
            peers = _Peers(self.relay)
            out, err = process.communicate(HANGS_SECONDS)
            assert peers.are_gone(), f"{fault}: a process outlived its driver"
        if trap.unpublished is None:
            assert process.returncode == MIGRATED, (fault, process.returncode, err)
            return False
        assert trap.is_done.wait(PATIENCE_SECONDS), fault
        says = next((line for line in reversed(err.splitlines()) if line.startswith("mediabase: ")), "")
        hit = Hit(
            fault.scenario, fault.kind, fault.boundary.when, str(fault.boundary.step),
            trap.is_hit and trap.unpublished > 0, trap.unpublished, process.returncode,
            round(time.monotonic() - started, 1), says,
        )  # fmt: skip
        self.tally.hits.append(hit)
        print(
            f"{self.tally.effective:4} effective of {len(self.tally.hits)}: {hit.kind}, {hit.when} {hit.step}: "
            f"exit {hit.exit_code}, {hit.seconds} s",
            flush=True,
        )
        assert "Traceback" not in out + err and "AdminShutdown" not in out + err, (fault, err)
        if fault.kind == "kill driver":
            assert process.returncode == -signal.SIGKILL, fault
        else:
            assert process.returncode in (1, MIGRATED), (fault, process.returncode, out, err)
        if process.returncode == MIGRATED:  # it said that all is well, so it is
            assert published(self.lab) == set(DEMO), (fault, out, err)
        return True

    def _run_clean(self, scenario: Scenario) -> None:
        """The same command, left alone, completes."""
        self.relay.at = None
        self.tally.reruns += 1
        with self._started(scenario) as process:
            out, err = process.communicate(HANGS_SECONDS)
        assert process.returncode == MIGRATED, (process.returncode, out, err)

    def _verify(self, patients: list[str]) -> None:
        lines = self.lab.verify(*patients).splitlines()
        self.tally.verified_rows += sum(int(line.split(": ")[1].split()[0]) for line in lines if " legacy rows" in line)


class _Peers:
    """Remembers the processes that connect during a run."""

    def __init__(self, relay: Relay) -> None:
        self.seen: set[int] = set()
        self._relay = relay
        self._before = relay.on_connect
        relay.on_connect = self.seen.add

    def are_gone(self) -> bool:
        """Tell whether all of them ended, now or within a moment."""
        self._relay.on_connect = self._before
        return all(_wait_until_gone(peer) for peer in self.seen)


def published(lab: Lab) -> set[str]:
    """Return the patients that readers can see."""
    if lab.query("select to_regclass('migration.patient')") == [(None,)]:
        return set()
    query = "select patient_id from migration.patient where published_at is not null"
    return {str(name) for (name,) in lab.query(query)}


def cohort_rows(lab: Lab) -> dict[str, list[tuple[object, ...]]]:
    """Return, for each table of facts, how many rows each patient has."""
    tables = lab.query(
        "select c.oid::regclass::text from pg_class as c join pg_attribute as a on c.oid = a.attrelid "
        "where c.relnamespace = 'cohort'::regnamespace and c.relkind = 'r' and a.attname = 'patient_id' order by 1"
    )
    return {name: lab.query(f"select patient_id, count(*) from {name} group by 1 order by 1") for (name,) in tables}


def assert_nothing_twice(lab: Lab, truth: dict[str, Content], cohort: dict[str, list[tuple[object, ...]]]) -> None:
    """Journal, schemas and facts have each patient once; nothing is left in staging, nobody holds the lock."""
    journal = lab.query(
        "select patient_id, state, is_valid, published_at is not null, error_code, current_digest, "
        "legacy_digest = current_digest from migration.patient order by 1"
    )
    assert journal == [(each, "validated", True, True, None, truth[each].digest, True) for each in sorted(DEMO)]
    assert lab.schemas() == sorted(f"patient_{each.lower()}" for each in DEMO)
    assert lab.query("select count(*) from staging.legacy_export") == [(0,)]
    assert lab.query("select count(*) from staging.legacy_expression") == [(0,)]
    assert lab.query("select relname from pg_class where relname ~ '__dbt_'") == []
    assert lab.query("select count(*) from migration.validation") == [(len(DEMO),)]
    assert lab.query("select max(n) from (select count(*) as n from migration.run group by run_id)") == [(1,)]
    assert cohort_rows(lab) == cohort


def matrix(scenario: Scenario, boundaries: list[Boundary], kinds: tuple[Kind, ...] = KINDS) -> list[Fault]:
    """Return a fault for each distinct step, before and after it, and each kind that has something to hit there.

    A step that is done for many patients is hit at another one each time; one that is repeated, the first time.
    """
    alike: dict[tuple[Side, str, When], list[Boundary]] = defaultdict(list)
    for boundary in boundaries:
        alike[boundary.step.side, boundary.step.shape, boundary.when].append(boundary)
    faults = []
    for turn, same in enumerate(alike.values()):
        for number, kind in enumerate(kinds):
            possible = [each for each in same if each.can_be_hit(kind)]
            possible = [each for each in possible if each.step.ordinal == 1] or possible
            if possible:
                faults.append(Fault(scenario, possible[(turn + number) % len(possible)], kind))
    return sorted(faults, key=lambda fault: fault.boundary.position)


def run_matrix(bench: Bench, faults: list[Fault], until_effective: int | None = None) -> None:
    """Run all faults in chains that spread over the whole run; those that were not reached are tried again."""
    started = time.monotonic()
    bench.tally.planned += len(faults)
    print(f"{len(faults)} faults: {dict(Counter(fault.kind for fault in faults))}", flush=True)
    attempts: Counter[Fault] = Counter()
    waiting = list(faults)
    try:
        while waiting:
            bench.tally.write(bench.results)
            attempts[waiting[0]] += 1
            try:
                gone = set(bench.run_chain(waiting))
            except AssertionError as error:  # told at the end, with all others
                print(f"FAILED: {error}", flush=True)
                bench.tally.failures.append(str(error))
                gone = {waiting[0]}
            waiting = [fault for fault in waiting if fault not in gone]
            given_up = [fault for fault in waiting if attempts[fault] >= MAX_ATTEMPTS]
            waiting = [fault for fault in waiting if fault not in given_up]
            bench.tally.not_reached += [f"{each.kind} {each.boundary.when} {each.boundary.step}" for each in given_up]
            print(f"chain {bench.tally.chains}: verified; {len(waiting)} faults to go", flush=True)
            if until_effective is not None and bench.tally.effective >= until_effective:
                return
    finally:
        bench.tally.seconds += time.monotonic() - started
