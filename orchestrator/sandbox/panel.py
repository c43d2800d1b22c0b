"""The panel: about 120 cancer genes under their public identifiers, and what is known about them."""

from collections.abc import Iterator, Mapping
from csv import DictReader
from importlib.resources import files

from orchestrator.sandbox.rows import (
    Annotation,
    Bounds,
    CrossReference,
    DrugInteraction,
    Gene,
    GoTerm,
    KnownDrug,
    Pathway,
    Transcript,
)

FACT_SOURCE = "MEDIABASE sandbox"
EXTERNAL_DATABASES = {
    "uniprot_id": "UniProt",
    "entrez_id": "EntrezGene",
    "refseq_id": "RefSeq",
    "pdb_id": "PDB",
}
ANNOTATION_OF_KIND = {"molecular_function": "molecular_function", "cellular_component": "cellular_location"}
GO_KINDS = frozenset({"molecular_function", "biological_process", "cellular_component"})


def read(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of this package's file `name`.csv."""
    text = files(__package__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return DictReader(text.splitlines())


class Panel:
    """The rows that the panel contributes to each table of the core."""

    def __init__(self) -> None:
        """Read panel.csv and panel_facts.csv."""
        self._genes = list(read("panel"))
        self._facts = list(read("panel_facts"))
        self._gene_ids = {row["gene_symbol"]: row["gene_id"] for row in self._genes}
        self.transcript_ids = {row["gene_symbol"]: row["transcript_id"] for row in self._genes}
        """Transcript id of each gene symbol."""

    def by_transcript(self, signature: Mapping[str, Bounds]) -> dict[str, Bounds]:
        """Return the signature of some genes, by symbol, as one of their transcripts."""
        return {self.transcript_ids[symbol]: bounds for symbol, bounds in signature.items()}

    def genes(self) -> list[Gene]:
        """Return the genes."""
        return [
            Gene(
                gene_id=row["gene_id"],
                gene_symbol=row["gene_symbol"],
                gene_name=row["gene_name"],
                gene_type=row["gene_type"],
                chromosome=row["chromosome"],
                start_position=int(row["start_position"]),
                end_position=int(row["end_position"]),
                strand=int(row["strand"]),
                description=row["role"],
            )
            for row in self._genes
        ]

    def transcripts(self) -> list[Transcript]:
        """Return the transcripts, one a gene."""
        return [
            Transcript(row["transcript_id"], row["gene_id"], f"{row['gene_symbol']}-201", row["gene_type"])
            for row in self._genes
        ]

    def cross_references(self) -> list[CrossReference]:
        """Return the ids of the genes elsewhere."""
        return [
            CrossReference(row["gene_id"], database, row[column])
            for row in self._genes
            for column, database in EXTERNAL_DATABASES.items()
            if row[column]
        ]

    def annotations(self) -> list[Annotation]:
        """Return product types, molecular functions and cellular locations."""
        product_types = [
            Annotation(row["gene_id"], "product_type", row["product_type"], FACT_SOURCE) for row in self._genes
        ]
        return product_types + [
            Annotation(gene_id, ANNOTATION_OF_KIND[fact["kind"]], fact["name"], "GO")
            for gene_id, fact in self._facts_of(frozenset(ANNOTATION_OF_KIND))
        ]

    def pathways(self) -> list[Pathway]:
        """Return the pathways."""
        return [
            Pathway(gene_id, fact["id"], fact["name"], fact["detail"])
            for gene_id, fact in self._facts_of(frozenset({"pathway"}))
        ]

    def go_terms(self) -> list[GoTerm]:
        """Return the GO terms."""
        return [
            GoTerm(
                transcript_id=self.transcript_ids[fact["gene_symbol"]],
                go_id=fact["id"],
                go_term=fact["name"],
                go_category=fact["kind"],
                evidence_code=fact["detail"],
            )
            for _, fact in self._facts_of(GO_KINDS)
        ]

    def drug_interactions(self) -> list[DrugInteraction]:
        """Return the drugs of the genes, all approved ones."""
        return [
            DrugInteraction(
                gene_id=gene_id,
                drug_name=fact["name"],
                drug_id=fact["id"] or None,
                drug_chembl_id=fact["id"] or None,
                interaction_type=fact["detail"],
                clinical_phase="4",
                approval_status="Approved",
                source=FACT_SOURCE,
            )
            for gene_id, fact in self._facts_of(frozenset({"drug"}))
        ]

    def known_drugs(self) -> list[KnownDrug]:
        """Return the same drugs as Open Targets lists them."""
        return [
            KnownDrug(
                molecule_chembl_id=drug.drug_chembl_id,
                molecule_name=drug.drug_name,
                target_gene_id=drug.gene_id,
                clinical_phase=drug.clinical_phase,
                clinical_phase_label="Approved",
                mechanism_of_action=None,
                action_type=drug.interaction_type,
                is_approved=True,
                ot_version=FACT_SOURCE,
            )
            for drug in self.drug_interactions()
        ]

    def _facts_of(self, kinds: frozenset[str]) -> Iterator[tuple[str, dict[str, str]]]:
        for fact in self._facts:
            if fact["kind"] in kinds:
                yield self._gene_ids[fact["gene_symbol"]], fact
