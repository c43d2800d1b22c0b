"""`mediabase report`."""

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import typer

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, progress
from orchestrator.cli.settings import current
from orchestrator.errors import UsageError
from orchestrator.postgres.connection import servers
from orchestrator.report.read import read
from orchestrator.wording import size

DEFAULT_FILE = Path("mediabase-report.html")


def report(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the page here.",
                                                show_default=str(DEFAULT_FILE))] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write what became of all patients as one page that needs no network: checklist, sizes, plots, checks, timings.

    It tells what the journal and the last validation know, and reads no patient again. The file holds values of
    patients: only you may read it. With --json the facts are printed instead.

    Example: mediabase report -o report.html
    """
    if as_json and output:
        raise UsageError("Either -o FILE or --json: the second prints the facts, and writes no page.")
    file = output or DEFAULT_FILE
    with servers(current()) as where, progress("plots", is_quiet=as_json) as reporter:
        facts = read(where, reporter.step)
        if as_json:
            print_json(asdict(facts))
            return
        from orchestrator.report.render import render, steps

        reporter.begin(steps(facts))
        written = _write(file, render(facts, lambda: reporter.step("plots drawn", done=True)))
    held = f"{len(facts.patients):,} patients, {size(written)}"
    out.print(f"{file}: {held}. It holds values of patients; only you may read it.", soft_wrap=True)


def _write(file: Path, page: Iterable[str]) -> int:
    """Put the page into place as a whole, readable for its owner only; return its bytes.

    Raises UsageError when that cannot be.
    """
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False) as part:
            try:
                part.writelines(page)
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).replace(file)
                return os.fstat(part.fileno()).st_size
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(f"The report cannot be written to {file} ({error.strerror}): name another with -o.") from error
