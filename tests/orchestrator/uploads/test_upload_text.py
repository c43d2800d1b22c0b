"""Files as they come: compressed, in other encodings, of other kinds, broken off, and not there."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest
from upload_files import deseq2, gene, rows_of, written, zipped

from orchestrator.uploads import table
from orchestrator.uploads.layout import Asked, UploadError
from orchestrator.uploads.read import examine
from orchestrator.uploads.table import MAX_COLUMNS
from orchestrator.uploads.text import MAX_LINE

GOOD = deseq2(300)


def refused(path: Path) -> str:
    """Return the sentence that a file is refused with."""
    with pytest.raises(UploadError) as raised:
        rows_of(path)
    said = str(raised.value)
    assert path.name in said and "\n" not in said and str(path.parent) not in said and said.endswith(".")
    return said


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        GOOD.rstrip("\n").encode(),
        zipped(GOOD),
        gzip.compress(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()),
        zipped(GOOD[:5_000]) + zipped(GOOD[5_000:]),
        zipped(GOOD) + bytes(512),
    ],
)
def test_the_same_table_however_it_is_written(tmp_path: Path, content: bytes) -> None:
    """BOM, line ends, gzip of one or several members, whatever the name says: the same rows at the same lines."""
    expected = rows_of(written(tmp_path, GOOD))
    assert rows_of(written(tmp_path, content)) == expected
    assert len(expected[1]) == 300 and expected[1][-1].line == 301


def test_line_ends_across_blocks(tmp_path: Path) -> None:
    """A block of the file may end between CR and LF, or inside a character."""
    for padding in range(6):
        rows = "".join(f"{gene(number)},1.5,{'é' * 9}\r\n" for number in range(9_000))
        _, read = rows_of(written(tmp_path, f"gene,fc,{'x' * padding}\r\n{rows}"))
        assert len(read) == 9_000 and [row.line for row in read] == list(range(2, 9_002))


def workbook(inside: str) -> bytes:
    """Return a zip archive with a file of this name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(inside, "x")
    return buffer.getvalue()


OTHER = [
    (b"", "is empty"),
    (gzip.compress(b""), "is empty"),
    (b"\n\n", "no header"),
    (b"# only\n# comments\n", "no header"),
    (b"#\n" * 2_000, "no header"),
    (b"gene,fc\n", "a header, and no rows"),
    (b"gene,fc\n\n  \n", "a header, and no rows"),
    (b"\xef\xbb\xbf", "no header"),
    (b"gene\nENSG00000000001\n", "one column only"),
    (b"gene fc\nENSG00000000001 2\n", "one column only"),
    (b'"gene,fc\nENSG00000000001,2\n', "one column only"),
    (b'gene,"fc\nENSG00000000001,2\n', "a quote that opens here or above is not closed"),
    (workbook("[Content_Types].xml"), "is an Excel workbook: save it as CSV"),
    (workbook("table.csv"), "is a zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "is an Excel workbook"),
    (b"%PDF-1.7\n", "is a PDF"),
    (b"PAR1\x15\x04", "is a Parquet file"),
    (GOOD.encode("utf-16"), "is UTF-16: save it as CSV UTF-8"),
    (GOOD.encode("utf-16-le"), "line 1: has NUL bytes"),
    (b"gene,fc\nENSG00000000001,2\nENSG00000000\x00002,2\n", "line 3: has NUL bytes"),
    ("gene,fc,é\nENSG00000000001,2,é\nENSG00000000001,2,é\n".encode("latin-1"), "line 1: is not UTF-8"),
    (b"gene,fc,x\r\nENSG00000000001,2,\r\nENSG00000000001,2,\xe9\r\n", "line 3: is not UTF-8"),
    (b"gene,fc,x\rENSG00000000001,2,\r\xe9,2,\r", "line 3: is not UTF-8"),
    (b"gene,fc\nENSG00000000001,2\n\xc3", "line 3: is not UTF-8"),
    (zipped(GOOD)[:-9], "cut off or damaged"),
    (zipped(GOOD)[:200], "cut off or damaged"),
    (zipped(GOOD)[:5], "cut off or damaged"),
    (zipped(GOOD) + b"more", "cut off or damaged"),
    (zipped(GOOD)[:500] + bytes(500) + zipped(GOOD)[1_000:], "cut off or damaged"),
    (gzip.compress(zipped(GOOD)), "compressed twice"),
    (b"gene,fc\n" + b"x" * (MAX_LINE + 1) + b",2\n", "line 2: is longer than 1 MiB"),
    (b"gene,fc\n" + b"x" * 200_000 + b",2\n", "line 2: a quote"),
    (b"gene,fc" + b",x" * MAX_COLUMNS + b"\nX,1\n", "has 2,002 columns"),
]


@pytest.mark.parametrize(("content", "words"), OTHER, ids=[words for _, words in OTHER])
def test_what_is_no_table(tmp_path: Path, content: bytes, words: str) -> None:
    """One sentence each, with the line where there is one."""
    assert words in refused(written(tmp_path, content))


def test_more_lines_than_any_core_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows or blank lines, which compress well; the real limit is tried where memory is measured."""
    monkeypatch.setattr(table, "MAX_LINES", 20_000)
    for line in ("ENSG00000000001,1\n", "\n"):
        path = written(tmp_path, zipped("gene,fc\nENSG00000000001,1\n" + line * 20_001))
        assert "more than 20,000 lines" in refused(path)
    path = written(tmp_path, zipped("gene,fc\n" + "ENSG00000000001,1\n" * 19_999))
    assert len(rows_of(path)[1]) == 19_999


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """Missing, a folder, a pipe that nobody writes into, a device, and names that no file can have."""
    os.mkfifo(tmp_path / "pipe")
    assert "No such file" in refused(tmp_path / "missing.csv")
    assert "is no file" in refused(tmp_path)
    assert "is no file" in refused(tmp_path / "pipe")
    assert "is no file" in refused(Path("/dev/zero"))
    assert "cannot be read" in refused(tmp_path / ("x" * 300))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "cannot be read" in refused(tmp_path / "loop")
    with pytest.raises(UploadError, match="cannot be read"):
        examine(tmp_path / "nul\0name", Asked())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_without_the_right_to_read(tmp_path: Path) -> None:
    """The system's words."""
    path = written(tmp_path, GOOD)
    path.chmod(0)
    assert "Permission denied" in refused(path)


def test_names_in_sentences_are_short_and_on_one_line(tmp_path: Path) -> None:
    """Whatever a header holds; at most twenty columns are listed."""
    columns = ["gene", '"a\nb\x1b[31m"', *(f"c{number}" for number in range(30)), "\u202e"]
    path = written(tmp_path, ",".join(columns) + "\nX" + ",1" * 32 + "\n")
    said = refused(path)
    assert "a?b?[31m" in said and "c17" in said and "c18" not in said and "and 13 more" in said
    with pytest.raises(UploadError, match=r"^a\?b\?\.csv is empty\.$"):
        examine(written(tmp_path, b"", "a\nb\udcff.csv"), Asked())
    assert len(refused(written(tmp_path, "gene," + "y" * 500 + "\nX,1\n"))) < 250
