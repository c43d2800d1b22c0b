"""What a file is taken for, and what is refused with which words."""

from pathlib import Path

import pytest
from upload_files import deseq2, gene, rows_of, transcript, written

from orchestrator.uploads.layout import Asked, Layout, UploadError
from orchestrator.uploads.read import examine

DESEQ2, STANDARD = Asked("deseq2"), Asked("standard")


def table(header: str, *columns: list[str]) -> str:
    """Return a CSV of these columns."""
    return "\n".join([header, *(",".join(fields) for fields in zip(*columns, strict=True))]) + "\n"


GENES = [gene(number) for number in range(1, 61)]
TRANSCRIPTS = [f"{transcript(number)}.{number % 9 + 1}" for number in range(1, 61)]
SYMBOLS = [f"GENE{number}" for number in range(1, 61)]
ENTREZ = [str(100_130_000 + number) for number in range(60)]
PAIRS = [f"{symbol}|{number}" for symbol, number in zip(SYMBOLS, ENTREZ, strict=True)]
NUMBERS = [str(number) for number in range(1, 61)]
LOG2 = [str(number / 10 - 3.05) for number in range(60)]
LINEAR = [str(number / 10 + 0.05) for number in range(60)]
MOUSE = [f"ENSMUSG{number:011d}" for number in range(60)]
RAT = [f"ENSRNOG{number:011d}.4" for number in range(60)]


@pytest.mark.parametrize(
    "name",
    [
        "log2FoldChange",
        "LOG2_FOLD_CHANGE",
        "logFC",
        "log2FC",
        "LFC",
        "log2.ratio",
        "avg_log2FC",
        "log2FoldChange (MLE)",
    ],
)
def test_log2_by_name(tmp_path: Path, name: str) -> None:
    """DESeq2, edgeR, limma and Seurat; case, blanks and points do not matter; values become linear."""
    name = name.replace("(", "").replace(")", "")
    layout, rows = rows_of(written(tmp_path, table(f"gene_id,{name}", GENES, LOG2)))
    assert layout == Layout("deseq2", "gene_id", "gene", name, "log2", ",")
    assert [row.value for row in rows] == [2.0 ** float(value) for value in LOG2]


@pytest.mark.parametrize("name", ["cancer_fold", "fold_change", "FoldChange", "expression_fold_change", "fc", "ratio"])
def test_linear_by_name(tmp_path: Path, name: str) -> None:
    """Values stay what they are."""
    layout, rows = rows_of(written(tmp_path, table(f"transcript_id,{name}", TRANSCRIPTS, LINEAR)))
    assert layout == Layout("standard", "transcript_id", "transcript", name, "linear", ",")
    assert [row.value for row in rows] == [float(value) for value in LINEAR]
    assert [row.raw_id for row in rows] == TRANSCRIPTS


def test_statistics_are_no_fold_changes(tmp_path: Path) -> None:
    """Neither the error of the fold change nor its p is taken."""
    header = "gene,baseMean,log2FoldChange,lfcSE,logFC_SE,stat,pvalue,padj"
    content = table(header, GENES, LINEAR, LOG2, LINEAR, LINEAR, LOG2, LINEAR, LINEAR)
    assert examine(written(tmp_path, content), Asked()).value_column == "log2FoldChange"


@pytest.mark.parametrize(
    ("header", "ids", "kind"),
    [
        ("transcript_id", TRANSCRIPTS, "transcript"),
        ("target_id", [transcript(number) for number in range(60)], "transcript"),
        ("whatever", TRANSCRIPTS, "transcript"),
        ("Name", [f"{transcript(number)}.2|{gene(1)}.1|-|X-202|X|1657|lncRNA|" for number in range(60)], "transcript"),
        ("", [f"{each}|TSPAN6" for each in GENES], "gene"),
        ("gene", GENES, "gene"),
        ("anything", [each + ".15_PAR_Y" for each in GENES], "gene"),
        ("", [f"ENSGR{number:010d}.1" for number in range(60)], "gene"),
        ("X", GENES, "gene"),
        ("gene", SYMBOLS, "symbol"),
        ("Gene Symbol", [*SYMBOLS[:56], "6-Mar", "Sep-02", "NA", ""], "symbol"),
        ("gene", ENTREZ, "entrez"),
        ("ENTREZID", NUMBERS, "entrez"),
        ("", ENTREZ, "entrez"),
        ("gene_id", ["?|100130426", *PAIRS[1:]], "symbol|entrez"),
        ("gene_id", [*GENES[:54], *SYMBOLS[:6]], "gene"),
    ],
)
def test_kinds_of_ids(tmp_path: Path, header: str, ids: list[str], kind: str) -> None:
    """Decided by the ids themselves, whatever their column is called; nine of ten are enough."""
    layout = examine(written(tmp_path, table(f"logFC,{header}", LOG2, ids)), Asked())
    assert (layout.id_column, layout.id_kind) == (header, kind)


