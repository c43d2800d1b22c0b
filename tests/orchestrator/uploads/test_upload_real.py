"""Real files, as they were published."""

import math
from collections import Counter
from pathlib import Path

import pytest
from upload_files import rows_of

from orchestrator.uploads.layout import Asked, Layout, UploadError
from orchestrator.uploads.read import examine

FILES = [
    ("DE-LUAD-GSE282617", Layout("deseq2", "", "gene", "log2FoldChange", "log2", ","), 29_272),
    ("DE-PRAD-GDCRNATools", Layout("deseq2", "gene_id", "gene", "logFC", "log2", ","), 15_509),
    ("DE-PREECLAMPSIA-isoformic", Layout("deseq2", "gene_id", "gene", "log2FC", "log2", ","), 21_637),
    ("DE-TCGA-LUAD", Layout("deseq2", "", "gene", "log2FoldChange", "log2", ","), 26_775),
    (
        "MAC-diku-1-IFNg_naive_ratio_versionedENST",
        Layout("standard", "transcript_id", "transcript", "cancer_fold", "linear", ","),
        205_870,
    ),
    (
        "TCGA-3X-AAV9-01A_naive_ratio_symbol_entrez",
        Layout("standard", "gene_id", "symbol|entrez", "fold_change", "linear", ","),
        20_531,
    ),
]


@pytest.mark.parametrize(("name", "layout", "rows"), FILES, ids=[name for name, _, _ in FILES])
def test_layout_and_rows(realdata: Path, name: str, layout: Layout, rows: int) -> None:
    """As its README says of each."""
    found, read = rows_of(realdata / "raw" / f"{name}.csv.gz")
    assert found == layout and len(read) == rows
    assert read[-1].line == rows + 1


def test_values(realdata: Path) -> None:
    """log2 becomes linear; NaN, infinite and zero stay what they are."""
    _, read = rows_of(realdata / "raw" / "DE-TCGA-LUAD.csv.gz")
    by_id = {row.raw_id: row.value for row in read}
    assert by_id["ENSG00000147689"] == 2**6.79321670926574  # FAM83A
    assert round(by_id["ENSG00000168484"] or 0, 3) == 0.037  # SFTPC
    _, read = rows_of(realdata / "raw" / "MAC-diku-1-IFNg_naive_ratio_versionedENST.csv.gz")
    kinds = Counter(
        "nan" if math.isnan(value) else "inf" if math.isinf(value) else "zero" if value == 0 else "other"
        for _, _, value in read
        if value is not None
    )
    assert (kinds["nan"], kinds["inf"], kinds["zero"]) == (95_857, 15_938, 15_957)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BAD-airway-no-gene-id", "has no column with ids"),
        ("TCGA-67-6216-01A_FPKM-UQ_versionedENSG_PAR", r"expression levels \(FPKM_UQ\), not fold changes"),
    ],
)
def test_refused(realdata: Path, name: str, words: str) -> None:
    """A table that lost its row names, and one that holds no fold changes."""
    with pytest.raises(UploadError, match=words):
        examine(realdata / "raw" / f"{name}.csv.gz", Asked())


def test_every_patient_of_the_data_set(realdata: Path) -> None:
    """Linear fold changes of transcripts, all of them."""
    files = sorted((realdata / "patients").glob("*.csv.gz"))
    assert len(files) == 40
    for path in files:
        layout = examine(path, Asked())
        assert (layout.id_kind, layout.scale, layout.value_column) == ("transcript", "linear", "expression_fold_change")
