"""The text of an uploaded file: decompressed, decoded, in whole lines, and never much of it at a time."""

import codecs
import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from orchestrator.uploads.layout import UploadError

BLOCK_BYTES = 1 << 16
MAX_LINE = 1 << 20
"""Characters; the widest of real tables has lines of some kilobytes."""

GZIP = b"\x1f\x8b"
SAVE = "save it as CSV UTF-8"
OTHER_FILES = {
    b"\xd0\xcf\x11\xe0": f"is an Excel workbook: {SAVE}",
    b"%PDF": "is a PDF: take the table that it was made from",
    b"PAR1": "is a Parquet file: write it as CSV",
    b"\x89HDF": "is an HDF5 file: write its table as CSV",
    b"X\n\0": "is an R data file: write its table with write.csv",
    b"BZh": "is compressed with bzip2: decompress it, or use gzip",
    b"\xfd7zXZ": "is compressed with xz: decompress it, or use gzip",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd: decompress it, or use gzip",
    b"7z\xbc\xaf": "is a 7z archive: decompress it",
    GZIP: "is compressed twice: decompress it once",
    b"\xff\xfe": f"is UTF-16: {SAVE}",
    b"\xfe\xff": f"is UTF-16: {SAVE}",
}


def text_lines(path: Path) -> Iterator[str]:
    r"""Return the lines of a file; each ends in \n, whatever ended it.

    Reading them raises UploadError for what is no UTF-8, for lines longer than MAX_LINE, and when it cannot be read.
    """
    return chain.from_iterable(map(io.StringIO, _whole_lines(path)))


def _whole_lines(path: Path) -> Iterator[str]:
    rest = ""
    for line, text in _decoded(path):
        end = text.find("\n")
        if len(rest) + (len(text) if end < 0 else end) > MAX_LINE:
            raise UploadError(
                "MB050", f"{path.name}, line {line}: is longer than 1 MiB, so this is no table of values."
            )
        cut = text.rfind("\n") + 1
        if cut:
            yield rest + text[:cut]
        rest = text[cut:] if cut else rest + text
    if rest:
        yield rest + "\n"


def _decoded(path: Path) -> Iterator[tuple[int, str]]:
    """Yield pieces of the text, each with the number of the line that it begins in."""
    utf8 = codecs.getincrementaldecoder("utf-8-sig")()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    line = 1
    for block in chain(_blocks(path), [b""]):
        try:
            text = newlines.decode(utf8.decode(block, final=not block), final=not block)
        except UnicodeDecodeError as error:
            line += newlines.decode(error.object[: error.start].decode(), final=True).count("\n")
            raise UploadError("MB050", f"{path.name}, line {line}: is not UTF-8: {SAVE}.") from error
        if (zero := text.find("\0")) >= 0:
            line += text.count("\n", 0, zero)
            raise UploadError("MB050", f"{path.name}, line {line}: has NUL bytes, so it is no text: {SAVE}.")
        yield line, text
        line += text.count("\n")


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # before it is opened: a pipe would keep us waiting
            raise UploadError("MB050", f"{path.name} is no file.")
        yield from _decompressed(path)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UploadError("MB050", f"{path.name} was cut off or damaged on its way: copy it again.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL, or text that no path can have
        reason = error.strerror if isinstance(error, OSError) else "it has no name that a file can have"
        raise UploadError("MB050", f"{path.name} cannot be read ({reason}).") from error


def _decompressed(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        file = gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == GZIP else raw
        first = file.read(BLOCK_BYTES)
        _refuse_other_files(path, first)
        yield first
        while block := file.read(BLOCK_BYTES):
            yield block


def _refuse_other_files(path: Path, first: bytes) -> None:
    if not first:
        raise UploadError("MB050", f"{path.name} is empty.")
    if first.startswith(b"PK\x03\x04"):
        is_workbook = b"[Content_Types].xml" in first or b"xl/" in first
        problem = f"is an Excel workbook: {SAVE}" if is_workbook else "is a zip archive: unpack it"
        raise UploadError("MB050", f"{path.name} {problem}.")
    for magic, problem in OTHER_FILES.items():
        if first.startswith(magic):
            raise UploadError("MB050", f"{path.name} {problem}.")
