"""Real data for tests: patients as they are, and published tables made to fit the core."""

import csv
import gzip
import math
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers import Lab, laboratory, temporary_home

from orchestrator import sandbox as sandboxes

VERSIONED = "MAC-diku-1-IFNg_naive_ratio_versionedENST"
SYMBOL_ENTREZ = "TCGA-3X-AAV9-01A_naive_ratio_symbol_entrez"
AS_PUBLISHED = {
    VERSIONED: {"nan": 95_857, "infinite": 15_938, "not_positive": 15_957, "all": 205_870},
    SYMBOL_ENTREZ: {"nan": 2_243, "infinite": 1_549, "not_positive": 224, "all": 20_531},
}


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a gzipped CSV file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kind(text: str) -> str:
    """Say what must become of a value under an id that the core has, from its text."""
    value = float(text)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "infinite"
    if value <= 0:
        return "not_positive"
    return "baseline" if value == 1 else "stored"


def fitted(realdata: Path, name: str) -> dict[str, str]:
    """Return a raw table's values by id, each id made to fit the core where that takes no guess.

    A version is cut off. `symbol|entrez` becomes the representative transcript of the one gene with that
    Entrez id and symbol, or else of the one gene with that Entrez id. What fits no transcript, fits several, or
    comes second to a transcript that has its value already, stays under the id that it came with: it is an
    orphan, and nothing is lost.
    """
    rows = read(realdata / "raw" / f"{name}.csv.gz")
    id_column, value_column = list(rows[0])[:2]
    transcripts = read(realdata / "core_transcripts.csv.gz")
    known = {row["transcript_id"] for row in transcripts}
    representative = {row["gene_id"]: row["transcript_id"] for row in transcripts if row["is_representative"] == "1"}
    genes_of: dict[str, set[tuple[str, str]]] = {}
    for gene in read(realdata / "core_genes.csv.gz"):
        if gene["is_primary_chromosome"] == "1":
            for entrez in filter(None, gene["entrez_ids"].split("|")):
                genes_of.setdefault(entrez, set()).add((gene["gene_symbol"], gene["gene_id"]))

    def fit(raw: str) -> str:
        if "|" not in raw:
            return raw.partition(".")[0]
        symbol, _, entrez = raw.partition("|")
        genes = genes_of.get(entrez, set())
        same = [gene for each, gene in genes if each == symbol] or [gene for _, gene in genes]
        return representative.get(same[0], raw) if len(same) == 1 else raw

    values: dict[str, str] = {}
    for row in rows:
        raw = row[id_column]
        transcript_id = fit(raw)
        if transcript_id not in known or transcript_id in values:
            transcript_id = raw
        assert transcript_id not in values, transcript_id
        values[transcript_id] = row[value_column]
    assert len(values) == len(rows)
    counts = Counter(kind(text) for text in values.values())
    wanted = AS_PUBLISHED[name]
    assert {reason: counts[reason] for reason in ("nan", "infinite", "not_positive")} | {"all": len(rows)} == wanted
    return values


@contextmanager
def folder(files: dict[str, Path | dict[str, str]]) -> Iterator[Path]:
    """Yield a folder with a patient per entry: a copy of a file, or values by id."""
    with temporary_home() as made:
        for patient_id, content in files.items():
            path = made / f"{patient_id}.csv.gz"
            if isinstance(content, Path):
                shutil.copy(content, path)
            else:
                with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
                    csv.writer(file).writerows([("transcript_id", "expression_fold_change"), *content.items()])
        yield made


@contextmanager
def real_lab(realdata: Path, files: dict[str, Path | dict[str, str]], limit: int | None) -> Iterator[Lab]:
    """Yield a laboratory with the real core and these patients."""
    with folder(files) as patients, laboratory(sandboxes.FromFiles(realdata, patients, limit)) as lab:
        yield lab


NAIVE = {VERSIONED: "NAIVE-ENST.1", SYMBOL_ENTREZ: "NAIVE-SYMBOL.1"}
