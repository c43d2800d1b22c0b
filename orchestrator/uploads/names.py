"""The names that columns have in tables of fold changes, in the spelling of `plain`."""

from orchestrator.uploads.layout import Scale

LOG2 = frozenset({
    "log2foldchange", "logfc", "log2fc", "lfc", "log2ratio", "avglog2fc", "log2foldchangemle", "logfoldchanges",
})  # fmt: skip
LINEAR = frozenset({"cancerfold", "foldchange", "expressionfoldchange", "fc", "fold", "ratio"})
STEMS: dict[str, Scale] = {"log2foldchange": "log2", "logfc": "log2", "log2fc": "log2", "foldchange": "linear"}
"""What names of several contrasts begin or end with: logFC.treated, A_vs_B_log2FoldChange."""
NO_CONTRASTS = ("se", "sd", "stderr", "error", "var", "lower", "upper", "pvalue", "padj")
"""How names go on that begin with a stem and are no fold changes: logFC_SE."""

OTHER_LOGARITHMS = frozenset({
    "b", "beta",  # of sleuth; limma's B is a log-odds, beside its logFC
    "avglogfc",  # of Seurat before its version 4
    "ln", "lnfc", "lnfoldchange", "lnratio", "logefc", "logefoldchange", "log10fc", "log10foldchange", "log10ratio",
})  # fmt: skip
LEVELS = frozenset({
    "fpkm", "fpkmuq", "fpkmuqunstranded", "fpkmunstranded", "rpkm", "tpm", "tpmunstranded", "cpm", "logcpm", "count",
    "counts", "rawcount", "rawcounts", "readcount", "readcounts", "numreads", "estcounts", "expectedcount",
    "normalizedcount", "normalizedcounts", "basemean", "aveexpr", "expression", "expr", "unstranded",
})  # fmt: skip
STATISTICS = frozenset({
    "padj", "pvalue", "pval", "p", "qvalue", "qval", "fdr", "adjpval", "adjpvalue", "stat", "t", "f", "lr", "lfcse",
    "svalue",
})  # fmt: skip

SAY_IDS = frozenset({
    "transcriptid", "transcript", "targetid", "ensembltranscriptid", "txid", "tx", "geneid", "gene", "ensembl",
    "ensemblgeneid", "ensemblid", "featureid", "symbol", "genesymbol", "genename", "hgncsymbol", "externalgenename",
    "entrez", "entrezid", "entrezgene", "entrezgeneid", "ncbigeneid",
})  # fmt: skip
MAY_BE_IDS = frozenset({"", "id", "name", "x", "rowname", "rownames", "unnamed:0"})
"""Names of ids, and of the row numbers that R and pandas write as well."""


def plain(name: str) -> str:
    """Return the name of a column as these are compared: without case, blanks, `_`, `.` and `-`."""
    return name.casefold().translate({ord(character): None for character in " \t\ufeff_.-"})


def scale_of(name: str) -> Scale | None:
    """Return the scale of a column of fold changes by its name; None: it does not say that it is one."""
    short = plain(name)
    if short in LOG2 or short in LINEAR:
        return "log2" if short in LOG2 else "linear"
    if short in OTHER_LOGARITHMS or short.endswith(NO_CONTRASTS):
        return None
    for stem, scale in STEMS.items():
        if (short.startswith(stem) or short.endswith(stem)) and (scale == "log2" or not _has_logarithm(short)):
            return scale
    return None


def _has_logarithm(short: str) -> bool:
    return "log" in short or "ln" in short
