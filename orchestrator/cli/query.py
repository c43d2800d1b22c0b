"""`mediabase query`: SQL of v0.5.0 made into SQL of v0.6.0, checked, and the objects that were added to a patient."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.log import err, say
from orchestrator.cli.output import Reporter, out, print_json, progress, table
from orchestrator.cli.query_objects import custom_objects
from orchestrator.cli.query_verify import verify
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode, UsageError
from orchestrator.postgres.connection import Connection, connect, read_only, servers
from orchestrator.queries.context import Context, load_context, with_custom_objects
from orchestrator.queries.outcome import Migrated, Options, Style
from orchestrator.queries.plans import plan

if TYPE_CHECKING:  # the parser takes a quarter of a second to load, which other commands need not wait for
    from orchestrator.queries.files import MigratedFile

OUTCOMES = ("guide", "cte", "view", "unchanged", "refused")
STANDARD_INPUT = "-"
ASKED_FOR = "W106"
"""A repair that --fix-round asks for is no reason to refuse a file."""

app = typer.Typer(help="SQL of v0.5.0: made into SQL of v0.6.0, and verified.", no_args_is_help=True)

PatientId = Annotated[str, typer.Option("--patient", metavar="ID", help="Patient that the queries are to read.")]
FixRound = Annotated[
    bool, typer.Option("--fix-round", help="Repair ROUND(double precision, integer), which never ran, by a cast.")
]


@app.command()
def migrate(
    place: Annotated[str, typer.Argument(metavar="FILE|DIR|-", help="SQL, a psql script, or Markdown; - for stdin.")],
    patient: PatientId,
    style: Annotated[Style, typer.Option(help="How a query reads the patient; see above.")] = Style.AUTO,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="OUT", help="Write here.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Print what would change.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if anything would change.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each table is read as it is, with plans.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Take a warning for an error; write no such file.")] = False,
    fix_round: FixRound = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of SQL.")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print findings in SARIF 2.1.0 instead of SQL.")] = False,
) -> None:
    """Make queries of v0.5.0 read a patient in v0.6.0. Only what must change is edited, the rest stays byte for byte.

    Styles: guide joins the core's tables and the patient's; cte puts the table in front as WITH; view uses search_path;
    auto takes the first of them that is proven to say the same. What cannot be said in v0.6.0 stays as it is, with a
    code (docs/QUERY_CODES.md) and exit code 1. In a script of psql, \\c to a patient's legacy database says whom the
    queries after it read. Nothing is written into a database.

    Example: mediabase query migrate queries/ --patient TCGA-BH-A0HX-01A -o migrated/
    """
    _refuse_nonsense(place, output, [diff, check, explain, as_json, as_sarif])
    options = Options(style=style, fix_round=fix_round)
    with servers(current()) as where, connect(read_only(where).target, autocommit=True) as target:
        context = with_custom_objects(load_context(target, patient), target)
        with progress("files", is_quiet=as_json or as_sarif or not err.is_terminal) as reporter:
            files = _migrate(place, context, options, reporter)
        if explain:
            _explain(files, target)
    if as_json:
        print_json([{"path": each.path, "is_changed": each.is_changed, **asdict(each.migrated)} for each in files])
    elif as_sarif:
        from orchestrator.queries.sarif import sarif

        print_json(sarif(files, version("mediabase-migration")))
    bad = [each for each in files if _is_bad(each, is_strict=strict)]
    kept = [each for each in files if each.is_readable and not (strict and each in bad)]
    if not (as_json or as_sarif):
        if diff:
            sys.stdout.write("".join(each.diff() for each in files))
        elif not (check or explain or output):
            sys.stdout.write("".join(each.migrated.text for each in kept))
        _say_findings(files)
        if check:
            _say_changes(files)
    if output:
        _write(files, kept, Path(place), output)
    if Path(place).is_dir() and not (as_json or as_sarif or diff):
        _summarize(files)
    would_change = check and any(each.is_changed for each in files)
    raise typer.Exit(ExitCode.FAILED if bad or would_change else ExitCode.DONE)


app.command()(verify)
app.command("custom-objects")(custom_objects)


def _refuse_nonsense(place: str, output: Path | None, instead: Sequence[bool]) -> None:
    if sum(instead) > 1:
        raise UsageError("Only one of --diff, --check, --explain, --json and --sarif.")
    if output and any(instead):
        raise UsageError("Either -o OUT or one of --diff, --check, --explain, --json and --sarif, which write nothing.")
    if place != STANDARD_INPUT and Path(place).is_dir() and not output and not any(instead):
        raise UsageError(f"{place} is a folder: say with -o where its files go, or look with --diff or --check.")
    if output is None:
        return
    if str(output) == STANDARD_INPUT:
        raise UsageError("-o takes a file or a folder; without it the queries are printed.")
    if place != STANDARD_INPUT and Path(place).is_dir() and output.is_file():
        raise UsageError(f"{output} is a file, and {place} a folder: name a folder with -o.")
    if place != STANDARD_INPUT and output.resolve().is_relative_to(Path(place).resolve()):
        raise UsageError(f"{output} is where the queries are, and `verify` needs them: name another place with -o.")


def _migrate(place: str, context: Context, options: Options, reporter: Reporter) -> list["MigratedFile"]:
    from orchestrator.queries.files import decode, migrate_content, migrate_files, query_files

    if place == STANDARD_INPUT:
        return [migrate_content(place, decode(sys.stdin.buffer.read(), "Standard input"), context, options)]
    paths = query_files(Path(place))
    reporter.begin(len(paths))
    files = []
    for file in migrate_files(paths, context, options):
        files.append(file)
        reporter.step(file.path, done=True)
    return files


def _is_bad(file: "MigratedFile", *, is_strict: bool) -> bool:
    warnings = [each for each in file.migrated.findings if each.code != ASKED_FOR]
    return file.migrated.is_refused or (is_strict and bool(warnings))


def _say_findings(files: Sequence["MigratedFile"]) -> None:
    for file in files:
        for each in file.migrated.findings:
            where = {"path": file.path, "line": each.line, "column": each.column, "code": each.code}
            prefix = f"{file.path}:{each.line}:{each.column}: {each.code} "
            say(f"{each.message}.", "error" if each.is_error else "warning", prefix=prefix, **where)


def _say_changes(files: Sequence["MigratedFile"]) -> None:
    for file in files:
        changed = sum(each.old != each.new for each in file.migrated.statements)
        if changed:
            out.print(f"{file.path}: {changed:,} to be migrated.", soft_wrap=True)


def _write(
    files: Sequence["MigratedFile"], kept: Sequence["MigratedFile"], place: Path, output: Path
) -> None:  # fmt: skip
    from orchestrator.queries.files import output_path, write_query_file

    for file in kept:
        where = output if file.path == STANDARD_INPUT else output_path(Path(file.path), place, output)
        write_query_file(where, file.migrated.text)
    said = f"{output}: {len(kept):,} of {len(files):,} files written."
    refused = sum(each.outcome == "refused" for file in kept for each in file.migrated.statements)
    if refused:
        said += f" Refused statements, {refused:,}, are in them as they were: change them before you run them."
    out.print(said, soft_wrap=True)


def _summarize(files: Sequence["MigratedFile"]) -> None:
    listing = table("Queries", "file", *(f"#{outcome}" for outcome in OUTCOMES), "#warnings")
    total: Counter[str] = Counter()
    for file in files:
        counts = Counter(each.outcome for each in file.migrated.statements)
        counts["warnings"] = sum(not each.is_error for each in file.migrated.findings)
        total += counts
        listing.add_row(file.path, *(f"{counts[each]:,}" for each in (*OUTCOMES, "warnings")))
    listing.add_section()
    listing.add_row(f"{len(files):,} files", *(f"{total[each]:,}" for each in (*OUTCOMES, "warnings")))
    out.print(listing)


def _explain(files: Sequence["MigratedFile"], target: Connection) -> None:
    for file in files:
        for each in file.migrated.statements:
            if each.proofs:
                _explain_statement(file.path, each, target)


def _explain_statement(path: str, statement: Migrated, target: Connection) -> None:
    out.print(f"{path}:{statement.line}: {statement.outcome}", soft_wrap=True)
    for proof in statement.proofs:
        out.print(f"  line {proof.line}: {proof.reason}", soft_wrap=True)
    plans = {"plan": statement.new_query, "plan of the guide's pattern": statement.plain_query}
    for title, query in plans.items():
        if query is not None:
            out.print(f"  {title}:")
            for line in plan(target, query):
                out.print(f"    {line}", soft_wrap=True)
    out.print()
