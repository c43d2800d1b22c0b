"""Files as laboratories hand them over, made for a test."""

import gzip
import random
from pathlib import Path

from orchestrator.uploads.layout import Asked, Layout
from orchestrator.uploads.read import UploadRow, examine, read

NOTHING_ASKED = Asked()
DESEQ2_HEADER = ["", "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"]


def written(folder: Path, content: str | bytes, name: str = "file.csv") -> Path:
    """Write a file as it is given."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(content: str) -> bytes:
    """Return text as gzip."""
    return gzip.compress(content.encode(), 1)


def transcript(number: int) -> str:
    """Return the transcript id with this number."""
    return f"ENST{number:011d}"


def gene(number: int) -> str:
    """Return the gene id with this number."""
    return f"ENSG{number:011d}"


def deseq2(rows: int, separator: str = ",", seed: int = 0) -> str:
    """Return a table as R's write.csv writes what DESeq2 returns: row names without a header, NA, both signs."""
    chance = random.Random(seed)  # noqa: S311  # for a test
    lines = [separator.join(f'"{name}"' for name in DESEQ2_HEADER)]
    for number in range(rows):
        values = [repr(chance.gauss(0, 2)) for _ in DESEQ2_HEADER[1:]]
        values[-1] = "NA" if number % 7 == 3 else values[-1]
        lines.append(separator.join([f'"{gene(number + 1)}"', *values]))
    return "\n".join(lines) + "\n"


def rows_of(path: Path, asked: Asked = NOTHING_ASKED) -> tuple[Layout, list[UploadRow]]:
    """Examine a file and read all of it. Raises UploadError."""
    layout = examine(path, asked)
    return layout, [UploadRow(*row) for rows in read(path, layout) for row in zip(*rows, strict=True)]
