"""Fold changes that follow from SHA-256 of a seed and ids.

No generator whose sequence another version of Python could change, no floating-point function that another machine
could round differently.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from orchestrator.sandbox.rows import Bounds, FoldChanges


def with_signature(
    seed: int,
    patient_id: str,
    signature: Mapping[str, Bounds],
    background: Sequence[str],
    transcripts: int,
) -> FoldChanges:
    """Return what is not at the baseline of a patient: 9 to 14 % of `transcripts`, the signature first.

    `signature` has the bounds of each transcript id's value, from `background` come the others; what is in
    neither, as the rest of the panel, stays at the baseline, so that the signature holds whatever the seed.
    """
    values = [
        (transcript_id, _between(lowest, highest, _draw(seed, patient_id, transcript_id)))
        for transcript_id, (lowest, highest) in signature.items()
    ]
    per_mille = 90 + _draw(seed, patient_id) % 51
    count = max(transcripts * per_mille // 1000 - len(values), 0)
    return [*values, *changed(seed, patient_id, background, count)]


def changed(seed: int, patient_id: str, transcript_ids: Sequence[str], count: int) -> FoldChanges:
    """Return `count` of the transcripts with a value of 0.1 to 0.85 or 1.2 to 5."""
    draws = sorted((_draw(seed, patient_id, id_), id_) for id_ in transcript_ids)
    return [
        (id_, _between(1.2, 5, draw // 2) if draw % 2 else _between(0.1, 0.85, draw // 2))
        for draw, id_ in draws[:count]
    ]


def _between(lowest: float, highest: float, draw: int) -> float:
    """Return the thousandth from `lowest` to `highest` that `draw` falls on."""
    first, last = round(lowest * 1000), round(highest * 1000)
    return (first + draw % (last - first + 1)) / 1000


def _draw(*parts: object) -> int:
    """Return 64 bits that follow from `parts`."""
    return int.from_bytes(sha256(":".join(map(str, parts)).encode()).digest()[:8], "big")
