"""`mediabase query migrate`: what it prints, writes, and refuses."""

import io
import json
import re
import sys
from pathlib import Path

import pytest
from helpers import CHECKOUT, Finished, Lab, complaint
from query_lab import CLEAN, WITH_BAD_VALUES

from orchestrator.patient_id import schema_name
from orchestrator.queries.findings import MEANINGS

OVEREXPRESSED = """-- what is high
SELECT gene_symbol, expression_fold_change
FROM cancer_transcript_base
WHERE expression_fold_change > 2.0
ORDER BY expression_fold_change DESC LIMIT 20;
"""
WITHOUT_SOURCE = "select '😀', features from cancer_transcript_base;\n"
SCHEMA = schema_name(CLEAN)
CODES = (CHECKOUT / "docs" / "QUERY_CODES.md").read_text(encoding="utf-8")


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """Return a folder with a script, a page, a file of another kind, and one in a folder below."""
    folder = tmp_path / "queries"
    (folder / "deep").mkdir(parents=True)
    (folder / "high.sql").write_text(OVEREXPRESSED)
    (folder / "page.md").write_text(
        f"# Page\n\ncancer_transcript_base\n\n```sql\n{OVEREXPRESSED}```\n\n```text\n{OVEREXPRESSED}```\n"
    )
    (folder / "deep" / "script.psql").write_bytes(
        f"\\c mediabase_patient_{CLEAN}\r\nselect count(*)\r\nfrom cancer_transcript_base \\gset\r\n".encode()
    )
    (folder / "notes.txt").write_text(OVEREXPRESSED)
    return folder


def migrate(lab: Lab, *arguments: object, patient: str = CLEAN) -> Finished:
    """Run the command for a patient."""
    return lab.call("query", "migrate", *arguments, "--patient", patient)


def test_one_file_is_printed(generated: Lab, queries: Path) -> None:
    """The text for v0.6.0 goes to standard output, and runs there."""
    done = migrate(generated, queries / "high.sql")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "-- what is high\nSELECT g.gene_symbol::text AS gene_symbol, pe.expression_fold_change"
    )
    assert generated.query(done.stdout)


def test_standard_input_is_read(generated: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash stands for it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(OVEREXPRESSED.encode())))
    assert "expression_data" in migrate(generated, "-").stdout


def test_a_folder_is_written_to_another(generated: Lab, queries: Path, tmp_path: Path) -> None:
    """Each file at its place, line ends as they are, of a page only SQL in fences; nothing else; and a summary."""
    output = tmp_path / "out"
    done = migrate(generated, queries, "-o", output)
    assert done.returncode == 0, done.stderr
    assert sorted(str(path.relative_to(output)) for path in output.rglob("*.*")) == [
        "deep/script.psql", "high.sql", "page.md",
    ]  # fmt: skip
    page = (output / "page.md").read_text()
    assert page.count("cancer_transcript_base") == 2
    assert page.count("expression_data") == 1
    script = (output / "deep" / "script.psql").read_bytes().decode()
    assert script == (
        f"\\c mbase\r\nSET search_path = {SCHEMA}, public;\r\nselect count(*)\r\nfrom public.transcripts t \\gset\r\n"
    )
    assert re.search(r"3 files +│ +3 │ +0 │ +1 │", done.stdout), done.stdout
    assert migrate(generated, output, "--check").returncode == 0


def test_a_folder_needs_a_place(generated: Lab, queries: Path) -> None:
    """Files are not printed one after the other."""
    assert "say with -o where" in complaint(migrate(generated, queries), 2)


def test_check_and_diff_write_nothing(generated: Lab, queries: Path) -> None:
    """--check ends with 1 when anything would change, --diff shows what."""
    done = migrate(generated, queries, "--check")
    assert done.returncode == 1
    assert f"{queries / 'high.sql'}: 1 to be migrated." in done.stdout
    done = migrate(generated, queries, "--diff")
    assert done.returncode == 0
    assert "-FROM cancer_transcript_base\n" in done.stdout
    assert (queries / "high.sql").read_text() == OVEREXPRESSED


