"""Faults at every end of a transaction of a migration, and the same command again: nothing lost, nothing twice.

The boundaries come from a run without faults, seen by a relay that reads the protocol; the faults are all kinds at
all of them. `make faults` runs the whole; here is a sample with all kinds.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import CHECKOUT, laboratory
from matrix import KINDS, Bench, Fault, Kind, matrix, run_matrix

from orchestrator import sandbox as sandboxes

RESULTS = CHECKOUT / "target" / "faults.json"
FEWEST_BOUNDARIES = 25
FEWEST_EFFECTIVE = 200
TRANSCRIPTS = 200
SAMPLE: tuple[Kind, ...] = ("stop server", "kill driver", "kill worker")
"""In the order of the run in which they hit."""


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Return a server of its own behind a relay: it will be stopped."""
    with laboratory(sandboxes.Generated(transcripts=TRANSCRIPTS)) as lab:
        is_whole = request.node.get_closest_marker("faults") is not None
        made = Bench(lab, RESULTS if is_whole else tmp_path / "faults.json")
        try:
            yield made
        finally:
            made.close()


def test_a_sample(bench: Bench) -> None:
    """Each kind once, spread over the run."""
    boundaries = bench.trace("first")
    assert len(boundaries) >= FEWEST_BOUNDARIES
    faults = matrix("first", boundaries)
    sample = []
    for number, kind in enumerate(SAMPLE):
        alike = [fault for fault in faults if fault.kind == kind]
        sample.append(alike[number * len(alike) // len(SAMPLE)])
    # Two for one patient, so that the second hits what the first left to do.
    read = [each for each in boundaries if each.step.side == "legacy" and each.step.patient]
    first = read[len(read) // 2]
    built = [each for each in boundaries if each.step.side == "target" and each.step.patient == first.step.patient]
    sample += [Fault("first", first, "cut legacy"), Fault("first", built[len(built) * 4 // 5], "cut target")]
    run_matrix(bench, sorted(sample, key=lambda fault: fault.boundary.position))
    assert not bench.tally.failures
    assert {hit.kind for hit in bench.tally.hits if hit.is_effective} == set(KINDS), bench.tally


@pytest.mark.faults
def test_all(bench: Bench) -> None:
    """All kinds at all boundaries of a first migration, and one kind at each of a forced one."""
    try:
        run_matrix(bench, matrix("first", bench.trace("first")))
        run_matrix(bench, matrix("again", bench.trace("again"))[:: len(KINDS) + 1])
    finally:
        bench.tally.write(RESULTS)
        print(json.dumps(bench.tally.summary(), indent=1))
    assert not bench.tally.failures
    assert min(bench.tally.boundaries.values()) >= FEWEST_BOUNDARIES
    assert bench.tally.effective >= FEWEST_EFFECTIVE, bench.tally.summary()
    assert not bench.tally.not_reached
