"""Test patients as files, each with the signature of its profile, and the manifest that brings them in."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.errors import MediabaseError, RefusedError, UsageError
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement
from orchestrator.sandbox.generated import filler_id
from orchestrator.sandbox.panel import Panel
from orchestrator.sandbox.profiles import Profile
from orchestrator.sandbox.values import with_signature
from orchestrator.wording import some

MANIFEST = "patients.csv"
HEADER = ("transcript_id", "expression_fold_change")
MAX_PATIENTS = 10_000
MAX_GENES = 300_000
MAX_SEED = 2**63 - 1
"""A patient's id holds the seed, and has 45 characters."""

SHOWN = 3


@dataclass(frozen=True)
class Wanted:
    """What to make; equal values give equal files on every machine."""

    profile: Profile
    patients: int
    genes: int
    """Rows of each file, one transcript a gene."""
    seed: int

    def __post_init__(self) -> None:
        """Raise UsageError when a number is out of range."""
        least = max(len(self.profile.signature), 1)
        for what, number, lowest, highest in (
            ("number of patients", self.patients, 1, MAX_PATIENTS),
            (f"number of genes of {self.profile.name}", self.genes, least, MAX_GENES),
            ("seed", self.seed, 0, MAX_SEED),
        ):
            if not lowest <= number <= highest:
                raise UsageError(f"The {what} must be {lowest:,} to {highest:,}, not {number:,}.")

    def patient_ids(self) -> list[str]:
        """Return what the patients are called."""
        stem = f"SYN-{self.profile.name.upper()}-{self.seed}"
        return [f"{stem}-{number:04}" for number in range(1, self.patients + 1)]


def sandbox_ids(count: int) -> list[str]:
    """Return the ids of a generated sandbox's transcripts, at least `count`, the panel's first."""
    panel = Panel().transcript_ids.values()
    return [*panel, *map(filler_id, range(1, count - len(panel) + 1))]


def core_ids(target: Connection) -> list[str]:
    """Return the ids of the core's transcripts, the panel's first, without other isoforms of the panel's genes.

    Such an isoform could be farther from the baseline than the signature, which goes by the farthest.
    """
    panel = Panel().transcript_ids
    query = statement(__package__, "core_ids")
    rows = target.execute(query, {"ids": list(panel.values()), "symbols": list(panel)}).fetchall()
    return [str(transcript_id) for (transcript_id,) in rows]


def synthesize(
    wanted: Wanted, ids: Sequence[str], folder: Path, *, replace: bool = False, report: Callable[[str], None]
) -> Path:
    """Write a file a patient with the first of `ids`, and the manifest; return its path. `report` hears each patient.

    Files take their names once all are written, the manifest last; those of the same names are replaced only when
    asked. Raises UsageError or RefusedError before anything is written, MediabaseError when writing fails.
    """
    panel = Panel()
    signature = panel.by_transcript(wanted.profile.signature)
    chosen = _choose(wanted, signature, ids)
    of_panel = set(panel.transcript_ids.values())
    background = [id_ for id_ in chosen if id_ not in of_panel] if signature else []
    patient_ids = wanted.patient_ids()
    names = [*(f"{patient_id}.csv" for patient_id in patient_ids), MANIFEST]
    with _kept_whole(folder, names, replace) as unfinished:
        for patient_id, name in zip(patient_ids, names, strict=False):
            values = dict(with_signature(wanted.seed, patient_id, signature, background, wanted.genes))
            _write(unfinished / name, HEADER, ((id_, values.get(id_, 1.0)) for id_ in chosen))
            report(patient_id)
        _write(unfinished / MANIFEST, *_manifest(wanted, names))
    return folder / MANIFEST


def _choose(wanted: Wanted, signature: Iterable[str], ids: Sequence[str]) -> list[str]:
    """Return the ids of a file: those of the signature, then the first others."""
    if missing := sorted(set(signature).difference(ids)):
        raise RefusedError(f"The core lacks transcripts of the signature: {some(missing, SHOWN)}.")
    chosen = list(dict.fromkeys(chain(signature, ids)))[: wanted.genes]
    if len(chosen) < wanted.genes:
        raise UsageError(f"The core has transcripts for {len(chosen):,} rows, not for {wanted.genes:,}: ask for fewer.")
    return chosen


def _manifest(wanted: Wanted, names: Iterable[str]) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
    """Return the header and the rows of patients.csv."""
    facts = {
        **wanted.profile.facts,
        "sample_type": "Synthetic",
        "clinical_notes": f"Synthetic test data: profile {wanted.profile.name}, seed {wanted.seed}",
    }
    rows = ((patient_id, name, *facts.values()) for patient_id, name in zip(wanted.patient_ids(), names, strict=False))
    return ("patient_id", "file", *facts), rows


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


@contextmanager
def _kept_whole(folder: Path, names: Sequence[str], replace: bool) -> Iterator[Path]:
    """Yield a folder for files with these names, which go to `folder` once all are complete, the last name last."""
    unwritable = f"The folder {folder} cannot be written to"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_existing(folder, names, replace)
        made = TemporaryDirectory(prefix=".unfinished-", dir=folder)
    except OSError as error:
        raise UsageError(f"{unwritable} ({error.strerror}): name another.") from error
    try:
        with made as unfinished:
            yield Path(unfinished)
            for name in names:
                (Path(unfinished) / name).replace(folder / name)
    except OSError as error:
        raise MediabaseError(f"{unwritable} ({error.strerror}): make room, or name another.") from error


def _refuse_existing(folder: Path, names: Iterable[str], replace: bool) -> None:
    present = {each.name: each for each in folder.iterdir()}
    existing = [name for name in names if name in present and (not replace or present[name].is_dir())]
    if existing:
        raise UsageError(f"{folder} has {some(existing, SHOWN)} already: pass --replace, or name another folder.")
