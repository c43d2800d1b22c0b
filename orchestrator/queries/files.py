"""Files and folders of queries: which are read, and where what becomes of them is written."""

import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path
from tempfile import NamedTemporaryFile

from orchestrator.errors import UsageError
from orchestrator.queries.context import Context
from orchestrator.queries.findings import MEANINGS, Finding
from orchestrator.queries.migrate import migrate_text
from orchestrator.queries.outcome import Migrated, MigratedText, Options

SQL_ENDINGS = (".sql", ".psql", ".pgsql", ".ddl")
MARKDOWN_ENDINGS = (".md", ".markdown")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class MigratedFile:
    """A file before and after."""

    path: str
    """As it was given, or found; `-` for standard input."""
    old: str
    migrated: MigratedText
    is_readable: bool = True

    @property
    def is_changed(self) -> bool:
        """Tell whether the text is another now."""
        return self.old != self.migrated.text

    def diff(self) -> str:
        """Return what changed, as a unified diff."""
        old, new = (text.splitlines(keepends=True) for text in (self.old, self.migrated.text))
        return "".join(unified_diff(old, new, f"{self.path} (v0.5.0)", f"{self.path} (v0.6.0)"))


def query_files(place: Path) -> list[Path]:
    """Return a file, or all files of queries below a folder, by name; raises UsageError when there is none."""
    if not place.exists():
        raise UsageError(f"{place} is not there: name a file or folder with queries.")
    if not place.is_dir():
        return [place]
    found = sorted(path for path in place.rglob("*") if path.suffix.lower() in SQL_ENDINGS + MARKDOWN_ENDINGS)
    if not found:
        raise UsageError(f"{place} holds no queries: no file ends in {', '.join(SQL_ENDINGS + MARKDOWN_ENDINGS)}.")
    return found


def read_query_file(path: Path) -> str:
    """Return a file's text with its line ends as they are; raises UsageError when it cannot be read as UTF-8."""
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).") from error


def decode(content: bytes, path: str) -> str:
    """Return a text in UTF-8; raises UsageError, with the position, when it is none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        encoding = "utf-16" if content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "latin1"
        raise UsageError(
            f"{path} is not UTF-8 (byte {error.start + 1:,}): convert it, for example by iconv -f {encoding} -t utf-8."
        ) from error


def migrate_files(paths: list[Path], context: Context, options: Options) -> Iterator[MigratedFile]:
    """Yield each file before and after; of Markdown only SQL in fences counts.

    One of several that cannot be read is refused like a statement; raises UsageError when it is the only one.
    """
    for path in paths:
        is_markdown = path.suffix.lower() in MARKDOWN_ENDINGS
        try:
            text = read_query_file(path)
        except UsageError as error:
            if len(paths) == 1:
                raise
            yield _unreadable(path, str(error), context)
            continue
        yield migrate_content(str(path), text, context, replace(options, is_markdown=is_markdown))


def _unreadable(path: Path, reason: str, context: Context) -> MigratedFile:
    finding = Finding("E111", f"{MEANINGS['E111']}: {reason.rstrip('.')}", 1, 1)
    refused = Migrated(1, context.patient.patient_id, "", "", "refused", findings=(finding,))
    return MigratedFile(str(path), "", MigratedText("", (refused,)), is_readable=False)


def migrate_content(path: str, text: str, context: Context, options: Options) -> MigratedFile:
    """Return a text before and after; a byte order mark stays in front."""
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    migrated = migrate_text(text.removeprefix(mark), context, options)
    return MigratedFile(path, text, replace(migrated, text=mark + migrated.text))


def output_path(source: Path, place: Path, output: Path) -> Path:
    """Return where a file goes: into the folder `output` at its place below the folder `place`, or to `output`."""
    if place.is_dir():
        return output / source.relative_to(place)
    return output / source.name if output.is_dir() else output


def write_query_file(path: Path, text: str) -> None:
    """Put a text into place as a whole; raises UsageError when that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as part:
            try:
                part.write(text.encode())
                part.flush()
                os.chmod(part.name, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())  # noqa: PTH101
                Path(part.name).replace(path)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): name another place with -o.") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
