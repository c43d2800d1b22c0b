"""Two hundred hostile or odd patient ids: each is accepted and keeps its own schema, or is refused before any write."""

import itertools
import string
from collections import Counter

import pytest
from helpers import DEMO, PREFIX, Lab
from psycopg import sql

from orchestrator.errors import UsageError
from orchestrator.patient_id import check, collisions, is_supported, legacy_database, reader_role, schema_name

NAME_BYTES = 63
"""What PostgreSQL keeps of a name."""
FOR_THE_ID = NAME_BYTES - len(PREFIX)

QUOTES = ["a'b", 'a"b', "a`b", "''", '""', "a''b", "'", '"', "O'Neill", '";drop schema public cascade;--', "a\\b", "$$",
          "$a$"]  # fmt: skip
SYNTAX = ["a;b", ";", "a;select 1", "%", "%s", "%(id)s", "a%b", "{{ x }}", "{x}", "{% x %}", "a,b", "a b", " a", "a ",
          "a\tb", "a\nb", "a/b", "../a", "a:b", "a=b", "a#b", "a--b", "/*a*/", "a*b", "a?b", "a|b", "a&b", "$(id)",
          "`id`", "a>b", "a@b", "a!b", "a~b", "(a)", "[a]", "<a>", "a+b", "a^b", "a[/b]", "[red]a"]  # fmt: skip
LEADING = ["-a", "--all", "-h", "_a", ".a", "..", ".", "_", "-", "__", "--"]
UNICODE = ["M\u00fcller", "muller\u0308", "\u00e9", "e\u0301", "\u00df", "\u1e9e", "\u0130", "\u0131",
           "\u017f", "\u212a", "\u60a3\u80057", "\u043f\u0430\u0446\u0438\u0435\u043d\u0442", "\u0430",
           "\U0001f9ec", "a\u200bb", "a\u00a0b", "\u202eabc", "\ufb01", "\u00b2", "\u0663", "\u0967",
           "\ufeffa", "a\x00b", "\u1d2c", "a\u2028b"]  # fmt: skip
DIGITS = ["1", "0", "007", "123-45", "1e5", "0x1F", "9.9", "1_000", "3D", "12345678901234567890", "1.", "1-", "0_"]
WORDS = ["select", "table", "user", "public", "null", "true", "default", "ALL", "order", "patient",
         "postgres", "staging", "template1", "pg_catalog", "information_schema", "None", "yes", "no",
         "on", "NaN", "Infinity", "mbase"]  # fmt: skip
LENGTHS = [*("L" * n for n in (1, 2, 43, 44, 45, 46, 62, 63, 64, 100)),
           *("\u00fc" * n for n in (22, 23, 31, 32)), *("4" * n for n in (44, 45, 46)), "A" + "-" * 44,
           "A" + "." * 44, "A" + "_" * 44, "A" + "-" * 45]  # fmt: skip
PAIRS = ["Case-1", "case-1", "CASE-1", "case_1", "case.1", "Dash-A-B", "dash_a_b", "DASH.A_B", "x.y",
         "X-Y", "x_y", "x__y", "x-_y", "x.-y", "tcga-a1-0001", "TCGA-A1-0001", "Z", "z", "Z.", "z-",
         "Z9", "z9"]  # fmt: skip
FINE = [f"TCGA-{a}{b}-{n:04}-01A" for a, b, n in itertools.product("AB", "78", range(11))]
IDS = list(dict.fromkeys([*QUOTES, *SYNTAX, *LEADING, *UNICODE, *DIGITS, *WORDS, *LENGTHS, *PAIRS, *FINE, ""]))


def holdable(patient_id: str) -> bool:
    """Tell whether a database can be called after this id."""
    return 0 < len(patient_id.encode()) <= FOR_THE_ID and "\0" not in patient_id


def test_there_are_two_hundred() -> None:
    """Of both kinds."""
    assert len(IDS) >= 200
    assert 80 < sum(map(is_supported, IDS)) < len(IDS) - 80


@pytest.mark.parametrize("patient_id", [each for each in IDS if is_supported(each)])
def test_an_accepted_id_gives_names_that_need_no_quotes_and_fit(patient_id: str) -> None:
    """Schema, role and legacy database: none is cut, and only what folds alike is alike."""
    assert check(patient_id) == patient_id and patient_id.isascii()
    schema = schema_name(patient_id)
    assert schema.removeprefix("patient_").replace("_", "a").isalnum() and schema == schema.lower()
    for name in (schema, reader_role(patient_id), legacy_database(patient_id)):
        assert len(name) <= NAME_BYTES
    alike = {each for each in IDS if is_supported(each) and schema_name(each) == schema}
    assert alike == {each for each in IDS if is_supported(each) and fold(each) == fold(patient_id)}