def test_the_most_exact_ids_are_taken(tmp_path: Path) -> None:
    """Transcripts before genes, symbols with Entrez, Entrez, and symbols."""
    columns = [("symbol", SYMBOLS), ("entrez", ENTREZ), ("gene_id", PAIRS), ("ensembl", GENES), ("tx", TRANSCRIPTS)]
    for expected in ("tx", "ensembl", "gene_id", "entrez", "symbol"):
        header = ",".join(name for name, _ in columns)
        path = written(tmp_path, table(f"{header},fc", *(ids for _, ids in columns), LINEAR))
        assert examine(path, Asked()).id_column == expected
        columns.pop()
    asked = Asked(id_column="Symbol")
    path = written(tmp_path, table("symbol,ensembl,fc", SYMBOLS, GENES, LINEAR))
    assert examine(path, asked).id_kind == "symbol" and examine(path, Asked()).id_kind == "gene"


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_separators(tmp_path: Path, separator: str) -> None:
    """By the header, where quoted names may hold the others."""
    content = deseq2(60, separator).replace('"stat"', '"s,t,a,t;;;;;;;;;,,,,,,,,\t\t\t\t\t\t\t\t"')
    layout, rows = rows_of(written(tmp_path, content))
    assert layout.separator == separator and len(rows) == 60


def test_row_names_without_a_header(tmp_path: Path) -> None:
    """R's write.table leaves out the name of the first column; decimal commas look like that, too."""
    content = "logFC\tPValue\n" + "".join(f"{each}\t{value}\t0.1\n" for each, value in zip(GENES, LOG2, strict=True))
    layout, rows = rows_of(written(tmp_path, content))
    assert layout == Layout("deseq2", "", "gene", "logFC", "log2", "\t")
    assert (rows[0].line, rows[0].raw_id, rows[0].value) == (2, GENES[0], 2.0 ** float(LOG2[0]))
    assert len(rows_of(written(tmp_path, content.replace("\t", ",")))[1]) == 60
    commas = table("gene,logFC", GENES, [value.replace(".", ",") for value in LOG2])
    with pytest.raises(UploadError, match="one field more than the header: write decimals as points"):
        examine(written(tmp_path, commas), Asked())


def test_comments_above_the_header(tmp_path: Path) -> None:
    """As the GDC writes; lines are counted all the same."""
    content = "# gene-model: GENCODE v36\n\n#\n" + table("gene,fc", GENES, LINEAR)
    layout, rows = rows_of(written(tmp_path, content))
    assert layout.id_column == "gene" and rows[0].line == 5


ASKED = [
    ("gene,logFC", LINEAR, DESEQ2, ("deseq2", "log2")),
    ("gene,logFC", LINEAR, STANDARD, ("standard", "linear")),
    ("gene,fold_change", LOG2, DESEQ2, ("deseq2", "log2")),
    ("gene,mine", LOG2, Asked("deseq2", value_column="mine"), ("custom", "log2")),
    ("gene,mine", LINEAR, Asked("standard", "gene", "MINE"), ("custom", "linear")),
    ("gene,A_vs_B.logFC", LOG2, Asked(value_column="A_vs_B.logFC"), ("custom", "log2")),
]


@pytest.mark.parametrize(("header", "values", "asked", "expected"), ASKED)
def test_what_is_asked_decides(
    tmp_path: Path, header: str, values: list[str], asked: Asked, expected: tuple[str, str]
) -> None:
    """The format before the header's word, and a column by its name."""
    layout = examine(written(tmp_path, table(header, GENES, values)), asked)
    assert (layout.file_format, layout.scale) == expected


def test_a_format_chooses_among_columns(tmp_path: Path) -> None:
    """A table with both needs to be told, and is."""
    path = written(tmp_path, table("gene,FoldChange,log2FoldChange", GENES, LINEAR, LOG2))
    assert examine(path, STANDARD).value_column == "FoldChange"
    assert examine(path, DESEQ2).value_column == "log2FoldChange"
    assert examine(path, Asked(value_column="FoldChange")).scale == "linear"
    with pytest.raises(UploadError, match=r"\(FoldChange, log2FoldChange\).*--value-column"):
        examine(path, Asked())


