"""Old backups removed, but for what an archive, or somebody who would go back, still needs."""

import shutil
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.backup.archive import manifest_digest
from orchestrator.backup.check import known
from orchestrator.backup.folders import NEW
from orchestrator.backup.manifest import read_manifest
from orchestrator.backup.outcome import BackedUp


@dataclass(frozen=True)
class Kept:
    """A backup, and why it stays; no reason: it is one to remove."""

    backup: BackedUp
    reason: str = ""


def plan(backups: Path, keep: int, archives: Collection[str]) -> list[Kept]:
    """Say of each backup in a folder whether it stays: the `keep` latest of a database, archives, cores that they need.

    `archives` are the digests of the manifests that the journal knows. Damaged ones stay, for somebody to look at, and
    as long as there are any, all cores do.
    """
    found = known(backups)
    by_database: defaultdict[tuple[str | None, str], list[BackedUp]] = defaultdict(list)
    for each in found:
        if not each.problem:
            by_database[each.server, each.database].append(each)
    latest = {each.folder for group in by_database.values() for each in group[-keep:]}
    reasons = {each.folder: _reason(each, latest, archives) for each in found}
    needed = _needed_cores(found, reasons)
    return [Kept(each, reasons[each.folder] or needed.get(each.folder, "")) for each in found]


def remove(planned: Sequence[Kept]) -> None:
    """Remove the backups that no reason keeps. Raises OSError."""
    for each in planned:
        if each.backup.folder and not each.reason:
            # Under this name it is no backup any more, even if what follows is cut short.
            doomed = each.backup.folder.with_name(NEW + each.backup.folder.name)
            each.backup.folder.rename(doomed)
            shutil.rmtree(doomed)


def _reason(each: BackedUp, latest: Collection[Path | None], archives: Collection[str]) -> str:
    if each.problem or each.folder is None:
        return f"damaged: {each.problem}"
    if manifest_digest(each.folder) in archives:
        return "archive of a patient"
    return "latest" if each.folder in latest else ""


def _needed_cores(found: Sequence[BackedUp], reasons: dict[Path | None, str]) -> dict[Path | None, str]:
    """Return the backups of cores that thin archives need which stay: the latest with each digest."""
    manifests = [(each.folder, read_manifest(each.folder)) for each in found if each.folder and not each.problem]
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for folder, manifest in manifests:
        if manifest.thin and reasons[folder]:
            wanted[manifest.thin.core].append(manifest.database)
    by_digest: dict[str, Path] = {}
    for folder, manifest in manifests:
        if manifest.patient_id is None:
            by_digest[manifest.contents.digest] = folder
    if len(manifests) < len(found):
        return dict.fromkeys(by_digest.values(), "may be needed by a damaged one")
    return {by_digest[digest]: f"needed by {len(names):,} thin archives" for digest, names in wanted.items()
            if digest in by_digest}  # fmt: skip