def test_what_cannot_be_said_is_refused_with_its_place(generated: Lab, tmp_path: Path) -> None:
    """The statement stays, the others are migrated; line and column are characters."""
    file = tmp_path / "some.sql"
    file.write_text(OVEREXPRESSED + WITHOUT_SOURCE)
    done = migrate(generated, file)
    assert done.returncode == 1
    assert f"{file}:6:13: E101 features: v0.6.0 has no such facts" in done.stderr
    assert done.stdout.endswith(WITHOUT_SOURCE)
    assert "expression_data" in done.stdout


def test_strict_takes_warnings_for_errors(generated: Lab, tmp_path: Path) -> None:
    """A file with a warning is not written then."""
    file, output = tmp_path / "some.sql", tmp_path / "out.sql"
    file.write_text("select pathways from cancer_transcript_base")
    assert migrate(generated, file, "-o", output, "--strict").returncode == 1
    assert not output.exists()
    done = migrate(generated, file, "-o", output)
    assert done.returncode == 0
    assert "W101" in done.stderr
    assert f"{SCHEMA}.cancer_transcript_base" in output.read_text()


def test_strict_prints_no_such_file_either(generated: Lab, tmp_path: Path) -> None:
    """What was asked for, the repair of ROUND, is no reason."""
    file = tmp_path / "some.sql"
    file.write_text("select pathways from cancer_transcript_base")
    assert migrate(generated, file, "--strict").stdout == ""
    file.write_text("select round(expression_fold_change, 1) from cancer_transcript_base")
    done = migrate(generated, file, "--strict", "--fix-round")
    assert (done.returncode, "::numeric" in done.stdout) == (0, True)


def test_the_originals_stay(generated: Lab, queries: Path) -> None:
    """They are not written over, nor is anything put among them."""
    for place in (queries, queries / "out"):
        assert "where the queries are" in complaint(migrate(generated, queries, "-o", place), 2)
    file = queries / "high.sql"
    assert "where the queries are" in complaint(migrate(generated, file, "-o", file), 2)


def test_a_file_goes_into_a_folder_that_is_there(generated: Lab, queries: Path, tmp_path: Path) -> None:
    """Under its own name."""
    (tmp_path / "out").mkdir()
    assert migrate(generated, queries / "high.sql", "-o", tmp_path / "out").returncode == 0
    assert (tmp_path / "out" / "high.sql").is_file()


def test_one_file_that_cannot_be_read(generated: Lab, queries: Path, tmp_path: Path) -> None:
    """It is named, and the others are written."""
    (queries / "odd.sql").write_bytes(b"\xff\xfes\x00")
    done = migrate(generated, queries, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert "odd.sql:1:1: E111" in done.stderr
    assert "iconv -f utf-16" in done.stderr
    assert (tmp_path / "out" / "high.sql").is_file()
    assert not (tmp_path / "out" / "odd.sql").exists()


def test_refused_statements_are_counted_where_they_are_written(generated: Lab, tmp_path: Path) -> None:
    """Nobody shall take the file for migrated."""
    file = tmp_path / "some.sql"
    file.write_text(OVEREXPRESSED + WITHOUT_SOURCE)
    done = migrate(generated, file, "-o", tmp_path / "out.sql")
    assert done.returncode == 1
    assert "Refused statements, 1, are in them as they were" in done.stdout


def test_findings_are_json_lines_where_asked_for(generated: Lab, tmp_path: Path) -> None:
    """Like everything on standard error."""
    file = tmp_path / "some.sql"
    file.write_text(WITHOUT_SOURCE)
    done = generated.call("--log-format", "json", "query", "migrate", file, "--patient", CLEAN)
    (found,) = [line for line in map(json.loads, done.stderr.splitlines()) if "code" in line]
    assert (found["code"], found["line"], found["column"], found["level"]) == ("E101", 1, 13, "error")


def test_json_has_every_statement(generated: Lab, queries: Path) -> None:
    """With what became of it, and why."""
    (found,) = json.loads(migrate(generated, queries / "high.sql", "--json").stdout)
    (statement,) = found["statements"]
    assert (statement["line"], statement["outcome"], found["is_changed"]) == (2, "guide", True)
    assert statement["proofs"][0]["is_sparse"]


def test_sarif_has_every_finding(generated: Lab, tmp_path: Path) -> None:
    """With the rule, the place and the level, as code hosts want them."""
    file = tmp_path / "some.sql"
    file.write_text(WITHOUT_SOURCE)
    log = json.loads(migrate(generated, file, "--sarif").stdout)
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], result["ruleId"], result["level"]) == ("2.1.0", "E101", "error")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 13}
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(MEANINGS)


