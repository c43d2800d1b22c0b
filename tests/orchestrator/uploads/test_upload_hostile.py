"""Files that nobody meant to write: rows or one sentence, never a traceback, and never much memory."""

import csv
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_files import BIG, CORPUS, MEMORY_MB, mutilated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from upload_files import deseq2, gene, rows_of, transcript, written

from orchestrator.uploads.layout import Asked, UploadError
from orchestrator.uploads.read import UploadRow

ROOT = Path(__file__).resolve().parents[3]

EVERYWHERE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)


def tried(path: Path, asked: Asked = Asked()) -> list[UploadRow] | str:  # noqa: B008  # frozen
    """Return the rows of a file, or the sentence that it is refused with; any other error is a failure."""
    try:
        layout, rows = rows_of(path, asked)
    except UploadError as error:
        said = str(error)
        assert path.name in said and said.endswith(".") and "\n" not in said and len(said) < 2_000
        return said
    assert layout.sentence() and all(type(row.value) in (float, type(None)) for row in rows)
    return rows


@EVERYWHERE
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes(tmp_path: Path, content: bytes, is_gzip: bool) -> None:
    """As they are, below a good header, and compressed."""
    for whole in (content, b"gene,fc\n" + content, deseq2(5).encode() + content):
        tried(written(tmp_path, gzip.compress(whole, 1) if is_gzip else whole))


NAMES = st.sampled_from(
    ["", "gene", "gene_id", "symbol", "entrez", "tx", "id", "logFC", "log2FC", "fold_change", "fc", "b", "TPM", "padj",
     "a,b", "x\ny", 'q"q', "#c", " ", "7", "é"]
)  # fmt: skip
FIELDS = st.one_of(
    st.sampled_from(
        [gene(1), gene(2) + ".3", transcript(3), "TP53", "TP53|7157", "7157", "6-Mar", "", "NA", "1.5", "-2", "1,5",
         "Inf", "NaN", "1e999", "-1e999", "1_0", 'a"b', "a,b", "a\nb", "a;b", "\t", " ", "ENSMUSG00000000001",
         "99999999999999999"]
    ),
    st.floats().map(repr),
    st.text(max_size=5),
)  # fmt: skip
ROWS = st.integers(1, 6).flatmap(
    lambda width: st.tuples(
        st.lists(NAMES, min_size=width, max_size=width),
        st.lists(st.lists(FIELDS, min_size=width, max_size=width), max_size=8),
    )
)
ASKED = st.builds(
    Asked, st.sampled_from([None, "deseq2", "standard"]), st.none() | NAMES, st.none() | NAMES
)  # fmt: skip


@EVERYWHERE
@given(ROWS, st.sampled_from(",;\t"), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), ASKED)
def test_any_table(
    tmp_path: Path, rows: tuple[list[str], list[list[str]]], separator: str, quoting: int, asked: Asked
) -> None:
    """Whatever its header and fields are, and whatever is asked of it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerows([rows[0], *rows[1]])
    tried(written(tmp_path, buffer.getvalue().encode("utf-8", "replace")), asked)


def test_mutilated_files(tmp_path: Path) -> None:
    """Twenty ways to spoil a file, each at six places: most are refused, and some still have all of their rows."""
    outcomes = [tried(written(tmp_path, mutilated(number))) for number in range(CORPUS)]
    refused = [said for said in outcomes if isinstance(said, str)]
    assert len(refused) > CORPUS / 2 and len(set(refused)) > 30
    assert len(refused) < CORPUS


CHILD = """
import json, sys
from pathlib import Path
from orchestrator.uploads.layout import Asked, Layout, UploadError
from orchestrator.uploads.read import examine, read
said, rows = "", 0
try:
    layout = Layout("standard", "gene", "gene", "fc", "linear", ",") if sys.argv[2] == "read" else None
    rows = sum(len(some.lines) for some in read(Path(sys.argv[1]), layout or examine(Path(sys.argv[1]), Asked())))
except UploadError as error:
    said = str(error)
# Not getrusage, which begins with the memory of the process that started this one.
most = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([said, rows, int(most.split()[1]) / 1024]))
"""


@pytest.mark.parametrize("how", ["examine", "read"])
@pytest.mark.parametrize("name", BIG)
def test_memory(tmp_path: Path, name: str, how: str) -> None:
    """Of a process of its own, whether the columns are to be found or known."""
    content, words = BIG[name]
    path = written(tmp_path, content())
    done = subprocess.run([sys.executable, "-c", CHILD, path, how], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    said, rows, megabytes = json.loads(done.stdout)
    assert words in said and bool(said) == bool(words) and (said or rows), (said, rows)
    assert megabytes < MEMORY_MB, megabytes
    print(f"{name}, {how}: {megabytes:.0f} MB")
