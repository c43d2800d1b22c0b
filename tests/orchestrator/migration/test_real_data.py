"""Real patients, and tables as they are published: value by value."""

import csv
import gzip
import math
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers import Lab, laboratory, mediabase, running_server, temporary_home

from orchestrator import sandbox as sandboxes

FOUR = ("MAC-eiwy-1-IFNg", "DE-LUAD-GSE282617", "TCGA-3X-AAV9-01A", "TCGA-B6-A0WY-01A")
MANY = (
    *FOUR, "GEUV-ERR188021", "MAC-diku-1-IFNg-SL1344", "TCGA-67-6216-01A", "TCGA-A7-A13D-01A",
    "TCGA-AQ-A0Y5-01A",
    "TCGA-BR-8483-01A", "TCGA-FA-8693-01A", "TCGA-V3-A9ZY-01A",
)  # fmt: skip
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


def check_real_tables(realdata: Path, others: Sequence[str], limit: int | None) -> None:
    """Migrate the tables of naive ratios, whose rows must be where the raw files say, and other real
    patients.
    """
    tables = {VERSIONED: fitted(realdata, VERSIONED), SYMBOL_ENTREZ: fitted(realdata, SYMBOL_ENTREZ)}
    files: dict[str, Path | dict[str, str]] = {NAIVE[name]: values for name, values in tables.items()}
    files |= {each: realdata / "patients" / f"{each}.csv.gz" for each in others}
    everything = {row["transcript_id"] for row in read(realdata / "core_transcripts.csv.gz")}
    with real_lab(realdata, files, limit) as lab:
        core = {id_ for (id_,) in lab.query("select transcript_id from transcripts")}
        outcomes = lab.results("migrate", "--all", code=3)
        for patient_id in others:
            outcome = outcomes[patient_id]
            assert outcome["result"] == "migrated" and outcome["stored"] > 500 and not outcome["quarantined"]
            assert outcome["legacy_rows"] == len(core) and not outcome["missing"]
        for name, values in tables.items():
            # The sandbox leaves out a patient's rows for transcripts that its limit leaves out of the core.
            kept = {id_: text for id_, text in values.items() if id_ in core or id_ not in everything}
            wanted: dict[str, str] = {}
            for id_, text in kept.items():
                became = kind(text)
                wanted[id_] = "orphan" if became in ("stored", "baseline") and id_ not in core else became
            counts = Counter(wanted.values())
            outcome = outcomes[NAIVE[name]]
            reasons = {reason: n for reason, n in counts.items() if reason not in ("stored", "baseline")}
            assert outcome["reasons"] == reasons
            assert min(reasons[reason] for reason in ("nan", "infinite", "not_positive", "orphan")) > 0
            if limit is None:
                assert {reason: reasons[reason] for reason in ("nan", "infinite", "not_positive")} == {
                    reason: n for reason, n in AS_PUBLISHED[name].items() if reason != "all"
                }
            assert outcome["stored"] == counts["stored"]
            assert outcome["quarantined"] == sum(reasons.values())
            schema = "patient_" + NAIVE[name].lower().replace("-", "_").replace(".", "_")
            rows = lab.query(
                f"select transcript_id, reason, expression_fold_change from {schema}.quarantined_expression"
            )
            assert {id_: reason for id_, reason, _ in rows} == {
                id_: became for id_, became in wanted.items() if became not in ("stored", "baseline")
            }
            for id_, _, value in rows:
                assert repr(value) == repr(float(kept[id_])), id_
        lab.verify()
        found = lab.listing("parity", "--all", "--jobs", "2", code=3)
        assert len(found) == len(files) and all(each["result"] == "same" for each in found), found


def test_real_patients_and_naive_ratios_on_a_part_of_the_core(realdata: Path) -> None:
    """Four patients as they are: transcript-level and gene-level, sparse and full. Two tables with what is
    wrong.
    """
    check_real_tables(realdata, FOUR, 12_000)


@pytest.mark.acceptance
def test_naive_ratios_at_full_size(realdata: Path) -> None:
    """All 95,857 NaN, 15,938 infinities and 15,957 zeroes of one file, and those of the other."""
    check_real_tables(realdata, (), None)


@pytest.mark.acceptance
def test_twelve_real_patients_at_full_size(realdata: Path) -> None:
    """274,578 transcripts each, through the command line: 0 differences; and a second run finds nothing to
    do.
    """
    files: dict[str, Path | dict[str, str]] = {each: realdata / "patients" / f"{each}.csv.gz" for each in MANY}
    with folder(files) as patients, temporary_home() as home:
        up = mediabase(
            "sandbox",
            "up",
            "--core",
            realdata,
            "--patients",
            patients,
            MEDIABASE_HOME=str(home),
            timeout=1200,
        )
        assert up.returncode == 0, up.stderr
        done = mediabase("migrate", "--all", "--jobs", 2, MEDIABASE_HOME=str(home), timeout=1200)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{len(MANY)} patients: {len(MANY)} migrated" in done.stdout

        with running_server(home) as where:
            Lab(home, where).verify()
        again = mediabase("migrate", "--all", MEDIABASE_HOME=str(home), timeout=1200)
        assert again.returncode == 0 and f"{len(MANY)} unchanged" in again.stdout
