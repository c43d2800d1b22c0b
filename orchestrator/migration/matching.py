"""Which transcripts of the core the ids of a file name: by transcript, gene, symbol or Entrez id."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from psycopg import sql

from orchestrator.legacy.survey import CoreIds
from orchestrator.postgres.connection import Connection
from orchestrator.postgres.statements import statement
from orchestrator.uploads.layout import IdKind, strip_version

Rule = Literal["representative", "all"]
"""Which transcripts a value of a gene goes to: one, or each of them."""
Matcher = Callable[[str], Sequence[str]]
"""Returns the transcripts that an id names; none when the core has no such id, or more than one such gene."""

NAMES = {
    "gene": "select gene_id as name, gene_id from public.genes",
    "symbol": "select gene_symbol as name, gene_id from public.genes where gene_symbol <> ''",
    "entrez": "select distinct external_id as name, gene_id from public.gene_cross_references "
    "where external_db in ('NCBI', 'EntrezGene')",
}
REPRESENTATIVE = (
    "transcripts.transcript_type is not distinct from 'protein_coding' desc, "
    'transcripts.transcript_support_level, transcripts.transcript_id collate "C"'
)
"""The core knows no canonical transcript: one that codes for a protein, then the best supported, then the lowest id."""


def matcher(core: CoreIds, kind: IdKind, rule: Rule) -> Matcher:
    """Return what finds the transcripts that ids of this kind name in the core."""
    if kind == "transcript":
        transcripts = core.load()
        return lambda raw_id: (
            (raw_id,) if raw_id in transcripts else (found,) if (found := strip_version(raw_id)) in transcripts else ()
        )
    if kind == "symbol|entrez":
        by_symbol, by_entrez = core.named("symbol", rule), core.named("entrez", rule)

        def by_both(raw_id: str) -> Sequence[str]:
            symbol, _, entrez = raw_id.partition("|")
            return by_entrez.get(entrez) or by_symbol.get(symbol, ())

        return by_both
    found_by = core.named(kind, rule)
    if kind == "gene":
        return lambda raw_id: found_by.get(strip_version(raw_id), ())
    return lambda raw_id: found_by.get(raw_id, ())


def genes_named(target: Connection, kind: str, rule: str) -> Mapping[str, Sequence[str]]:
    """Return the transcripts that stand for each gene, by a kind of name: gene, symbol or entrez."""
    query = statement(__package__, "gene_transcripts").format(names=sql.SQL(NAMES[kind]), order=sql.SQL(REPRESENTATIVE))
    rows = target.execute(query).fetchall()
    last = 1 if rule == "representative" else None
    return {str(name): ids[:last] for name, ids in rows}  # type: ignore[index]  # text[]
