"""The migration guide's own SQL: its three pairs of queries, and every other SELECT in it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from query_lab import Asked, Failure, difference

from orchestrator.queries.compare import Rows, has_same_keys
from orchestrator.queries.outcome import Options
from orchestrator.queries.script import TABLE

GUIDE = Path(__file__).resolve().parents[4] / "shared" / "seed" / "MIGRATION_GUIDE_v0.6.0.md"
PAIR = re.compile(
    r"^#### (?P<title>Query \d).*?v0\.5\.0:.*?```sql\n(?P<old>.*?)```.*?v0\.6\.0:.*?```sql\n(?P<new>.*?)```",
    re.MULTILINE | re.DOTALL,
)
FENCE = re.compile(r"^ *```(?P<language>\w+)\n(?P<body>.*?)^ *```", re.MULTILINE | re.DOTALL)
HEREDOC = re.compile(r"<< *'?(?P<mark>\w+)'?\n(?P<body>.*?)^(?P=mark)$", re.MULTILINE | re.DOTALL)
ARGUMENT = re.compile(r' -\w*c\s*(?:\\\s*)?"(?P<body>.*?)"', re.DOTALL)
TEXT = re.compile(r'"""(?P<body>.*?)"""', re.DOTALL)
PLACEHOLDER = re.compile(r"patient_(?:PATIENT123|FIRST_PATIENT|\$\{PATIENT_ID\}|\{patient_id\})|\$\{SCHEMA\}")
SELECTS = 37
"""How often the guide's code says SELECT."""


@pytest.fixture(scope="module")
def guide() -> str:
    """Return the guide's text, or skip the test."""
    if not GUIDE.is_file():
        pytest.skip("needs the migration guide, which is not part of the project (shared/seed beside it)")
    return GUIDE.read_text(encoding="utf-8")


def pairs(guide: str, patient: Asked) -> dict[str, tuple[str, str]]:
    """Return the guide's queries of both versions by title, for a patient."""
    found = {each["title"]: (each["old"], for_patient(each["new"], patient)) for each in PAIR.finditer(guide)}
    assert list(found) == ["Query 1", "Query 2", "Query 3"]
    return found


def for_patient(text: str, patient: Asked) -> str:
    """Return a text of the guide with a patient where it has a placeholder."""
    return PLACEHOLDER.sub(patient.context.patient.schema, text)


def selects(guide: str) -> list[str]:
    """Return every statement of the guide's code that has a SELECT."""
    found = []
    for fence in FENCE.finditer(guide):
        for text in sql_in(fence["language"], fence["body"]):
            found += [each.strip() for each in text.split(";") if "SELECT" in each]
    assert sum(each.count("SELECT") for each in found) == SELECTS  # none was left out, and none came twice
    return found


def sql_in(language: str, body: str) -> Iterator[str]:
    """Yield the SQL in a piece of code: heredocs and arguments of psql in a script, long strings in Python."""
    if language == "sql":
        yield body
    elif language == "python":
        yield from (found["body"] for found in TEXT.finditer(body))
    elif language == "bash":
        for found in HEREDOC.finditer(body):
            is_script = found["body"].startswith("#!")
            yield from sql_in("bash" if is_script else "sql", found["body"])
        yield from (found["body"] for found in ARGUMENT.finditer(HEREDOC.sub("", body)))


def only_rows(result: Rows | Failure, width: int) -> Rows:
    """Return the first columns of a result without their names and types: the guide's queries have others."""
    assert isinstance(result, Rows), result
    return Rows((), [row[:width] for row in result.rows])


@pytest.mark.parametrize("title", ["Query 1", "Query 2", "Query 3"])
def test_the_guides_pairs(guide: str, clean_patient: Asked, title: str) -> None:
    """Our v0.6.0 query finds what the v0.5.0 query found, and what the guide's own v0.6.0 query finds."""
    old, new = pairs(guide, clean_patient)[title]
    if title == "Query 3":
        assert clean_patient.before(old) == clean_patient.after(new) == Failure("42883")  # no ROUND(double, integer)
        new = re.sub(r"ROUND\((.*), 1\)", r"ROUND((\1)::numeric, 1)", new)
    (statement,) = clean_patient.migrate(old, Options(fix_round=title == "Query 3")).statements
    assert statement.outcome == "guide" and statement.old_query and statement.new_query
    before, after, theirs = (
        clean_patient.before(statement.old_query), clean_patient.after(statement.new_query), clean_patient.after(new)
    )  # fmt: skip
    assert isinstance(before, Rows) and isinstance(after, Rows) and before.rows
    assert difference(before, after, is_ordered=False) == ""
    assert has_same_keys(before, after, [1])  # what they are ordered by; drugs of one gene are in no order
    width = len(before.columns)
    assert difference(only_rows(before, width), only_rows(theirs, width), is_ordered=False) == ""


def test_round_is_refused_unless_its_repair_is_asked_for(guide: str, clean_patient: Asked) -> None:
    """Query 3 never ran: that is said, with the option that repairs it."""
    old, _ = pairs(guide, clean_patient)["Query 3"]
    migrated = clean_patient.migrate(old)
    assert migrated.text == old
    assert [(finding.code, "--fix-round" in finding.message) for finding in migrated.findings] == [("E115", True)]


def test_every_select_of_the_guide(guide: str, clean_patient: Asked) -> None:
    """Each that reads the wide table gives the same result or is refused with a code; others stay as they are."""
    same, refused, ran_nowhere = 0, [], []
    for text in selects(guide):
        text = for_patient(re.sub(r"^\\.*$", "", text, flags=re.MULTILINE), clean_patient)  # no commands of psql
        migrated = clean_patient.migrate(text)
        (statement,) = migrated.statements
        if TABLE not in text:
            assert migrated.text == text
        elif statement.outcome == "refused":
            refused += [finding.code for finding in statement.findings]
        else:
            assert statement.old_query and statement.new_query
            before, after = clean_patient.before(statement.old_query), clean_patient.after(statement.new_query)
            if isinstance(before, Failure):
                ran_nowhere.append(after)
            else:
                same += 1
                assert difference(before, after, is_ordered=False) == "", text
    assert (same, refused) == (7, ["E115"])
    counts, unknown = ran_nowhere  # two ask a legacy database about v0.6.0, which works only now
    assert isinstance(counts, Rows) and counts.rows[0][-1] == "✓ MATCH"
    assert isinstance(unknown, Rows) and not unknown.rows


def test_the_guide_as_a_page(guide: str, clean_patient: Asked) -> None:
    """Only SQL in its fences is changed; the rest of the page stays, byte for byte."""
    migrated = clean_patient.migrate(guide, Options(fix_round=True, is_markdown=True))
    assert not migrated.is_refused
    assert [each.outcome for each in migrated.statements].count("guide") == 4
    before, after = (FENCE.split(page)[::3] for page in (guide, migrated.text))
    assert before == after
