"""The cohort takes up what changed, says what is stale, and never shows what is."""

import math
import statistics
from collections.abc import Iterator, Sequence

import pytest
from helpers import DEMO, Lab

from orchestrator import journal
from orchestrator.cohort import read
from orchestrator.cohort.refresh import Refresh, refresh_stale
from orchestrator.errors import ExitCode
from orchestrator.validation.validate import validate

HER2, TNBC, BAD = "DEMO_HER2", "DEMO_TNBC", "DEMO_BAD_VALUES"
NOT_VALIDATED, NEVER, CHANGED = "not validated as it is", "never refreshed", "changed since its refresh"


@pytest.fixture
def cohort(lab: Lab) -> Iterator[Lab]:
    """Return a server with the demo patients migrated and the cohort refreshed."""
    lab.migrate(*DEMO)
    done = refresh(lab)
    assert [each.patient_id for each in done.patients] == sorted(DEMO) and done.exit_code == ExitCode.DONE
    yield lab


def refresh(lab: Lab) -> Refresh:
    """Refresh as the command does, with the tables that a migration has made."""
    with journal.locked(lab.where.target) as target:
        return refresh_stale(target, lambda _: None, lambda _: None)


def check(lab: Lab, *patient_ids: str) -> None:
    """Validate patients, as the command does."""
    with lab.dbt_environment():
        validate(lab.where, patient_ids, False, lab.home / "dbt-of-tests", lambda _: None, lambda _: None)


def stale(lab: Lab) -> dict[str, str | None]:
    """Return why each stale patient is."""
    with lab.session() as target:
        return {each.patient_id: each.reason for each in read.members(target) if not each.is_current}


def shown(lab: Lab) -> set[str]:
    """Return the patients that cohort_expression has rows of."""
    return {name for (name,) in lab.query("select distinct patient_id from cohort.cohort_expression")}


def of_schemas(lab: Lab, patient_ids: Sequence[str]) -> dict[tuple[str, str], float | None]:
    """Return what the cohort should have, out of the patients' own tables."""
    found: dict[tuple[str, str], float | None] = {}
    for patient_id in patient_ids:
        schema = f"patient_{patient_id.lower()}"
        for (name,) in lab.query(f"select transcript_id from {schema}.quarantined_expression"):
            found[name, patient_id] = None
        for name, value in lab.query(f"select transcript_id, expression_fold_change from {schema}.expression_data"):
            found[name, patient_id] = value
    return found


def in_cohort(lab: Lab) -> dict[tuple[str, str], float | None]:
    """Return what it has."""
    return {
        (transcript_id, patient_id): value
        for transcript_id, patient_id, value in lab.query(
            "select transcript_id, patient_id, fold_change from cohort.cohort_expression"
        )
    }


def test_rows_are_those_of_the_patients(cohort: Lab) -> None:
    """Every stored value exactly, quarantined ones as null, and nothing else."""
    found = in_cohort(cohort)
    assert found == of_schemas(cohort, DEMO)
    assert None in found.values() and 1.0 not in found.values()
    assert stale(cohort) == {}


def test_only_patients_that_changed_are_taken_up(cohort: Lab) -> None:
    """A second refresh has nothing to do; a new patient is taken up alone, and so is one that was moved again."""
    again = refresh(cohort)
    assert (again.patients, again.current, again.transcripts) == ([], len(DEMO), None)
    cohort.migrate(cohort.add_patient("EXTRA"))
    assert stale(cohort) == {"EXTRA": NEVER}
    assert [each.patient_id for each in refresh(cohort).patients] == ["EXTRA"]
    cohort.change("EXTRA", "update cancer_transcript_base set expression_fold_change = 7.53125 "
                           "where transcript_id = (select min(transcript_id) from cancer_transcript_base)")  # fmt: skip
    cohort.migrate("EXTRA")
    assert stale(cohort) == {"EXTRA": CHANGED}
    assert shown(cohort) == {*DEMO, "EXTRA"} - {"DEMO_BASELINE", "EXTRA"}
    with cohort.session() as target:
        gene = read.gene(target, "ERBB2")
        variable = read.variable(target, 20)
    assert {each.patient_id for each in gene.patients} == set(DEMO)
    assert [(each.patient_id, each.reason) for each in gene.stale_patients] == [("EXTRA", CHANGED)]
    assert not variable.is_current and variable.transcripts == []
    done = refresh(cohort)
    assert [each.patient_id for each in done.patients] == ["EXTRA"] and done.current == len(DEMO)
    assert in_cohort(cohort) == of_schemas(cohort, [*DEMO, "EXTRA"])
    assert 7.53125 in {value for (_, patient_id), value in in_cohort(cohort).items() if patient_id == "EXTRA"}


