"""The rows of a file: ids as written, values to the last bit, and a line for everything that is wrong."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upload_files import gene, rows_of, written

from orchestrator.uploads.layout import Asked, UploadError, is_spreadsheet_date, strip_version
from orchestrator.uploads.numbers import parse, to_linear
from orchestrator.uploads.read import UploadRow, examine, read

GOOD = [
    ("1.5", 1.5), ("-2e-3", -0.002), ("+4", 4.0), (".5", 0.5), ("5.", 5.0), ("1E5", 1e5), (" 7 ", 7.0),
    ("1.5\u00a0", 1.5), ("Inf", math.inf), ("-Inf", -math.inf), ("inf", math.inf), ("-Infinity", -math.inf),
    ("1e999", math.inf), ("4.9406564584124654e-324", 5e-324), ("0.1000000000000000055511151231257827", 0.1),
]  # fmt: skip
MISSING = ["", " ", "NA", "N/A", "null", "NULL", "#N/A", "None", " NA "]
BAD = [
    ("1,5", "decimal commas: write them as points"), ("-0,25", "decimal commas"), ("1,5e-3", "decimal commas"),
    ("1,234,567", "thousands"), ("1,234.5", "thousands"), ("1.234.567,8", "thousands"), ("1 234", "thousands"),
    ("1_000", "is no number"), ("0x10", "is no number"), ("up", "is no number"), ("#DIV/0!", "is no number"),
    ("#REF!", "is no number"), ("٣", "is no number"), ("\u22121.5", "is no number"), ("1.5.2", "is no number"),
    ("TRUE", "is no number"), ("1.5 ± 0.2", "is no number"), ("<0.01", "is no number"), ("na", "is no number"),
    ("1e", "is no number"), ("-", "is no number"), ("6-Mar", "is no number"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), GOOD)
def test_numbers(text: str, value: float) -> None:
    """As float() reads them, alone and among others that need a closer look."""
    assert parse([text]) == [value] and parse([text, " NA "]) == [value, None]


def test_nan_and_missing() -> None:
    """NaN is a number that is none; missing is None."""
    assert math.isnan(parse(["NaN"])[0] or 0) and math.isnan(parse(["nan", " NA"])[0] or 0)
    assert parse(MISSING) == [None] * len(MISSING)


@pytest.mark.parametrize(("text", "words"), BAD)
def test_what_is_no_number(tmp_path: Path, text: str, words: str) -> None:
    """The line, the column and what to do; never the value, which is a patient's."""
    content = f"gene\tlogFC\n{gene(1)}\t-1\n\n{gene(2)}\t{text}\n"
    with pytest.raises(UploadError, match=f"file.csv, line 4: column logFC has .*{words}") as raised:
        rows_of(written(tmp_path, content))
    said = str(raised.value).removeprefix("file.csv, line 4")
    assert text not in said or text == "-"
    assert raised.value.code == "MB052" and raised.value.__cause__ is None


@given(st.floats())
def test_every_float_comes_back(value: float) -> None:
    """Whatever has a text; log2 becomes 2 to that power, infinite beyond the range of floats, and never an error."""
    (read,) = parse([repr(value)])
    assert read is not None and (read == value or (read != read and value != value))
    (linear,) = to_linear([value], "log2")
    assert linear is not None
    if math.isnan(value):
        assert math.isnan(linear)
    elif value >= 1024:
        assert linear == math.inf
    else:
        assert linear == 2.0**value
    assert to_linear([None, value, 5000.0], "log2")[0] is None


