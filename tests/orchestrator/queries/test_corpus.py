"""The corpus: statements as analysts write them say in v0.6.0 what they said in v0.5.0, row by row, or are refused."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import pytest
from helpers import Lab
from query_lab import OUTCOMES, Asked, Failure, asked, corpus, difference, outcomes

from orchestrator.queries import rewrite, statements
from orchestrator.queries.column_map import legacy_columns
from orchestrator.queries.findings import MEANINGS
from orchestrator.queries.outcome import Options, Style

CASES = corpus()
FEWEST = 150
BREAKS_AT_LEAST = 25
NAME_OR_NOT = re.compile(
    r"""
    "[^"]*"
    | (?P<no_name>
        --[^\n]* | /\*.*?\*/ | [eE]?'(?:[^'\\]|''|\\.)*' | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
        | \b\d[\d.]*\b | \r?\n[ \t]* | [^\w\s.]
    )
    """,
    re.VERBOSE | re.DOTALL,
)
"""What must stay is no name: comments, strings, numbers, line breaks with what is indented, signs."""
WITHIN_NAMES = ("spaces and comments inside the name", "asterisk after the table")
"""Texts in which there is more within what is replaced."""


def wrong(patient: Asked, options: Options) -> Iterator[tuple[str, str]]:
    """Yield the statements that say something else after their migration, and what."""
    for case in CASES:
        migrated = patient.migrate(case.text, options)
        if not migrated.is_refused:
            before, after = patient.before(case.text), patient.after(migrated.text)
            if found := difference(before, after, is_ordered=case.is_ordered):
                yield case.name, found


def test_the_corpus_is_what_it_is_said_to_be() -> None:
    """Large enough, of unique names, and expecting what there is."""
    assert len({case.name for case in CASES}) == len(CASES)
    assert sum(not case.is_refused for case in CASES) >= FEWEST
    assert {each for case in CASES for each in case.expected} <= {*OUTCOMES, *MEANINGS}


def test_every_statement_runs_in_v05(patient: Asked) -> None:
    """So that answers are compared, and not errors; all but a few find rows."""
    answers = {case.name: patient.before(case.text) for case in CASES if case.is_valid and not case.is_refused}
    failed = {name: answer for name, answer in answers.items() if isinstance(answer, Failure)}
    assert not failed
    assert sum(bool(answer.rows) for answer in answers.values()) > 0.95 * len(answers)  # type: ignore[union-attr]


def test_each_becomes_what_is_expected(patient: Asked) -> None:
    """In style auto; a patient with rows in quarantine is read through the view instead of the guide's pattern."""
    found = {case.name: outcomes(patient.migrate(case.text)) for case in CASES}
    expected = {case.name: case.expected for case in CASES}
    if patient.context.patient.quarantined_rows:
        assert not any("guide" in each for each in found.values())
        found, expected = ({name: _less_exactly(each) for name, each in of.items()} for of in (found, expected))
    assert {name: (found[name], each) for name, each in expected.items() if found[name] != each} == {}


