"""`mediabase sandbox`: a v0.5.0 server to try things on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from orchestrator import sandbox
from orchestrator.cli.log import err, is_json, say
from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, table
from orchestrator.cli.settings import current
from orchestrator.errors import UsageError
from orchestrator.postgres.connection import servers
from orchestrator.sandbox.spec import DEFAULT_SEED, DEFAULT_TRANSCRIPTS
from orchestrator.wording import size

app = typer.Typer(help="A v0.5.0 server to try things on.", no_args_is_help=True)


@app.command()
def up(
    replace: Annotated[bool, typer.Option("--replace", help="Remove the sandbox that exists first.")] = False,
    seed: Annotated[
        int | None,
        typer.Option(help="Equal seeds give equal values on every machine.", show_default=str(DEFAULT_SEED)),
    ] = None,
    transcripts: Annotated[
        int | None,
        typer.Option(help="Transcripts of the generated core.", show_default=str(DEFAULT_TRANSCRIPTS)),
    ] = None,
    core: Annotated[
        Path | None, typer.Option(help="Folder with core_genes.csv.gz, core_transcripts.csv.gz, ...")
    ] = None,
    patients: Annotated[
        Path | None, typer.Option(help="Folder with one CSV per patient: transcript id, linear fold change.")
    ] = None,
    limit_transcripts: Annotated[
        int | None, typer.Option(min=1, help="Keep this many transcripts, representative ones first.")
    ] = None,
    limit_patients: Annotated[int | None, typer.Option(min=1, help="Keep the first patients by file name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Build a core `mbase` and one legacy database per patient, generated or from CSV files.

    Example: mediabase sandbox up --replace
    """
    source = _source(seed, transcripts, core, patients, limit_transcripts, limit_patients)
    with servers(current()) as where, _progress() as report:
        databases = sandbox.up(where, sandbox.SandboxSpec(source, replace), report)
    if as_json:
        print_json({"databases": [asdict(database) for database in databases]})
        return
    listing = table("Sandbox", "database", "#rows", "#not at 1.0", "#size")
    for database in databases:
        listing.add_row(database.name, f"{database.rows:,}", f"{database.not_at_baseline:,}", size(database.size_bytes))
    out.print(listing)
    out.print("Go on with: mediabase migrate --all")


@app.command()
def down(as_json: AsJson = False) -> None:
    """Remove the sandbox's databases and the reader roles of its patients; nothing else is touched.

    Example: mediabase sandbox down
    """
    with servers(current()) as where, _progress() as report:
        removed = sandbox.down(where, report)
    if as_json:
        print_json(asdict(removed))
        return
    out.print(f"Databases removed: {len(removed.databases)}, roles: {len(removed.roles)}.")
    if removed.left_alone:
        out.print(f"Left alone: {', '.join(removed.left_alone)}.")


def _source(
    seed: int | None,
    transcripts: int | None,
    core: Path | None,
    patients: Path | None,
    limit_transcripts: int | None,
    limit_patients: int | None,
) -> sandbox.Generated | sandbox.FromFiles:
    """Return what the options describe; raises UsageError when they do not go together."""
    if core is None and patients is None:
        if limit_transcripts or limit_patients:
            raise UsageError("--limit-transcripts and --limit-patients need --core and --patients.")
        return sandbox.Generated(
            DEFAULT_SEED if seed is None else seed,
            DEFAULT_TRANSCRIPTS if transcripts is None else transcripts,
        )
    if core is None or patients is None:
        raise UsageError("--core and --patients go together: give both, or neither.")
    if seed is not None or transcripts is not None:
        raise UsageError("--seed and --transcripts are for generated data, not for --core and --patients.")
    return sandbox.FromFiles(core, patients, limit_transcripts, limit_patients)


@contextmanager
def _progress() -> Iterator[sandbox.Report]:
    """Yield what shows the steps on standard error: a bar on a terminal, lines elsewhere."""
    if is_json() or not err.is_terminal:
        yield _say_step
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("looking for sandboxes", total=None)
        yield lambda step: bar.update(
            task, description=step.text, completed=max(step.number - 1, 0), total=step.total or None
        )


def _say_step(step: sandbox.Step) -> None:
    counted = f"{step.number}/{step.total} " if step.total else ""
    say(step.text, prefix=counted, number=step.number, total=step.total)