def test_a_build_with_the_same_rows_is_taken_up_again(cohort: Lab) -> None:
    """Whether a row is stored or in quarantine is not in the digest, so a build counts as a change."""
    cohort.migrate(TNBC, force=True)
    assert stale(cohort) == {TNBC: CHANGED}
    assert [each.patient_id for each in refresh(cohort).patients] == [TNBC]


def test_what_was_edited_is_stale_when_that_is_found_out(cohort: Lab) -> None:
    """A refresh does not take up rows that are not those of the build; and it does when they are that again."""
    edit = "update patient_demo_tnbc.expression_data set expression_fold_change = expression_fold_change {} 2"
    cohort.execute(edit.format("*"))
    check(cohort, TNBC)
    assert stale(cohort) == {TNBC: NOT_VALIDATED} and TNBC not in shown(cohort)
    done = refresh(cohort)
    assert done.exit_code == ExitCode.FAILED
    assert [(each.patient_id, each.problem) for each in done.patients] == [
        (TNBC, f"It was not validated as it is now: mediabase validate {TNBC}.")
    ]
    assert stale(cohort) == {TNBC: NOT_VALIDATED} and TNBC not in shown(cohort)
    cohort.execute(edit.format("/"))
    check(cohort, TNBC)
    assert stale(cohort) == {}  # the rows that the cohort has are those of the patient again
    assert in_cohort(cohort) == of_schemas(cohort, DEMO)


def test_an_edit_that_nobody_validated_is_not_taken_up(lab: Lab) -> None:
    """The digest is that of the rows which are read, so that they are never those of another digest."""
    lab.migrate(TNBC)
    lab.execute("delete from patient_demo_tnbc.expression_data where expression_fold_change > 2")
    done = refresh(lab)
    assert [bool(each.problem) for each in done.patients] == [True]
    assert shown(lab) == set() and lab.query("select * from cohort.cohort_rows") == []


def test_patients_that_are_gone_leave_nothing(cohort: Lab) -> None:
    """Rolled back or removed: no row, no member, not named; also where something else took them away."""
    assert cohort.call("rollback", HER2).returncode == 0
    assert cohort.call("patient", "remove", TNBC, "--yes").returncode == 0
    cohort.execute("update migration.patient set published_at = null where patient_id = 'DEMO_CRC_MSI'")
    gone = {HER2, TNBC, "DEMO_CRC_MSI"}
    assert not gone & shown(cohort) and stale(cohort) == {}
    done = refresh(cohort)
    assert done.removed == ["DEMO_CRC_MSI"] and done.transcripts
    for table in ("cohort_rows", "cohort_member"):
        left = {name for (name,) in cohort.query(f"select distinct patient_id from cohort.{table}")}
        assert left <= set(DEMO) - gone


def test_a_table_that_was_made_anew_has_nobody(cohort: Lab) -> None:
    """As a restore or another definition makes it: empty, and nobody reads as if at baseline."""
    cohort.execute(
        "alter table cohort.cohort_rows rename to before; "
        "create table cohort.cohort_rows (like cohort.before including all)"
    )
    cohort.execute("drop table cohort.before cascade")
    success, said = cohort.dbt("run", "--select", "path:models/cohort")
    assert success, said
    assert stale(cohort) == dict.fromkeys(DEMO, NEVER) and shown(cohort) == set()
    with cohort.session() as target:
        assert read.gene(target, "ERBB2").patients == []
    refresh(cohort)
    assert in_cohort(cohort) == of_schemas(cohort, DEMO)


def test_rows_that_change_places_make_a_patient_stale(cohort: Lab) -> None:
    """An orphan whose transcript the core gains is unknown, not at baseline; then it is stored, by the same digest."""
    gained = cohort.query(
        "select transcript_id from patient_demo_bad_values.quarantined_expression where reason = 'orphan' order by 1"
    )[0][0]
    digest = "select current_digest from migration.patient where patient_id = 'DEMO_BAD_VALUES'"
    before = cohort.query(digest)
    cohort.execute(f"insert into transcripts (transcript_id, gene_id) select '{gained}', min(gene_id) from transcripts")
    try:
        assert in_cohort(cohort)[gained, BAD] is None and stale(cohort) == {}
        assert cohort.run("migrate", BAD, "--requeue-quarantine").returncode == 0
        assert cohort.query(digest) == before
        assert stale(cohort) == {BAD: CHANGED} and BAD not in shown(cohort)
        assert [each.patient_id for each in refresh(cohort).patients] == [BAD]
        value = in_cohort(cohort).get((gained, BAD), 1.0)
        assert value is not None and in_cohort(cohort) == of_schemas(cohort, DEMO)
    finally:
        cohort.execute(f"delete from transcripts where transcript_id = '{gained}'")