def _less_exactly(each: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("migrated" if outcome in ("guide", "cte", "view") else outcome for outcome in each)


def test_every_statement_says_the_same(patient: Asked) -> None:
    """Names, types and rows are equal, and their order where it is total; no result is wrong."""
    assert dict(wrong(patient, Options())) == {}


@pytest.mark.parametrize(
    ("who", "style"),
    [
        ("clean", Style.CTE), ("clean", Style.VIEW), ("bad", Style.VIEW),  # auto is cte for bad ones already
        *(pytest.param(*each, marks=pytest.mark.acceptance)
          for each in (("real_clean", Style.CTE), ("real_clean", Style.VIEW), ("real_bad", Style.VIEW))),
    ],
)  # fmt: skip
def test_every_style_says_the_same(request: pytest.FixtureRequest, who: str, style: Style) -> None:
    """Whatever is not refused in a style that was asked for."""
    assert dict(wrong(request.getfixturevalue(who), Options(style=style))) == {}


@pytest.mark.parametrize("style", [Style.AUTO, Style.CTE, Style.VIEW])
def test_what_needs_no_change_stays(clean: Asked, style: Style) -> None:
    """All but names stays, in its order, whatever is put between; and a second migration changes nothing."""
    for case in CASES:
        once = clean.migrate(case.text, Options(style=style))
        if case.name not in WITHIN_NAMES:
            pieces = iter(_no_names(once.text.replace(f"{clean.context.patient.schema}.", "public.")))
            lost = [piece for piece in _no_names(case.text) if piece not in pieces]  # it takes all up to the piece
            assert not lost, case.name
        if not once.is_refused:
            again = clean.migrate(once.text, Options(style=style))
            assert again.text == once.text, case.name
            assert not again.is_refused, case.name


def _no_names(text: str) -> list[str]:
    return [found["no_name"] for found in NAME_OR_NOT.finditer(text) if found["no_name"]]


def test_refused_statements_stay_as_they_are(patient: Asked) -> None:
    """Byte for byte, and what is said of each statement says so."""
    for case in CASES:
        if case.is_refused:
            migrated = patient.migrate(case.text)
            assert migrated.text == case.text, case.name
            assert [each.new for each in migrated.statements] == [each.old for each in migrated.statements]


def test_findings_say_where(clean: Asked) -> None:
    """Line and column, in characters and not in bytes, are those of a word; of the column for those about one."""
    for case in CASES:
        lines = case.text.split("\n")
        for finding in clean.migrate(case.text).findings:
            there = lines[finding.line - 1][finding.column - 1 :]
            assert there[:1].strip(), (case.name, finding)
            if finding.code in ("E101", "W101"):
                assert re.match(r"\w*", there)[0].lower() in legacy_columns(), (case.name, finding)


def always_inner(patch: pytest.MonkeyPatch) -> None:
    """Only stored rows are read."""
    patch.setattr(statements, "is_sparse", lambda reference, reading: True)


def zero_for_the_baseline(patch: pytest.MonkeyPatch) -> None:
    """What is not stored is at 0.0."""
    patch.setattr(rewrite, "BASELINE_SQL", "0.0")


def no_coalesce(patch: pytest.MonkeyPatch) -> None:
    """What is not stored is NULL."""
    patch.setattr(rewrite, "fold_change", lambda sparse, *, is_inner: f"{sparse}.expression_fold_change")


@pytest.mark.parametrize("mutate", [always_inner, zero_for_the_baseline, no_coalesce])
def test_the_corpus_finds_what_would_be_wrong(
    clean: Asked, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Each such fault of the tool gives wrong results for many statements, those that fail not counted."""
    mutate(monkeypatch)
    broken = (name for name, found in wrong(replace(clean, migrated={}), Options()) if Failure.__name__ not in found)
    assert len(list(islice(broken, BREAKS_AT_LEAST))) == BREAKS_AT_LEAST


def test_orphans_keep_their_values_but_not_their_genes(generated: Lab) -> None:
    """v0.6.0 does not know the gene of a transcript that the core lacks; that there is such a one is said."""
    orphaned = generated.add_patient(
        "ORPHANED",
        "insert into cancer_transcript_base (transcript_id, gene_symbol, expression_fold_change) "
        "values ('ENST99999999901', 'LOST', 2.5)",
        like="DEMO_BASELINE",
    )
    try:
        generated.migrate(orphaned)
        with asked(generated, orphaned) as patient:
            by_value = "select transcript_id, expression_fold_change from cancer_transcript_base"
            by_gene = "select transcript_id from cancer_transcript_base where gene_symbol = 'LOST'"
            for text, is_same in ((by_value, True), (by_gene, False)):
                migrated = patient.migrate(text)
                assert [finding.code for finding in migrated.findings] == ["W103"]
                found = difference(patient.before(text), patient.after(migrated.text), is_ordered=False)
                assert (found == "") is is_same
    finally:
        generated.drop_patient(orphaned)


@pytest.mark.parametrize("named", ['"public"."cancer_transcript_base"', "public /* . */ . cancer_transcript_base"])
@pytest.mark.parametrize("quote", ["$$", "'"])
def test_names_in_bodies_are_those_of_sql(clean: Asked, named: str, quote: str) -> None:
    """Quoted or spread out, and not what only looks like one in a comment."""
    query = f"SELECT count(*) /* public.cancer_transcript_base */ FROM {named} WHERE expression_fold_change > 2"
    body = f"{quote}{query}{quote}"
    text = f"CREATE FUNCTION pg_temp.high() RETURNS bigint LANGUAGE sql AS {body};\nSELECT pg_temp.high() AS n;"
    migrated = clean.migrate(text)
    assert "/* public.cancer_transcript_base */" in migrated.text
    assert difference(clean.before(text), clean.after(migrated.text), is_ordered=True) == ""


def test_comments_beside_the_table_are_kept(clean: Asked) -> None:
    """Also where the table and its alias are replaced."""
    migrated = clean.migrate("SELECT c /* of */ . gene_symbol FROM cancer_transcript_base /* a */ AS /* b */ c -- d")
    assert outcomes(migrated) == ("guide",)
    assert [migrated.text.count(each) for each in ("/* of */", "/* a */", "/* b */", "-- d")] == [1, 1, 1, 1]


@pytest.mark.parametrize("joint", [" OR ", " + "])
def test_what_is_nested_deeply_is_refused(clean: Asked, joint: str) -> None:
    """With a code, whatever the parser makes of it."""
    terms = joint.join(["expression_fold_change > 2" if joint == " OR " else "1"] * 5_000)
    assert outcomes(clean.migrate(f"SELECT {terms} FROM cancer_transcript_base")) in (("E111",), ("guide",), ("cte",))


def test_a_path_that_was_undone_is_set_again(clean: Asked) -> None:
    """By ROLLBACK or RESET ALL, or in one of two branches of a script."""
    query = "SELECT count(*) FROM cancer_transcript_base"
    for between in ("ROLLBACK", "RESET ALL", "DISCARD ALL"):
        migrated = clean.migrate(f"BEGIN; {query}; {between}; {query};", Options(style=Style.VIEW))
        assert migrated.text.count("SET search_path") == 2, between
    branches = clean.migrate(f"\\if :x\n{query};\n\\else\n{query};\n\\endif\n", Options(style=Style.VIEW))
    assert branches.text.count("SET search_path") == 2


@pytest.mark.parametrize("line", ["\\c :db", "\\c postgres", "\\c mediabase_patient_NOBODY", "\\connect mbase"])
def test_nobody_knows_whom_another_database_holds(clean: Asked, line: str) -> None:
    """Statements after it are not given to the patient that was asked for."""
    migrated = clean.migrate(f"{line}\nSELECT count(*) FROM cancer_transcript_base;\n")
    assert migrated.is_refused
    assert {finding.code for finding in migrated.findings} == {"E113"}
    assert "SELECT count(*) FROM cancer_transcript_base;" in migrated.text


@pytest.mark.parametrize("variable", ["$COND", "${COND}", ":cond", ":min::float8 > 1"])
def test_a_variable_may_be_any_sql(clean: Asked, variable: str) -> None:
    """So no column is replaced, and the WITH query has them all."""
    migrated = clean.migrate(f"SELECT gene_symbol FROM cancer_transcript_base WHERE {variable};")
    assert outcomes(migrated) == ("cte",)
    assert variable in migrated.text
    assert "SELECT transcript_id, gene_symbol, gene_id" in migrated.text


def test_what_a_script_makes_is_not_missing(clean: Asked) -> None:
    """A table of its own is no custom object; others are (W104)."""
    made = clean.migrate("CREATE TEMP TABLE hot (x int); SELECT * FROM hot;")
    assert made.findings == []
    assert [each.code for each in clean.migrate("SELECT * FROM hot;").findings] == ["W104"]


def test_time_grows_with_the_page(clean: Asked) -> None:
    """Not with its square: two thousand fences are read in seconds."""
    fence = "```sql\nSELECT gene_symbol FROM cancer_transcript_base WHERE expression_fold_change > 2;\n```\n\ntext\n\n"
    started = time.monotonic()
    migrated = clean.migrate(fence * 2_000, Options(is_markdown=True))
    assert {each.outcome for each in migrated.statements} == {"guide"}
    assert time.monotonic() - started < 60


def test_what_a_query_says_is_run_as_sql(clean: Asked) -> None:
    """By psql, so that nobody can migrate it."""
    migrated = clean.migrate("SELECT 'SELECT count(*) FROM cancer_transcript_base' \\gexec\n")
    assert {finding.code for finding in migrated.findings} == {"E107"}
