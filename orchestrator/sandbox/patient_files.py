"""Patients read from CSV files: transcript id and linear fold change, one file per patient."""

import math
from collections.abc import Set
from functools import partial
from pathlib import Path

from orchestrator import patient_id
from orchestrator.errors import UsageError
from orchestrator.sandbox.csv_files import GZIP_SUFFIX, identifier, lines, malformed
from orchestrator.sandbox.rows import MAX_ID, FoldChanges, Patient

MISSING = frozenset({"", "NA", "NULL"})
"""Texts that stand for NULL."""

INFINITE = frozenset({"inf", "infinity"})


def read_patients(folder: Path, *, limit: int | None, left_out: Set[str]) -> list[Patient]:
    """Return the patients of `folder`, the first `limit` by file name; their files are read later.

    Rows of the transcripts `left_out` are dropped. Raises UsageError for a missing or empty folder, a file
    name that is no patient id, and two files of one patient.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder with the files of patients.")
    files = sorted((*folder.glob("*.csv"), *folder.glob("*.csv" + GZIP_SUFFIX)))
    if not files:
        raise UsageError(f"{folder} has no files *.csv or *.csv{GZIP_SUFFIX}.")
    by_id: dict[str, Path] = {}
    for file in files[:limit]:
        id_ = patient_id.check(file.name.removesuffix(GZIP_SUFFIX).removesuffix(".csv"))
        if id_ in by_id:
            raise UsageError(f"{by_id[id_]} and {file} are two files of one patient.")
        by_id[id_] = file
    return [Patient(id_, partial(read_fold_changes, file, left_out)) for id_, file in by_id.items()]


def read_fold_changes(path: Path, left_out: Set[str]) -> FoldChanges:
    """Return the rows of one file, less those of transcripts `left_out`; values are exact.

    Raises UsageError when a row is malformed, with file and line.
    """
    rows = lines(path)
    _, header = next(rows)
    if len(header) != 2:
        raise malformed(path, 1, f"{len(header)} columns instead of 2 (transcript id, fold change)")
    values: dict[str, float | None] = {}
    for line, (transcript_id, text) in rows:
        if transcript_id in left_out:
            continue
        if transcript_id in values:
            raise malformed(path, line, f"transcript {transcript_id} is there twice")
        values[identifier(path, line, transcript_id, MAX_ID)] = _fold_change(path, line, text)
    return list(values.items())


def _fold_change(path: Path, line: int, text: str) -> float | None:
    text = text.strip()
    if text in MISSING:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise malformed(path, line, f"{text!r} is not a number") from error
    overflow = math.isinf(value) and text.lstrip("+-").lower() not in INFINITE
    if overflow or "_" in text:  # both are fine for float(), and wrong in a file
        raise malformed(path, line, f"{text!r} is not a double-precision number")
    return value