def test_explain_says_why_with_both_plans(generated: Lab, queries: Path) -> None:
    """Why the sparse table alone is read, and what the guide's pattern would do instead."""
    done = migrate(generated, queries / "high.sql", "--explain")
    assert "line 3: no row at 1.0 can meet the conditions" in done.stdout
    sparse, guide = done.stdout.split("plan of the guide's pattern:")
    assert "COALESCE" in guide
    assert "COALESCE" not in sparse
    assert "Limit" in sparse


def test_rows_in_quarantine_rule_the_guide_out(generated: Lab, queries: Path) -> None:
    """They would read as 1.0: another style is taken, and that is said; asked for, it is refused."""
    done = migrate(generated, queries / "high.sql", patient=WITH_BAD_VALUES)
    assert done.returncode == 0
    assert "W103" in done.stderr
    assert done.stdout.count("NOT MATERIALIZED") == 1
    done = migrate(generated, queries / "high.sql", "--style", "guide", patient=WITH_BAD_VALUES)
    assert done.returncode == 1
    assert "E114" in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"select '\xff\xfe'", "is not UTF-8 (byte 9)"), (b"", ""), (b"\x00\x01\x02", ""), (b"'" * 99_999, "")],
    ids=["latin", "empty", "binary", "quotes"],
)
def test_rubbish_is_survived(generated: Lab, tmp_path: Path, content: bytes, message: str) -> None:
    """No traceback; what is no SQL stays as it is."""
    file = tmp_path / "some.sql"
    file.write_bytes(content)
    done = migrate(generated, file)
    if message:
        assert message in complaint(done, 2)
    else:
        assert (done.returncode, done.stdout) == (0, content.decode())


def test_a_byte_order_mark_stays(generated: Lab, tmp_path: Path) -> None:
    """In front, where it was."""
    file = tmp_path / "some.sql"
    file.write_text("\ufeff" + OVEREXPRESSED)
    done = migrate(generated, file)
    assert done.stdout.startswith("\ufeff-- what is high")
    assert "expression_data" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere.sql", "--patient", CLEAN], 2, "nowhere.sql is not there"),
        (["-", "--patient", "NOBODY"], 5, "Patient NOBODY is not in v0.6.0"),
        (["-", "--patient", CLEAN.lower()], 5, f"did you mean {CLEAN}?"),
        (["-", "--patient", CLEAN, "-o", "-"], 2, "-o takes a file"),
        (["-", "--patient", "no such'id"], 2, "is not a patient id"),
        (["-", "--patient", CLEAN, "--json", "--diff"], 2, "Only one of"),
        (["-", "--patient", CLEAN, "--json", "-o", "x"], 2, "Either -o"),
    ],
)
def test_bad_calls_are_refused(generated: Lab, arguments: list[str], code: int, message: str) -> None:
    """In one sentence, before anything is read."""
    assert message in complaint(generated.call("query", "migrate", *arguments), code)


def test_a_file_that_cannot_be_written(generated: Lab, queries: Path) -> None:
    """Says so."""
    assert "cannot be written" in complaint(migrate(generated, queries / "high.sql", "-o", "/proc/none/x.sql"), 2)


@pytest.mark.parametrize("code", MEANINGS)
def test_each_code_is_explained(code: str) -> None:
    """In a section of its own."""
    assert f"\n## {code}\n" in CODES


def test_no_code_is_explained_that_there_is_not() -> None:
    """The page has no other sections of codes."""
    assert set(re.findall(r"^## ([EW]\d+)$", CODES, re.MULTILINE)) == set(MEANINGS)
