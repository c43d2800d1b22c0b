"""What the tests of query migration work on: the corpus of statements, and patients to ask on both sides."""

import csv
import gzip
import re
import shutil
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from helpers import PREFIX, Lab, laboratory, temporary_home
from psycopg import Error
from real_data import VERSIONED, read

from orchestrator import sandbox as sandboxes
from orchestrator.postgres.connection import Connection, connect
from orchestrator.queries.compare import Column, Rows, compare
from orchestrator.queries.context import Context, load_context
from orchestrator.queries.migrate import migrate_text
from orchestrator.queries.outcome import MigratedText, Options
from orchestrator.sandbox.panel import Panel

CORPUS = Path(__file__).parent / "corpus"
OUTCOMES = frozenset({"unchanged", "guide", "cte", "view"})
HEADER = re.compile(
    r"^-- name: (?P<name>.+?) \| expect: (?P<expect>.+?)(?: \| (?P<mark>ordered|invalid))?\n", re.MULTILINE
)
CLEAN, WITH_BAD_VALUES = "DEMO_TNBC", "DEMO_BAD_VALUES"
REAL_CLEAN, REAL_WITH_BAD_VALUES = "TCGA-A7-A13D-01A", "NAIVE-RATIO.1"
EVERY_GENE = 500
"""Of so many real genes outside of the panel one is kept."""
ORPHANS = "gene_id = 'LEGACY_UNKNOWN'"


@dataclass(frozen=True)
class Case:
    """A text of the corpus, mostly one statement, and what becomes of it in style auto."""

    topic: str
    name: str
    text: str
    expected: tuple[str, ...]
    """What becomes of each statement, or the codes that it is refused with."""
    is_ordered: bool
    """Whether the order of its rows is total."""
    is_valid: bool
    """Whether it ran in v0.5.0."""

    @property
    def is_refused(self) -> bool:
        """Tell whether it is refused."""
        return OUTCOMES.isdisjoint(self.expected)


def corpus() -> list[Case]:
    """Return the cases of all files."""
    return [case for path in sorted(CORPUS.glob("*.sql")) for case in _cases(path)]


def _cases(path: Path) -> Iterator[Case]:
    text = path.read_bytes().decode()
    headers = list(HEADER.finditer(text))
    assert text.count("-- name:") == len(headers), path
    ends = [*(header.start() for header in headers[1:]), len(text)]
    for header, end in zip(headers, ends, strict=True):
        yield Case(
            path.stem, header["name"], text[header.end() : end], tuple(header["expect"].split(", ")),
            is_ordered=header["mark"] == "ordered", is_valid=header["mark"] != "invalid",
        )  # fmt: skip


def outcomes(migrated: MigratedText) -> tuple[str, ...]:
    """Return what became of each statement, or the codes that it was refused with."""
    return tuple(
        "+".join(sorted({finding.code for finding in each.findings if finding.is_error}))
        if each.outcome == "refused"
        else each.outcome
        for each in migrated.statements
    )


@dataclass(frozen=True)
class Failure:
    """That a text failed, and how."""

    sqlstate: str | None


def run(connection: Connection, text: str) -> Rows | Failure:
    """Return the rows of the last query of a text; nothing of what it did is left."""
    found: Rows | None = None
    try:
        for cursor in connection.execute(text.encode()).results():
            if cursor.description is not None:
                columns = tuple(Column(each.name, each.type_display) for each in cursor.description)
                found = Rows(columns, cursor.fetchall())
    except Error as error:
        return Failure(error.sqlstate)
    finally:
        connection.rollback()
    assert found is not None, text
    return found


def difference(old: Rows | Failure, new: Rows | Failure, *, is_ordered: bool) -> str:
    """Say how two results differ; empty: in nothing."""
    if isinstance(old, Failure) or isinstance(new, Failure):
        return "" if old == new else f"{old} became {new}"
    if old.columns != new.columns:
        return f"columns {old.columns} became {new.columns}"
    found = compare(old, new)
    if not found.has_same_rows:
        return f"{len(found.only_old)} rows are gone, such as {found.only_old[:2]}, new ones: {found.only_new[:2]}"
    return "" if found.is_same_sequence or not is_ordered else f"row {found.out_of_place} is out of place"


