"""Files that nobody meant to write."""

import gzip
import io
import random
from collections.abc import Callable

from upload_files import deseq2, gene, zipped

CORPUS = 120
MEMORY_MB = 300


def mutilated(number: int) -> bytes:
    """Return a good file with something wrong, always the same for one number."""
    chance = random.Random(number)  # noqa: S311  # for a test
    separator = chance.choice(",;\t")
    good = deseq2(chance.choice([1, 60, 600]), separator, number)
    lines = good.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    where = chance.randrange(len(good))
    kinds: list[Callable[[], bytes]] = [
        lambda: good[:where].encode(),
        lambda: zipped(good)[: chance.randrange(1, len(zipped(good)))],
        lambda: good[:where].encode() + good[where:].encode("utf-16"),
        lambda: good[:where].encode() + "Ä".encode("latin-1") + good[where:].encode(),
        lambda: (good[:where] + "\0" + good[where:]).encode(),
        lambda: (good[:where] + '"' + good[where:]).encode(),
        lambda: (good[:where] + separator + good[where:]).encode(),
        lambda: (good[:where] + "\n" + good[where:]).encode(),
        lambda: (good[:where] + good[where + 9 :]).encode(),
        lambda: good.replace("baseMean", "log2FoldChange").encode(),
        lambda: good.replace("log2FoldChange", "fold_change").encode(),
        lambda: good.replace(gene(at), "6-Mar").encode(),
        lambda: good.replace(".", ",").encode(),
        lambda: "".join(lines[:at] + lines[:1] + lines[at:]).encode(),
        lambda: "".join(lines[1:]).encode(),
        lambda: "".join([*lines[:at], lines[at].rstrip("\n") * 2 + "\n", *lines[at:]]).encode(),
        lambda: good.replace("NA", "#DIV/0!").encode(),
        lambda: good.replace("\n", "\r\n", at).encode("utf-8-sig"),
        lambda: bytes(byte ^ (chance.random() < 0.001) for byte in good.encode()),
        lambda: bytes(byte ^ (chance.random() < 0.001) for byte in zipped(good)),
    ]
    return kinds[number % len(kinds)]()


def repeated(head: bytes, piece: bytes, megabytes: int) -> bytes:
    """Return a gzip file of one start and so many megabytes of the same bytes, without having all of them."""
    buffer = io.BytesIO()
    block = piece * ((1 << 20) // len(piece))
    with gzip.open(buffer, "wb", 1) as file:
        file.write(head)
        for _ in range(megabytes):
            file.write(block)
    return buffer.getvalue()


HEAD = b"gene,fc\nENSG00000000001,1.5\n"
BIG: dict[str, tuple[Callable[[], bytes], str]] = {
    "one line of 64 MB": (lambda: b"gene,fc\n" + b"x" * (64 << 20), "line 2: is longer than 1 MiB"),
    "a header of 64 MB": (lambda: b"gene,fc," * (8 << 20), "line 1: is longer than 1 MiB"),
    "100,000 columns": (lambda: b"gene" + b",fc" * 100_000 + b"\nX" + b",1" * 100_000, "has 100,001 columns"),
    "rows of 500,000 fields": (lambda: HEAD + (b"," * 500_000 + b"\n") * 100, "has 500,001 fields"),
    "100 MB of zeros": (lambda: repeated(b"", b"\0", 100), "line 1: has NUL bytes"),
    "100 MB in one line": (lambda: repeated(HEAD, b"x", 100), "line 3: is longer than 1 MiB"),
    "2 MB of line ends": (lambda: repeated(HEAD, b"\n", 2), "more than 1,000,000 lines"),
    "60 MB of separators in lines": (lambda: repeated(HEAD, b"," * 1023 + b"\n", 60), "has 1,024 fields"),
    "60 MB of an open quote": (lambda: repeated(HEAD + b'"', b"x\n", 60), "a quote"),
    "2,000 columns": (
        lambda: b"gene,fc" + b",x" * 1_998 + b"\n" + (b"ENSG00000000001,1.5" + b",1234567.5" * 1_998 + b"\n") * 700,
        "",
    ),
    "ids of 100,000 characters": (lambda: HEAD + (b'"' + b"x" * 100_000 + b'",1\n') * 660, "so it is no id"),
    "300,000 ids of 150 characters": (
        lambda: b"gene,fc\n" + b"".join(b"%0150d|x,1.5\n" % number for number in range(300_000)),
        "",
    ),
}
