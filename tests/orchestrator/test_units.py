"""Small rules that everything else stands on."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import patient_id
from orchestrator.errors import ExitCode, RefusedError, UsageError, worst
from orchestrator.postgres.connection import Servers, describe
from orchestrator.settings import Settings

IDS = st.from_regex(patient_id.PATTERN, fullmatch=True)
WORST_FIRST = [
    ExitCode.INTERRUPTED, ExitCode.USAGE, ExitCode.LOCKED, ExitCode.REFUSED, ExitCode.FAILED,
    ExitCode.QUARANTINED, ExitCode.DONE,
]  # fmt: skip


@given(IDS, IDS)
def test_schema_names_collide_only_by_the_documented_folding(one: str, other: str) -> None:
    """Case, and '-', '.' and '_'; nothing else."""

    def folded(text: str) -> str:
        return text.lower().replace("-", "_").replace(".", "_")

    assert (patient_id.schema_name(one) == patient_id.schema_name(other)) == (folded(one) == folded(other))
    if one != other and folded(one) == folded(other):
        with pytest.raises(RefusedError):
            patient_id.refuse_collisions([one, other])


@given(IDS)
def test_names_of_an_accepted_id_fit_postgresql(accepted: str) -> None:
    """63 bytes, and a schema name that needs no quotes."""
    assert patient_id.check(accepted) == accepted
    for name in (
        patient_id.schema_name(accepted),
        patient_id.reader_role(accepted),
        patient_id.legacy_database(accepted),
    ):
        assert len(name.encode()) <= 63
    assert patient_id.schema_name(accepted).replace("_", "a").isalnum()
    assert patient_id.schema_name(accepted).islower()


@given(IDS)
def test_ids_that_differ_in_case_are_refused_together(accepted: str) -> None:
    """Both are named."""
    other = accepted.swapcase()
    if other != accepted:
        with pytest.raises(RefusedError, match="one schema name") as raised:
            patient_id.refuse_collisions([accepted, other])
        assert accepted in str(raised.value) and other in str(raised.value)
    patient_id.refuse_collisions([accepted])


@given(st.text(max_size=60))
def test_everything_else_is_no_patient_id(text: str) -> None:
    """As the pattern of the design has it, for the whole string."""
    allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    is_id = 1 <= len(text) <= 45 and text[0] in allowed and all(each in allowed + "_.-" for each in text)
    assert patient_id.is_supported(text) == is_id
    if not is_id:
        for use in (
            patient_id.check,
            patient_id.schema_name,
            patient_id.reader_role,
            patient_id.legacy_database,
        ):
            with pytest.raises(UsageError):
                use(text)


@pytest.mark.parametrize("text", ["", "A\n", "-A", "_A", ".A", "A" * 46, "Ä", "٣", "A B", "A/B", 'A"', "A\x00", "%"])
def test_near_misses_are_no_patient_ids(text: str) -> None:
    """A closing newline, other scripts' digits, one letter too many."""
    assert not patient_id.is_supported(text)


def test_the_highest_exit_code_that_applies_wins() -> None:
    """In the order of the design, whatever the order in which they come."""
    assert worst([]) == ExitCode.DONE
    for higher, lower in itertools.combinations(WORST_FIRST, 2):
        assert worst([higher, lower]) == worst([lower, higher]) == higher
    assert worst(sorted(WORST_FIRST)) == ExitCode.INTERRUPTED
    assert [int(code) for code in reversed(WORST_FIRST)] == [0, 3, 1, 5, 4, 2, 130]


@pytest.mark.parametrize("dsn", ["host=db password=secret-word", "postgresql://clerk:secret-word@db/mbase"])
def test_nothing_shows_the_password(monkeypatch: pytest.MonkeyPatch, dsn: str) -> None:
    """Neither settings nor what follows from them, in a log or a traceback."""
    monkeypatch.setenv("MEDIABASE_DSN", dsn)
    monkeypatch.setenv("MEDIABASE_LEGACY_DSN", dsn)
    settings = Settings()
    assert settings.target == settings.legacy == dsn
    for text in (
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        str(settings.model_dump()),
        describe(dsn),
    ):
        assert "secret-word" not in text
    assert "secret-word" not in repr(Servers(dsn, dsn))


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """`MEDIABASE_DSN=` means the embedded server, and an empty home the default one."""
    for name in ("DSN", "LEGACY_DSN", "HOME"):
        monkeypatch.setenv(f"MEDIABASE_{name}", "")
    settings = Settings()
    assert settings.target is None and settings.legacy is None
    assert settings.home.is_absolute()
