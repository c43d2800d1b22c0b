"""Patient ids: which are accepted, and the names that follow from one."""

import re
from collections import defaultdict
from collections.abc import Iterable

from orchestrator.errors import RefusedError, UsageError

LEGACY_PREFIX = "mediabase_patient_"
"""Prefix of a legacy database's name. 45 bytes are left of PostgreSQL's 63 for the id."""

PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,44}")
PATTERN_IN_WORDS = "use 1 to 45 letters, digits, '_', '-' or '.', beginning with a letter or digit."


def check(patient_id: str) -> str:
    """Return `patient_id` unchanged, or raise UsageError when it is not an accepted id."""
    if PATTERN.fullmatch(patient_id) is None:
        raise UsageError(f"{patient_id!r} is not a patient id: {PATTERN_IN_WORDS}")
    return patient_id


def is_supported(patient_id: str) -> bool:
    """Tell whether `patient_id` is an accepted id."""
    return PATTERN.fullmatch(patient_id) is not None


def schema_name(patient_id: str) -> str:
    """Return the name of the patient's schema: lower case, with '-' and '.' as '_'."""
    return "patient_" + re.sub(r"[.-]", "_", check(patient_id).lower())


def reader_role(patient_id: str) -> str:
    """Return the name of the role that may read this patient and the core."""
    return "reader_" + schema_name(patient_id)


def legacy_database(patient_id: str) -> str:
    """Return the name of the patient's legacy database, case kept."""
    return LEGACY_PREFIX + check(patient_id)


def collisions(patient_ids: Iterable[str]) -> list[list[str]]:
    """Return the ids, two or more at a time, that lead to one schema name."""
    by_schema: defaultdict[str, list[str]] = defaultdict(list)
    for patient_id in patient_ids:
        by_schema[schema_name(patient_id)].append(patient_id)
    return sorted(sorted(ids) for ids in by_schema.values() if len(ids) > 1)


def refuse_collisions(patient_ids: Iterable[str]) -> None:
    """Raise RefusedError when ids lead to one schema name; all of them are named."""
    clashes = [" and ".join(ids) for ids in collisions(patient_ids)]
    if clashes:
        raise RefusedError(
            f"These patient ids lead to one schema name: {'; '.join(clashes)}. "
            "Call one of each otherwise with `mediabase inventory --rename OLD=NEW`."
        )
