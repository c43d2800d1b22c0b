"""The default sandbox: the panel, synthetic filler genes, and demo patients."""

import math
from functools import partial

from orchestrator.sandbox.panel import Panel
from orchestrator.sandbox.profiles import Profile, profiles
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
from orchestrator.sandbox.values import changed, with_signature

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


def filler_id(number: int) -> str:
    """Return the id of a transcript beside the panel's, which are counted from 1."""
    return f"ENST9{number:010}"  # real ids begin with ENST0


def _filler(count: int) -> tuple[list[Gene], list[Transcript]]:
    """Return genes with `count` transcripts in all: 1, 2, 3, 4, 5, 1, 2, … a gene."""
    genes: list[Gene] = []
    transcripts: list[Transcript] = []
    while len(transcripts) < count:
        number = len(genes) + 1
        gene = _filler_gene(number)
        genes.append(gene)
        for _ in range(min((number - 1) % 5 + 1, count - len(transcripts))):
            transcripts.append(Transcript(filler_id(len(transcripts) + 1), gene.gene_id, None, gene.gene_type))
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
    """Return the demo patients, those with a signature in the order of their profiles."""
    return [
        *(
            Patient(profile.demo_patient, partial(_with_signature, source, profile, panel, background))
            for profile in profiles().values()
            if profile.demo_patient
        ),
        Patient(BASELINE_PATIENT, list),
        Patient(BAD_VALUES_PATIENT, partial(_with_bad_values, source, background)),
    ]


def _with_signature(source: Generated, profile: Profile, panel: Panel, background: list[str]) -> FoldChanges:
    signature = panel.by_transcript(profile.signature)
    return with_signature(source.seed, profile.demo_patient, signature, background, source.transcripts)


def _with_bad_values(source: Generated, background: list[str]) -> FoldChanges:
    """Return one transcript for each bad value, three orphans, and 5 % with good values."""
    good = changed(source.seed, BAD_VALUES_PATIENT, background[len(BAD_VALUES) :], source.transcripts // 20)
    return [*zip(background, BAD_VALUES, strict=False), *ORPHANS, *good]
