"""A cohort with facts, and a browser."""

import shutil
from collections.abc import Iterator

import pytest
from helpers import DEMO, Lab
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium")
QUIETLY = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
CLINICAL = """
    update cohort.patient_metadata set cancer_type = 'Breast Cancer', cancer_subtype = 'HER2+'
    where patient_id in ('DEMO_HER2', 'DEMO_BASELINE');
"""


@pytest.fixture(scope="module")
def cohort(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with all demo patients migrated, and facts of all."""
    laboratory_server.reset()
    laboratory_server.migrate(*DEMO)
    laboratory_server.execute(CLINICAL)
    yield laboratory_server
    laboratory_server.reset()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a real browser, or skip the test."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIETLY))
        yield started
        started.close()
