"""The default sandbox: the panel, synthetic filler genes, and demo patients.

Every value follows from SHA-256 of the seed and an id: no generator whose sequence another version of Python
could change, no floating-point function that another machine could round differently.
"""

import math
from functools import partial
from hashlib import sha256

from orchestrator.sandbox.panel import Panel, read
from orchestrator.sandbox.rows import (
    Annotation,
    Content,
    CoreRows,
    FoldChanges,
    Gene,
    Patient,
    Publication,
    Transcript,
)
from orchestrator.sandbox.spec import Generated

BASELINE_PATIENT = "DEMO_BASELINE"
BAD_VALUES_PATIENT = "DEMO_BAD_VALUES"

FILLER_TYPES = ("protein_coding", "lncRNA", "processed_pseudogene", "miRNA", "snRNA")
FILLER_CHROMOSOMES = (*(str(number) for number in range(1, 23)), "X", "Y", "CHR_HSCHR6_MHC_COX_CTG1")

UNKNOWN_TRANSCRIPT = "ENST99999999901"
UNKNOWN_TRANSCRIPT_AT_BASELINE = "ENST99999999902"
VERSIONED_TRANSCRIPT = "ENST00000269571.8"

BAD_VALUES = (None, None, math.nan, math.nan, math.inf, -math.inf, 0.0, -0.0, -1.585, -2.32)
"""What is seen in the wild beside good values; the negative ones are log2 stored as linear."""

ORPHANS = ((VERSIONED_TRANSCRIPT, 12.5), (UNKNOWN_TRANSCRIPT, 2.5), (UNKNOWN_TRANSCRIPT_AT_BASELINE, 1.0))


def content(source: Generated) -> Content:
    """Return the core and the patients that `source` describes."""
    panel = Panel()
    filler_genes, filler_transcripts = _filler(source.transcripts - len(panel.transcript_ids))
    genes = [*panel.genes(), *filler_genes]
    core = CoreRows(
        genes=genes,
        transcripts=[*panel.transcripts(), *filler_transcripts],
        gene_cross_references=panel.cross_references(),
        gene_annotations=[*panel.annotations(), *map(_product_type, filler_genes)],
        gene_pathways=panel.pathways(),
        transcript_go_terms=panel.go_terms(),
        gene_drug_interactions=panel.drug_interactions(),
        gene_publications=[_publication(gene, number) for number, gene in enumerate(panel.genes())],
        opentargets_known_drugs=panel.known_drugs(),
    )
    background = [transcript.transcript_id for transcript in filler_transcripts]
    return Content(core, _patients(source, panel, background))


def _filler(count: int) -> tuple[list[Gene], list[Transcript]]:
    """Return genes with `count` transcripts in all: 1, 2, 3, 4, 5, 1, 2, … a gene."""
    genes: list[Gene] = []
    transcripts: list[Transcript] = []
    while len(transcripts) < count:
        number = len(genes) + 1
        gene = _filler_gene(number)
        genes.append(gene)
        for _ in range(min((number - 1) % 5 + 1, count - len(transcripts))):
            transcript_id = f"ENST9{len(transcripts) + 1:010}"  # real ids begin with ENST0
            transcripts.append(Transcript(transcript_id, gene.gene_id, None, gene.gene_type))
    return genes, transcripts


def _filler_gene(number: int) -> Gene:
    start = 10_000 * number
    return Gene(
        gene_id=f"ENSG9{number:010}",
        gene_symbol="" if number % 3 == 0 else f"SYN{number}",  # a third has no symbol, as real ones
        gene_name=f"synthetic gene {number}",
        gene_type=FILLER_TYPES[number % len(FILLER_TYPES)],
        chromosome=FILLER_CHROMOSOMES[number % len(FILLER_CHROMOSOMES)],
        start_position=start,
        end_position=start + 5_000,
        strand=1 if number % 2 else -1,
        description=None,
    )


def _product_type(gene: Gene) -> Annotation:
    return Annotation(gene.gene_id, "product_type", gene.gene_type or "", "MEDIABASE sandbox")


def _publication(gene: Gene, number: int) -> Publication:
    # PubMed has no id of this size: nobody can take it for a real one.
    return Publication(gene.gene_id, f"99{number:07}", mention_count=1, first_seen_year=2000)


def _patients(source: Generated, panel: Panel, background: list[str]) -> list[Patient]:
    """Return the demo patients, those with a signature in the order of the file."""
    signatures: dict[str, list[dict[str, str]]] = {}
    for row in read("signatures"):
        signatures.setdefault(row["patient_id"], []).append(row)
    return [
        *(
            Patient(patient_id, partial(_with_signature, source, patient_id, panel, rows, background))
            for patient_id, rows in signatures.items()
        ),
        Patient(BASELINE_PATIENT, list),
        Patient(BAD_VALUES_PATIENT, partial(_with_bad_values, source, background)),
    ]


def _with_signature(
    source: Generated, patient_id: str, panel: Panel, signature: list[dict[str, str]], background: list[str]
) -> FoldChanges:
    """Return the signature on the panel, and 9 to 14 % of all transcripts not at the baseline.

    The panel's other genes stay at the baseline, so that the signature holds whatever the seed.
    """
    values: list[tuple[str, float | None]] = []
    for row in signature:
        transcript_id = panel.transcript_ids[row["gene_symbol"]]
        draw = _draw(source.seed, patient_id, transcript_id)
        values.append((transcript_id, _between(float(row["lowest"]), float(row["highest"]), draw)))
    per_mille = 90 + _draw(source.seed, patient_id) % 51
    count = source.transcripts * per_mille // 1000 - len(values)
    return [*values, *_changed(source, patient_id, background, count)]


def _with_bad_values(source: Generated, background: list[str]) -> FoldChanges:
    """Return one transcript for each bad value, three orphans, and 5 % with good values."""
    good = _changed(source, BAD_VALUES_PATIENT, background[len(BAD_VALUES) :], source.transcripts // 20)
    return [*zip(background, BAD_VALUES, strict=False), *ORPHANS, *good]


def _changed(source: Generated, patient_id: str, transcript_ids: list[str], count: int) -> FoldChanges:
    """Return `count` of the transcripts with a value of 0.1 to 0.85 or 1.2 to 5."""
    draws = sorted((_draw(source.seed, patient_id, id_), id_) for id_ in transcript_ids)
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