def test_one_patient_that_fails_fails_alone(lab: Lab) -> None:
    """It is named with what failed and never with a value; the others are current; a later refresh makes it good."""
    lab.migrate(*DEMO)
    lab.execute("alter table patient_demo_tnbc.quarantined_expression rename to elsewhere")
    done = refresh(lab)
    assert done.exit_code == ExitCode.FAILED
    failed = {each.patient_id: each.problem for each in done.patients if each.problem}
    assert failed == {TNBC: "PostgreSQL error 42P01: UndefinedTable."}
    assert stale(lab) == {TNBC: NEVER}
    assert TNBC not in shown(lab) and HER2 in shown(lab)
    with lab.session() as target:
        assert read.variable(target, 1).patients == len(DEMO) - 1
    events = lab.query("select event, count(*) from migration.event where event like 'cohort %' group by 1 order by 1")
    assert events == [("cohort failed", 1), ("cohort refreshed", len(DEMO) - 1), ("cohort variability", 1)]
    assert lab.query("select exit_code from migration.run where command = 'cohort refresh'") == [(1,)]
    lab.execute("alter table patient_demo_tnbc.elsewhere rename to quarantined_expression")
    assert refresh(lab).exit_code == ExitCode.DONE and stale(lab) == {}


def test_a_gene_is_as_each_patient_has_it(cohort: Lab) -> None:
    """The isoform farthest from baseline; 1.0 without a row; unknown when the only value is in quarantine."""
    of_gene: dict[str, list[str]] = {}
    for symbol, transcript_id in cohort.query(
        "select gene_symbol, transcript_id from public.genes inner join public.transcripts using (gene_id) "
        "where gene_symbol <> ''"
    ):
        of_gene.setdefault(symbol, []).append(transcript_id)
    rows = of_schemas(cohort, DEMO)
    seen = set()
    with cohort.session() as target:
        for symbol, isoforms in of_gene.items():
            found = {each.patient_id: each for each in read.gene(target, symbol).patients}
            assert set(found) == set(DEMO)
            for patient_id, value in found.items():
                has = {name: rows[name, patient_id] for name in isoforms if (name, patient_id) in rows}
                stored = [(-abs(math.log(each)), name, each) for name, each in has.items() if each is not None]
                expected = (min(stored)[1:] if stored else (None, None)) if has else (None, 1.0)
                assert (value.transcript_id, value.expression_fold_change) == expected, (symbol, patient_id)
                seen.add("stored" if stored else "unknown" if has else "baseline")
    assert seen == {"stored", "unknown", "baseline"}


def test_variability_is_that_of_a_plain_computation(cohort: Lab) -> None:
    """Baseline is 0, a value in quarantine is left out, and what the core lacks is not there."""
    rows = of_schemas(cohort, DEMO)
    core = {name for (name,) in cohort.query("select transcript_id from public.transcripts")}
    expected = {}
    for transcript_id in {name for name, _ in rows} & core:
        values = [rows.get((transcript_id, patient_id), 1.0) for patient_id in DEMO]
        known = [math.log2(each) for each in values if each is not None]
        changed = sum(each != 0 for each in known)
        expected[transcript_id] = (len(known), changed, statistics.mean(known), statistics.variance(known))
    with cohort.session() as target:
        found = read.variable(target, 1000)
    assert found.is_current and found.patients == len(DEMO)
    assert {each.transcript_id for each in found.transcripts} == set(expected)
    for each in found.transcripts:
        patients, changed, mean, variance = expected[each.transcript_id]
        assert (each.patients, each.changed) == (patients, changed)
        assert each.mean_log2 == pytest.approx(mean, abs=1e-12)
        assert each.variance_log2 == pytest.approx(variance, rel=1e-9, abs=1e-12)
    variances = [each.variance_log2 for each in found.transcripts]
    assert variances == sorted(variances, reverse=True)
    assert any(each.patients < len(DEMO) for each in found.transcripts)


def test_it_is_there_whatever_the_time_zone(cohort: Lab) -> None:
    """Who looks from elsewhere sees the same."""
    with cohort.session() as target:
        target.execute("set timezone = 'Asia/Kathmandu'")
        assert read.variable(target, 1).is_current
