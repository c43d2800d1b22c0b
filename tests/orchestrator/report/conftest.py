"""A cohort with facts, odd patients among them, and a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import DEMO, Lab
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium")
QUIETLY = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
CLINICAL = """
    update patient_demo_her2.metadata set cancer_type = 'Breast Cancer', cancer_subtype = 'HER2+';
    update patient_demo_baseline.metadata set cancer_type = 'Breast Cancer', cancer_subtype = 'HER2+';
    update patient_demo_tnbc.metadata set cancer_type = 'Breast Cancer', cancer_subtype = 'Triple-negative';
"""


def work_out_facts(lab: Lab, *patient_ids: str) -> None:
    """Fill the tables of schema cohort for these patients."""
    success, said = lab.dbt("seed")
    assert success, said
    listed = ", ".join(f'"{patient_id}"' for patient_id in patient_ids)
    success, said = lab.dbt("run", "--select", "path:models/cohort", "--vars", f'{{"patient_ids": [{listed}]}}')
    assert success, said


@pytest.fixture(scope="module")
def cohort(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with all demo patients migrated, and facts of all."""
    lab = laboratory_server
    lab.reset()
    lab.migrate(*DEMO)
    lab.execute(CLINICAL)
    work_out_facts(lab, *DEMO)
    yield lab
    lab.reset()
    lab.execute("truncate migration.validation; drop schema cohort cascade")
    lab.migrate()  # brings the schema back, empty


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a real browser, or skip the test."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIETLY))
        yield started
        started.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for the pages of a test."""
    return tmp_path