REFUSED = [
    ("gene,fold_change", (GENES, LOG2), Asked(), r"fold_change has negative values \(line 2\).*--format deseq2"),
    ("gene,fold_change", (GENES, LOG2), STANDARD, "has negative values"),
    ("gene,logFC", (GENES, LOG2), STANDARD, "has negative values"),
    ("gene,logFC", (GENES, LINEAR), Asked(), "no negative value in 60 rows.*--format standard"),
    ("gene,logFC.a,logFC.b", (GENES, LOG2, LOG2), Asked(), r"\(logFC.a, logFC.b\): say which with --value-column"),
    ("gene,logFC,logFC.1", (GENES, LOG2, LOG2), Asked(), r"several columns of fold changes"),
    ("gene,logFC,logFC", (GENES, LOG2, LOG2), Asked(), "several columns of fold changes"),
    ("gene,logFC,logFC", (GENES, LOG2, LOG2), Asked(value_column="logFC"), "two columns logFC"),
    ("gene,gene,logFC", (GENES, GENES, LOG2), Asked(), "two columns gene"),
    ("gene,FPKM_UQ", (GENES, LINEAR), Asked(), r"expression levels \(FPKM_UQ\).*divide by normal tissue"),
    ("gene,FPKM_UQ", (GENES, LINEAR), Asked("standard", value_column="FPKM_UQ"), "expression levels"),
    ("gene,b,qval", (GENES, LOG2, LINEAR), Asked(), r"logarithms \(b\): convert"),
    ("gene,avg_logFC", (GENES, LOG2), Asked(), "logarithms"),
    ("gene,padj", (GENES, LINEAR), Asked("standard", value_column="padj"), "test statistic in column padj"),
    ("gene,mine", (GENES, LOG2), Asked(), "say which of gene, mine with --value-column"),
    ("gene,mine", (GENES, LOG2), Asked(value_column="mine"), "--format deseq2.*--format standard"),
    ("gene,logFC", (GENES, LOG2), Asked(value_column="fc"), "no column fc: it has gene, logFC"),
    ("gene,logFC", (GENES, LOG2), Asked(id_column="tx"), "no column tx: it has gene, logFC"),
    ("stat,logFC", (LINEAR, LOG2), Asked(), "no column with ids.*row names"),
    ("stat,logFC", (LINEAR, LOG2), Asked(id_column="stat"), "no column with ids"),
    (",logFC", (NUMBERS, LOG2), Asked(), "number its rows: pass --id-column"),
    ("gene,logFC", ([*GENES[:40], *SYMBOLS[:20]], LOG2), Asked(), "ids of several kinds in column gene"),
    ("gene,logFC", (MOUSE, LOG2), Asked(), "mouse genes"),
    ("symbol,some,logFC", (SYMBOLS, MOUSE, LOG2), Asked(), "column some are mouse genes"),
    ("gene,logFC", (RAT, LOG2), Asked(), "of another species"),
    ("gene,logFC", (GENES, ["NA"] * 60), Asked(), "logFC has no numbers"),
    (f"{GENES[0]},1.5", (GENES[1:], LINEAR[1:]), Asked(), "begins with values"),
    (f"{GENES[0]},1.5", (GENES[1:], LINEAR[1:]), Asked("standard", value_column="fc"), "begins with values"),
]


@pytest.mark.parametrize(("header", "columns", "asked", "words"), REFUSED)
def test_what_is_not_clear_is_refused(
    tmp_path: Path, header: str, columns: tuple[list[str], ...], asked: Asked, words: str
) -> None:
    """In one sentence that names the file, and never its folder or a value."""
    with pytest.raises(UploadError, match=words) as raised:
        examine(written(tmp_path, table(header, *columns)), asked)
    said = str(raised.value)
    assert said.startswith("file.csv") and said.endswith(".") and str(tmp_path) not in said
    assert not any(value in said for column in columns for value in column if "." in value)


def test_a_table_sorted_by_fold_change(tmp_path: Path) -> None:
    """Its first thousands go up; the first that goes down is looked for, and so are numbers below many NA."""
    up = [str(20 - number / 1000) for number in range(6_000)]
    genes = [gene(number) for number in range(6_001)]
    layout = examine(written(tmp_path, table("gene,logFC", genes, [*up, "-0.5"])), Asked())
    assert layout.scale == "log2"
    with pytest.raises(UploadError, match="no negative value in 6,001 rows"):
        examine(written(tmp_path, table("gene,logFC", genes, [*up, "0.5"])), Asked())
    assert examine(written(tmp_path, table("gene,fc", genes, [*["NA"] * 6_000, "0.5"])), Asked()).scale == "linear"


def test_few_log2_values_may_all_be_positive(tmp_path: Path) -> None:
    """A list of what went up most; a longer one needs a word of the user."""
    assert examine(written(tmp_path, table("gene,logFC", GENES[:49], LINEAR[:49])), Asked()).scale == "log2"
    with pytest.raises(UploadError, match="no negative value"):
        examine(written(tmp_path, table("gene,logFC", GENES[:50], LINEAR[:50])), Asked())


def test_row_numbers_beside_ids_are_left_alone(tmp_path: Path) -> None:
    """Of R and pandas; they are Entrez ids only where the user says so."""
    path = written(tmp_path, table(",symbol,logFC", NUMBERS[::-1], SYMBOLS, LOG2))
    assert examine(path, Asked()).id_column == "symbol"
    layout = examine(path, Asked(id_column=""))
    assert (layout.id_column, layout.id_kind) == ("", "entrez")


def test_sentence(tmp_path: Path) -> None:
    """Everything that was found out, in words."""
    assert examine(written(tmp_path, deseq2(60)), Asked()).sentence() == (
        "log2 fold changes in column log2FoldChange, Ensembl genes in the row names, separated by commas"
    )
