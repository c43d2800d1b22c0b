"""Patients that both versions are asked about, generated ones and real ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Lab
from query_lab import (
    CLEAN,
    REAL_CLEAN,
    REAL_WITH_BAD_VALUES,
    WITH_BAD_VALUES,
    Asked,
    asked,
    generated_lab,
    lab_of_whole_genes,
)


@pytest.fixture(scope="session")
def generated() -> Iterator[Lab]:
    """Return a laboratory with generated patients, migrated."""
    with generated_lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def whole_genes(realdata: Path) -> Iterator[Lab]:
    """Return a laboratory with real patients, migrated."""
    with lab_of_whole_genes(realdata) as lab:
        yield lab


@pytest.fixture(scope="session")
def clean(generated: Lab) -> Iterator[Asked]:
    """Return the generated patient without rows in quarantine."""
    with asked(generated, CLEAN) as patient:
        yield patient


@pytest.fixture(scope="session")
def bad(generated: Lab) -> Iterator[Asked]:
    """Return the generated patient with rows in quarantine."""
    with asked(generated, WITH_BAD_VALUES) as patient:
        yield patient


@pytest.fixture(scope="session")
def real_clean(whole_genes: Lab) -> Iterator[Asked]:
    """Return a real patient without rows in quarantine."""
    with asked(whole_genes, REAL_CLEAN) as patient:
        yield patient


@pytest.fixture(scope="session")
def real_bad(whole_genes: Lab) -> Iterator[Asked]:
    """Return a real table of naive ratios, many of them in quarantine."""
    with asked(whole_genes, REAL_WITH_BAD_VALUES) as patient:
        yield patient


@pytest.fixture(params=["clean", "bad", "real_clean", "real_bad"])
def patient(request: pytest.FixtureRequest) -> Asked:
    """Return each patient in turn; the real ones only where there is real data."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["clean", "real_clean"])
def clean_patient(request: pytest.FixtureRequest) -> Asked:
    """Return each patient without rows in quarantine in turn."""
    return request.getfixturevalue(request.param)
