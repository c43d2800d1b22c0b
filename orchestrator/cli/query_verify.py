"""`mediabase query verify`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, progress, table
from orchestrator.cli.settings import current
from orchestrator.errors import ExitCode, worst
from orchestrator.postgres.connection import read_only, servers
from orchestrator.queries.compare import Row, as_text
from orchestrator.queries.outcome import Options, Style
from orchestrator.wording import counts

if TYPE_CHECKING:  # see query.py
    from orchestrator.queries.audit import Check
    from orchestrator.queries.verify import Verified

CHECKED = {True: "yes", False: "no", None: "not known"}
NULL = "NULL"


def verify(
    place: Annotated[Path, typer.Argument(metavar="FILE|DIR", help="SQL of v0.5.0, a psql script, or Markdown.")],
    patient: Annotated[str, typer.Option("--patient", metavar="ID", help="Patient that the queries are run for.")],
    style: Annotated[Style, typer.Option(help="As of `mediabase query migrate`.")] = Style.AUTO,
    fix_round: Annotated[
        bool, typer.Option("--fix-round", help="Repair ROUND(double precision, integer) on both sides.")
    ] = False,
    timeout: Annotated[
        int, typer.Option(min=1, max=86_400, metavar="SECONDS", help="The most that a query may take on one side.")
    ] = 60,
    max_rows: Annotated[
        int, typer.Option(min=1, max=10_000_000, metavar="N", help="Larger results are not compared.")
    ] = 1_000_000,
    limit: Annotated[int, typer.Option(min=0, max=1_000, metavar="N", help="Differing rows to show of each side.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Run queries as they are on the patient's legacy database, and migrated on v0.6.0, and compare what they say.

    Columns, types, rows (floats to 9 digits) and, where there is an ORDER BY, their order. What else may make results
    differ is looked at first: a difference that it explains is "not comparable". Both sides are only read.
    Exit code 1 when any query differs, 3 when none does, but of some it is not proven, or there are none.

    Example: mediabase query verify queries/ --patient TCGA-BH-A0HX-01A
    """
    from orchestrator.queries.files import query_files
    from orchestrator.queries.verify import Limits
    from orchestrator.queries.verify import verify as verify_queries

    paths = query_files(place)
    options = Options(style=style, fix_round=fix_round)
    checks: list[Check] = []
    with servers(current()) as where, progress("statements", is_quiet=as_json) as reporter:

        def begin(found: Sequence["Check"], total: int) -> None:
            checks.extend(found)
            if not as_json:
                _show_checks(patient, found)
            reporter.begin(total)

        def report(found: "Verified") -> None:
            text = f"{found.path}:{found.line}: {found.verdict.result}"
            reporter.step(text, done=True, path=found.path, line=found.line, result=found.verdict.result)

        limits = Limits(timeout, max_rows)
        verified = verify_queries(read_only(where), patient, paths, options, limits, begin, report)
    exit_code = worst([each.exit_code for each in verified]) if verified else ExitCode.QUARANTINED
    if as_json:
        found = [_as_json(each, limit) for each in verified]
        audit = [{**asdict(each), "explains": sorted(each.explains)} for each in checks]
        print_json({"patient_id": patient, "audit": audit, "statements": found, "exit_code": int(exit_code)})
    else:
        _show(verified, limit)
    raise typer.Exit(exit_code)


def _show_checks(patient: str, checks: Sequence["Check"]) -> None:
    listing = table(f"{patient}: before anything is run", "precondition", "holds", "note")
    for each in checks:
        listing.add_row(each.name, CHECKED[each.is_met], each.message)
    out.print(listing)


def _show(verified: Sequence["Verified"], limit: int) -> None:
    from orchestrator.queries.verdict import Result

    listing = table("v0.5.0 against v0.6.0", "statement", "style", "result", "#rows", "#v0.6.0 rows", "note")
    for each in verified:
        rows = [f"{count:,}" for count in each.verdict.counts or ()] or ["", ""]
        listing.add_row(_where(each), each.style, each.verdict.result, *rows, each.verdict.reason)
    out.print(listing)
    for each in verified:
        if each.verdict.result in (Result.DIFFERS, Result.NOT_COMPARABLE) and limit:
            _show_rows(each, limit)
    by_result = {str(result): sum(each.verdict.result is result for each in verified) for result in Result}
    found = {name: count for name, count in by_result.items() if count}
    out.print(f"{len(verified):,} statements: {counts(found) or 'none'}.")


def _show_rows(found: "Verified", limit: int) -> None:
    verdict = found.verdict
    if not verdict.columns:
        return
    listing = table(f"{_where(found)}: the first rows that differ", "only in", *verdict.columns)
    for side, rows in {"v0.5.0": verdict.only_old, "v0.6.0": verdict.only_new}.items():
        for row in rows[:limit]:
            listing.add_row(side, *(NULL if text is None else text for text in map(as_text, row)))
    out.print(listing)


def _as_json(found: "Verified", limit: int) -> dict[str, Any]:
    verdict = found.verdict
    return {
        "path": found.path,
        "line": found.line,
        "style": found.style,
        "result": verdict.result,
        "reason": verdict.reason,
        "rows": verdict.counts,
        "columns": verdict.columns,
        "only_in_v050": _texts(verdict.only_old[:limit]),
        "only_in_v060": _texts(verdict.only_new[:limit]),
    }


def _texts(rows: Sequence[Row]) -> list[list[str | None]]:
    return [[as_text(value) for value in row] for row in rows]


def _where(found: "Verified") -> str:
    return f"{found.path}:{found.line}"