@dataclass(frozen=True)
class Asked:
    """A patient that both versions are asked about."""

    context: Context
    legacy: Connection
    target: Connection
    answers: dict[str, Rows | Failure] = field(default_factory=dict)
    """What v0.5.0 said, by statement; each is asked once."""
    migrated: dict[tuple[str, Options], MigratedText] = field(default_factory=dict)
    """Texts that were migrated already."""

    def migrate(self, text: str, options: Options | None = None) -> MigratedText:
        """Return a text as it is for v0.6.0."""
        key = text, options or Options()
        if key not in self.migrated:
            self.migrated[key] = migrate_text(text, self.context, key[1])
        return self.migrated[key]

    def before(self, text: str) -> Rows | Failure:
        """Return what v0.5.0 says."""
        if text not in self.answers:
            self.answers[text] = run(self.legacy, text)
        return self.answers[text]

    def after(self, text: str) -> Rows | Failure:
        """Return what v0.6.0 says."""
        return run(self.target, text)


@contextmanager
def asked(lab: Lab, patient_id: str) -> Iterator[Asked]:
    """Yield a patient of a laboratory that was migrated."""
    with connect(lab.where.legacy, dbname=PREFIX + patient_id) as legacy, connect(lab.where.target) as target:
        context = load_context(target, patient_id)
        target.rollback()
        yield Asked(context, legacy, target)


@contextmanager
def generated_lab() -> Iterator[Lab]:
    """Yield a laboratory with the generated sandbox, a patient with bad values and one without migrated.

    Orphans are taken away: v0.6.0 does not know to which gene they belong, so what is asked about genes differs.
    """
    with laboratory(sandboxes.Generated(transcripts=600)) as lab:
        for table in ("cancer_transcript_base", "transcripts", "genes"):
            lab.change(WITH_BAD_VALUES, f"delete from {table} where {ORPHANS}")
        lab.migrate(CLEAN, WITH_BAD_VALUES)
        yield lab


@contextmanager
def lab_of_whole_genes(realdata: Path) -> Iterator[Lab]:
    """Yield a laboratory with a part of the real core, a real patient and a table of naive ratios migrated.

    Genes are kept with all their transcripts, because statements about isoforms need those.
    """
    with temporary_home() as folder:
        core, patients = folder / "core", folder / "patients"
        core.mkdir()
        patients.mkdir()
        for name in ("core_genes", "gene_go", "gene_pathways", "known_drugs"):
            shutil.copy(realdata / f"{name}.csv.gz", core)
        kept = _cut_transcripts(realdata, core)
        _cut_values(realdata / "patients" / f"{REAL_CLEAN}.csv.gz", kept, patients / f"{REAL_CLEAN}.csv.gz")
        _cut_values(realdata / "raw" / f"{VERSIONED}.csv.gz", kept, patients / f"{REAL_WITH_BAD_VALUES}.csv.gz")
        with laboratory(sandboxes.FromFiles(core, patients)) as lab:
            lab.migrate()
            yield lab


def _cut_transcripts(realdata: Path, core: Path) -> Set[str]:
    """Write the transcripts of the panel's genes and of some others; return their ids."""
    genes = sorted(row["gene_id"] for row in read(realdata / "core_genes.csv.gz"))
    wanted = {*genes[::EVERY_GENE], *(gene.gene_id for gene in Panel().genes())}
    rows = [row for row in read(realdata / "core_transcripts.csv.gz") if row["gene_id"] in wanted]
    _write(core / "core_transcripts.csv.gz", [list(rows[0]), *(list(row.values()) for row in rows)])
    return {row["transcript_id"] for row in rows}


def _cut_values(path: Path, kept: Set[str], to: Path) -> None:
    """Write a patient's rows of these transcripts, versions cut off."""
    values: dict[str, str] = {}
    for row in read(path):
        raw, value = list(row.values())[:2]
        transcript_id = raw.partition(".")[0]
        if transcript_id in kept:
            values.setdefault(transcript_id, value)
    _write(to, [["transcript_id", "expression_fold_change"], *map(list, values.items())])


def _write(path: Path, rows: list[list[str]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
        csv.writer(file).writerows(rows)
