"""CSV files, plain or gzipped, read so that every complaint names the file and the line."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from orchestrator.errors import UsageError

GZIP_SUFFIX = ".gz"


def lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, fields) of each row, the header included.

    Raises UsageError when the file cannot be read, or a row has another number of fields than the header.
    """
    number = 0
    width: int | None = None
    opened = gzip.open if path.suffix == GZIP_SUFFIX else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            for fields in reader:
                number = reader.line_num
                if width is None:
                    width = len(fields)
                elif len(fields) != width:
                    raise malformed(path, number, f"{len(fields)} fields instead of {width}")
                yield number, fields
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise malformed(path, number + 1, "the compressed file is damaged or incomplete") from error
    except UnicodeDecodeError as error:
        raise malformed(path, number + 1, "the text is not UTF-8") from error
    except csv.Error as error:
        raise malformed(path, number + 1, str(error)) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if width is None:
        raise malformed(path, 1, "the file is empty, it needs a header")


def columns(path: Path, *names: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (line number, the fields of the two or more columns `names`) of each row below the header.

    Raises UsageError as `lines` does, and when the header lacks a column.
    """
    rows = lines(path)
    _, header = next(rows)
    missing = [name for name in names if name not in header]
    if missing:
        raise malformed(path, 1, f"no column {', '.join(missing)}")
    pick = itemgetter(*(header.index(name) for name in names))
    for number, fields in rows:
        yield number, pick(fields)


def integer(path: Path, line: int, text: str) -> int:
    """Return `text` as an integer; raises UsageError when it is none."""
    try:
        return int(text)
    except ValueError as error:
        raise malformed(path, line, f"{text!r} is not an integer") from error


def identifier(path: Path, line: int, text: str, longest: int) -> str:
    """Return `text`; raises UsageError when it is empty, has control characters or is over `longest`."""
    if not text or len(text) > longest or not text.isprintable():
        raise malformed(path, line, f"{text!r} is not an identifier of 1 to {longest} printable characters")
    return text


def malformed(path: Path, line: int, what: str) -> UsageError:
    """Return the error that names the file, the line and what is wrong there."""
    return UsageError(f"{path}, line {line}: {what}.")