def test_rows_with_everything(tmp_path: Path) -> None:
    """Quotes, blanks, versions, dates, missing and infinite values, and ids without a name."""
    content = (
        f'"gene",note,"cancer_fold"\n" {gene(1)}.7 ","a ""b"", c\nd",2.5\n{gene(2)}_PAR_Y,,NA\n\n  \n{gene(3)},x,Inf\n'
        f"{gene(4)},,0\n,,1\n" + "".join(f"{gene(number)},,1e-3\n" for number in range(5, 60))
    )
    _, rows = rows_of(written(tmp_path, content))
    assert rows[:5] == [
        UploadRow(3, f"{gene(1)}.7", 2.5),  # its note has two lines
        UploadRow(4, f"{gene(2)}_PAR_Y", None),
        UploadRow(7, gene(3), math.inf),
        UploadRow(8, gene(4), 0.0),
        UploadRow(9, "", 1.0),
    ]
    assert len(rows) == 60 and type(rows[0]) is UploadRow


def test_what_is_wrong_below_the_sample(tmp_path: Path) -> None:
    """Negatives, no numbers, other widths and open quotes are found at their line, however late."""
    good = "gene,fc\n" + "".join(f"{gene(number)},1.5\n" for number in range(1, 7_001))
    for row, words in (
        ("X,-0.1", r"negative values \(line 7002\)"),
        ("X,many", "line 7002: column fc has a value that is no number"),
        ("X,1,2", "line 7002: has 3 fields where the header has 2"),
        ("X", "line 7002: has 1 fields where the header has 2"),
        ("X" * 501 + ",1", "line 7002: column gene has more than 500 characters, so it is no id"),
        ('"X,1', "line 7003: a quote"),
        ('"X"Y,1', "line 7002: a quote"),
    ):
        with pytest.raises(UploadError, match=words):
            rows_of(written(tmp_path, f"{good}{row}\n{gene(1)},1\n"))
    assert len(rows_of(written(tmp_path, good + "\n" * 3_000 + f"{gene(1)},1\n"))[1]) == 7_001


def test_a_file_that_changed_since_it_was_examined(tmp_path: Path) -> None:
    """Is not read by the columns of another."""
    path = written(tmp_path, f"gene,fc\n{gene(1)},1\n")
    layout = examine(path, Asked())
    written(tmp_path, f"gene,logFC\n{gene(1)},1\n")
    with pytest.raises(UploadError, match="examine it again"):
        list(read(path, layout))


VERSIONS = [
    ("ENST00000456328.2", "ENST00000456328"),
    ("ENST00000456328", "ENST00000456328"),
    ("ENSG00000182378.15_PAR_Y", "ENSG00000182378_PAR_Y"),
    ("ENSG00000182378_PAR_Y", "ENSG00000182378_PAR_Y"),
    ("ENSGR0000182378.10", "ENSGR0000182378"),
    ("ENST00000456328.2|ENSG00000290825.1|-|OTTHUMT00000362751.1|DDX11L2-202|DDX11L2|1657|lncRNA|", "ENST00000456328"),
    ("ENSG00000000003|TSPAN6", "ENSG00000000003"),
    ("RP11-34P13.7", "RP11-34P13.7"),
    ("TP53|7157", "TP53|7157"),
    ("ENSG00000182378.", "ENSG00000182378."),
    ("ENSG00000182378.x", "ENSG00000182378.x"),
    ("", ""),
]


@pytest.mark.parametrize(("raw_id", "bare"), VERSIONS)
def test_versions(raw_id: str, bare: str) -> None:
    """Only of Ensembl ids; the copy on Y stays another gene."""
    assert strip_version(raw_id) == bare


def test_dates_of_spreadsheets() -> None:
    """What becomes of MARCH6, SEPT2 and DEC1; no gene of today."""
    for made in (
        "6-Mar",
        "Mar-06",
        "2-Sep",
        "1-Dec",
        "2024-03-06",
        "2024-03-06 00:00:00",
        "06-MAR",
        "1-Dec-24",
        "3/6/24",
    ):
        assert is_spreadsheet_date(made), made
    for symbol in ("MARCH6", "MARCHF6", "SEPT2", "DEC1", "HLA-A", "NKX2-1", "6-Mai", "MIR1-1", "1-2-3", "", gene(1)):
        assert not is_spreadsheet_date(symbol), symbol
