"""A core read from CSV files (see `FromFiles`)."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from orchestrator.errors import UsageError
from orchestrator.sandbox.csv_files import columns, identifier, integer, malformed
from orchestrator.sandbox.rows import (
    MAX_CHROMOSOME,
    MAX_DRUG_NAME,
    MAX_ID,
    MAX_NAME,
    MAX_SYMBOL,
    Annotation,
    CoreRows,
    CrossReference,
    DrugInteraction,
    Gene,
    GoTerm,
    KnownDrug,
    Pathway,
    Transcript,
)

Row = TypeVar("Row", bound=tuple[object, ...])

PHASE = re.compile(r"-?[0-9]{1,2}(\.[0-9]+)?")

ANNOTATION_OF_GO_CATEGORY = {
    "molecular_function": "molecular_function",
    "cellular_component": "cellular_location",
}


class CoreFiles:
    """The CSV files of one core, of which the first `limit` transcripts are kept (None: all).

    Raises UsageError when the folder or one of its files is missing or malformed.
    """

    def __init__(self, folder: Path, limit: int | None) -> None:
        """Read genes and transcripts, which say what is kept of the other files."""
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder with the files of a core.")
        self._folder = folder
        self._references: set[CrossReference] = set()
        transcripts = self._read_transcripts()
        kept = transcripts[:limit]
        self.left_out = frozenset(transcript_id for _, transcript_id, _ in transcripts[len(kept) :])
        """Ids of the transcripts over the limit."""
        self._representative = {gene_id: id_ for is_other, id_, gene_id in reversed(kept) if not is_other}
        self._genes = self._read_genes({gene_id for _, _, gene_id in kept})
        self._transcripts = [
            # The files know no biotype of transcripts; the gene's stands in.
            Transcript(id_, gene_id, None, self._gene(gene_id, id_).gene_type)
            for _, id_, gene_id in sorted(kept, key=lambda row: row[1])
        ]

    def rows(self) -> CoreRows:
        """Read the other files and return all rows."""
        known_drugs = self._known_drugs()
        go_terms, go_annotations = self._go()
        return CoreRows(
            genes=list(self._genes.values()),
            transcripts=self._transcripts,
            gene_cross_references=self._cross_references(),
            gene_annotations=[*self._product_types(), *go_annotations],
            gene_pathways=self._pathways(),
            transcript_go_terms=go_terms,
            gene_drug_interactions=self._interactions(known_drugs),
            gene_publications=[],
            opentargets_known_drugs=known_drugs,
        )

    def _read_transcripts(self) -> list[tuple[bool, str, str]]:
        """Return (is not representative, transcript id, gene id), representative ones first, then by id."""
        path = self._folder / "core_transcripts.csv.gz"
        rows: list[tuple[bool, str, str]] = []
        for line, (transcript_id, gene_id, is_representative, refseq_id) in columns(
            path, "transcript_id", "gene_id", "is_representative", "mane_refseq"
        ):
            identifier(path, line, transcript_id, MAX_ID)
            rows.append((is_representative != "1", transcript_id, gene_id))
            if refseq_id:
                self._references.add(CrossReference(gene_id, "RefSeq", refseq_id[:MAX_SYMBOL]))
        return _first_of_each(sorted(rows), key=lambda row: row[1])

    def _read_genes(self, wanted: set[str]) -> dict[str, Gene]:
        path = self._folder / "core_genes.csv.gz"
        genes: dict[str, Gene] = {}
        for line, fields in columns(
            path, "gene_id", "gene_symbol", "gene_type", "chromosome",
            "start_position", "end_position", "strand", "description", "entrez_ids",
        ):  # fmt: skip
            gene_id, symbol, gene_type, chromosome, start, end, strand, description, entrez_ids = fields
            if gene_id not in wanted or gene_id in genes:
                continue
            genes[gene_id] = Gene(
                gene_id=identifier(path, line, gene_id, MAX_ID),
                gene_symbol=symbol[:MAX_SYMBOL],  # may be empty
                gene_name=description[:MAX_NAME] or None,
                gene_type=gene_type[:MAX_SYMBOL] or None,
                chromosome=chromosome[:MAX_CHROMOSOME] or None,
                start_position=integer(path, line, start),
                end_position=integer(path, line, end),
                strand=integer(path, line, strand),
                description=description or None,
            )
            self._references.update(
                CrossReference(gene_id, "EntrezGene", entrez_id[:MAX_SYMBOL])
                for entrez_id in entrez_ids.split("|")
                if entrez_id
            )
        return genes

    def _gene(self, gene_id: str, transcript_id: str) -> Gene:
        try:
            return self._genes[gene_id]
        except KeyError as error:
            raise UsageError(
                f"{self._folder / 'core_transcripts.csv.gz'}: transcript {transcript_id} belongs to "
                f"gene {gene_id}, which core_genes.csv.gz does not have."
            ) from error

    def _cross_references(self) -> list[CrossReference]:
        return sorted(row for row in self._references if row.gene_id in self._genes)

    def _product_types(self) -> list[Annotation]:
        return [
            Annotation(gene.gene_id, "product_type", gene.gene_type, "Ensembl")
            for gene in self._genes.values()
            if gene.gene_type
        ]

    def _pathways(self) -> list[Pathway]:
        path = self._folder / "gene_pathways.csv.gz"
        rows = [
            Pathway(gene_id, pathway_id[:MAX_SYMBOL], name, source[:MAX_ID])
            for _, (gene_id, pathway_id, name, source) in columns(
                path, "gene_id", "pathway_id", "pathway_name", "pathway_source"
            )
            if gene_id in self._genes
        ]
        return _first_of_each(sorted(rows), key=lambda row: (row.gene_id, row.pathway_id, row.pathway_source))

    def _go(self) -> tuple[list[GoTerm], list[Annotation]]:
        """Return GO terms of transcripts, and the annotations of genes that follow from them.

        The file has terms of genes. They go to the representative transcript only: repeated for each of a
        gene's transcripts, this one table would be larger than all others together.
        """
        path = self._folder / "gene_go.csv.gz"
        terms: list[GoTerm] = []
        annotations: set[Annotation] = set()
        for line, (gene_id, go_id, term, category, evidence) in columns(
            path, "gene_id", "go_id", "go_term", "go_category", "evidence_code"
        ):
            if gene_id not in self._genes:
                continue
            if gene_id in self._representative:
                go_id = identifier(path, line, go_id, 20)
                terms.append(GoTerm(self._representative[gene_id], go_id, term, category[:50], evidence[:10]))
            if category in ANNOTATION_OF_GO_CATEGORY:
                annotations.add(Annotation(gene_id, ANNOTATION_OF_GO_CATEGORY[category], term, "GO"))
        unique = _first_of_each(sorted(terms), key=lambda row: (row.transcript_id, row.go_id))
        return unique, sorted(annotations)

    def _known_drugs(self) -> list[KnownDrug]:
        path = self._folder / "known_drugs.csv.gz"
        rows = [
            KnownDrug(
                molecule_chembl_id=id_ or None,
                molecule_name=name,
                target_gene_id=gene_id or None,
                clinical_phase=_phase(path, line, phase),
                clinical_phase_label=label or None,
                mechanism_of_action=mechanism or None,
                action_type=action or None,
                is_approved=approved == "true",
                ot_version=source,
            )
            for line, (id_, name, gene_id, phase, label, mechanism, action, approved, source) in columns(
                path, "molecule_chembl_id", "molecule_name", "target_gene_id", "clinical_phase",
                "clinical_phase_label", "mechanism_of_action", "action_type", "is_approved", "source",
            )
            if gene_id in self._genes or not gene_id
        ]  # fmt: skip
        return sorted(rows, key=_text_key)

    def _interactions(self, known_drugs: Iterable[KnownDrug]) -> list[DrugInteraction]:
        rows = [
            DrugInteraction(
                gene_id=drug.target_gene_id,
                drug_name=drug.molecule_name[:MAX_DRUG_NAME],
                drug_id=(drug.molecule_chembl_id or "")[:MAX_ID] or None,
                drug_chembl_id=(drug.molecule_chembl_id or "")[:MAX_ID] or None,
                interaction_type=(drug.action_type or "")[:MAX_SYMBOL] or None,
                clinical_phase=drug.clinical_phase,
                approval_status="Approved" if drug.is_approved else "Investigational",
                source=drug.ot_version[:MAX_ID],
            )
            for drug in known_drugs
            if drug.target_gene_id
        ]
        # By name alone: an id that is missing in one source would otherwise make a second row of one drug.
        return _first_of_each(sorted(rows, key=_text_key), key=lambda row: (row.gene_id, row.drug_name))


def _phase(path: Path, line: int, text: str) -> str | None:
    """Return a clinical phase, which may be 1.5, as numeric(3, 1) takes it."""
    if text and PHASE.fullmatch(text) is None:
        raise malformed(path, line, f"{text!r} is not a clinical phase")
    return text or None


def _first_of_each(rows: Iterable[Row], key: Callable[[Row], object]) -> list[Row]:
    """Return the first row of each key, in the order of `rows`."""
    first: dict[object, Row] = {}
    for row in rows:
        first.setdefault(key(row), row)
    return list(first.values())


def _text_key(row: tuple[object, ...]) -> tuple[str, ...]:
    """Return a sort key for a row with missing values, which come first."""
    return tuple("" if value is None else str(value) for value in row)