def fold(patient_id: str) -> str:
    """Return what the contract makes of an id, said in another way than the product says it."""
    small = {capital: capital.lower() for capital in string.ascii_uppercase}
    return patient_id.translate(str.maketrans({**small, "-": "_", ".": "_"}))


def test_a_refused_id_is_refused_before_any_write(lab: Lab) -> None:
    """As an argument of one command after the other, and as a new name."""
    commands = itertools.cycle(["migrate", "export", "rehearse", "inventory", "doctor"])
    before = lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text")
    for patient_id in (each for each in IDS if not is_supported(each)):
        with pytest.raises(UsageError):
            check(patient_id)
        if "\0" in patient_id:
            continue  # the system passes no such argument on
        done = lab.call(next(commands), "--", patient_id)
        assert done.returncode == 2 and "Traceback" not in done.stderr, (done.args, done.stderr)
        done = lab.call("inventory", f"--rename=DEMO_HER2={patient_id}")
        assert done.returncode == 2, (patient_id, done.stderr)
    assert lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text") == before


def some() -> list[str]:
    """Return every fourth of the ids, and all that fold alike."""
    return sorted({*IDS[::4], *PAIRS, "a[/b]"}, key=IDS.index)


@pytest.mark.parametrize(
    "ids", [pytest.param(some(), id="some"), pytest.param(IDS, id="all", marks=pytest.mark.acceptance)]
)
def test_databases_of_every_name_that_a_server_can_hold(lab: Lab, ids: list[str]) -> None:
    """All are listed; migrate refuses while names cannot be used; with new names each patient gets its own values."""
    names = [each for each in ids if holdable(each)]
    template = lab.add_patient(
        "TEMPLATE", "truncate gene_annotations, gene_pathways, transcript_go_terms", like=DEMO[1]
    )
    with lab.session("postgres") as session:
        for name in names:
            session.execute(
                sql.SQL("create database {} template {} strategy wal_log").format(
                    sql.Identifier(PREFIX + name), sql.Identifier(PREFIX + template)
                )
            )
    values = {name: 2.0 + number / 8 for number, name in enumerate(names)}
    for name, value in values.items():
        lab.change(name, f"update cancer_transcript_base set expression_fold_change = {value} "
                         "where transcript_id = 'ENST00000269571'")  # fmt: skip
    lab.drop_patient(template)

    listed = {each["database"]: each for each in lab.listing("inventory", code=5)}
    shown = lab.call("inventory")
    assert shown.returncode == 5 and "Traceback" not in shown.stderr
    assert set(listed) == {PREFIX + name for name in (*names, *DEMO)}
    clashing = {name for clash in collisions(filter(is_supported, names)) for name in clash}
    for name in names:
        wrong = {finding["check"] for finding in listed[PREFIX + name]["findings"]} & {"patient-id", "id-collision"}
        assert wrong == ({"id-collision"} if name in clashing else set() if is_supported(name) else {"patient-id"}), (
            name
        )

    before = lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text")
    for command in (["migrate", "--all"], ["migrate", "--all", "--dry-run"], ["export", "--all"]):
        assert lab.call(*command).returncode == 5
    assert lab.query("select pg_snapshot_xmax(pg_current_snapshot())::text") == before

    odd = [name for name in names if name in clashing or not is_supported(name)]
    new_names = {name: f"P-{number:04}" for number, name in enumerate(odd)}
    renamed = lab.call("inventory", "DEMO_HER2", *(f"--rename={old}={new}" for old, new in new_names.items()))
    assert renamed.returncode == 0, renamed.stderr
    outcomes = lab.migrate()
    assert {outcome.result for outcome in outcomes.values()} == {"migrated"}
    assert set(outcomes) == {*DEMO, *(new_names.get(name, name) for name in names)}
    stored = lab.query("select patient_id, schema_name from migration.patient")
    assert max(Counter(schema for _, schema in stored).values()) == 1
    for name, value in values.items():
        schema = schema_name(new_names.get(name, name))
        assert lab.query(f"select expression_fold_change from {schema}.expression_data") == [(value,)], name
        ((source,),) = lab.query(f"select source_file from {schema}.metadata")
        assert source == (None if name in new_names else PREFIX + name)
