"""The page of the report in a real browser."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from cohorts import ODD, added, hostile, page
from helpers import Lab
from page_checks import NARROW, axe_finds_nothing, nothing_is_beyond_the_screen, open_all
from playwright.sync_api import Browser, Page, Request
from pypdf import PdfReader

ROWS = 90
WIDE_ROWS = f"""
insert into migration.patient (patient_id, schema_name, source_database, state, run_id)
select 'ROW' || n, 'patient_row' || n, 'row' || n, 'discovered', 1
from generate_series(101, {100 + ROWS}) as n;
insert into cohort.patient_metadata (patient_id, cancer_type, cancer_subtype, metadata_rows, is_as_built,
    metadata_faults)
select 'ROW' || n, 'A' || n || repeat(' a long word', 6), repeat('and more ', 5 + n % 3) || 'Z' || n, 1, true, '{{}}'
from generate_series(101, {100 + ROWS}) as n;
"""
TEARS_EASILY = "body { orphans: 1; widows: 1; }</style>"
KEPT_WHOLE = "tr, li, figure, svg, p, details, .tiles > * { break-inside: avoid; }"


@pytest.fixture(scope="module")
def odd_page(cohort: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page with every kind of patient that there is, hostile ones among them."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    with added(cohort, ODD + hostile()):
        file.write_text(page(cohort))
    return file


@pytest.fixture
def opened(browser: Browser, odd_page: Path) -> Iterator[tuple[Page, list[str]]]:
    """Return the page in a browser, and everything that it asked for."""
    context = browser.new_context(viewport={"width": NARROW, "height": 844})
    tab = context.new_page()
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    tab.on("request", note)
    tab.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    tab.on("console", lambda message: asked.append(f"console {message.text}"))
    tab.goto(odd_page.as_uri())
    yield tab, asked
    context.close()


def test_nothing_is_loaded_and_nothing_runs(opened: tuple[Page, list[str]], odd_page: Path) -> None:
    """Only the file itself; also with everything open."""
    tab, asked = opened
    open_all(tab)
    tab.wait_for_timeout(200)
    assert asked == [odd_page.as_uri()]


def test_a_narrow_screen_does_not_scroll_sideways(opened: tuple[Page, list[str]]) -> None:
    """Neither the page nor anything in it, with names that have no place to break."""
    tab, _ = opened
    open_all(tab)
    nothing_is_beyond_the_screen(tab)


@pytest.mark.parametrize(
    ("scheme", "is_open", "width"), [(*both, width) for both in product(("light", "dark"), (False, True))
                                     for width in (1280, NARROW)]
)  # fmt: skip
def test_axe_finds_nothing(
    browser: Browser, odd_page: Path, scheme: Literal["light", "dark"], is_open: bool, width: int
) -> None:
    """Light and dark, closed and open, wide and narrow; every rule that axe has, not only those of WCAG."""
    axe_finds_nothing(browser, odd_page, scheme, width, is_open)


def test_closed_patients_are_printed(browser: Browser, odd_page: Path, tmp_path: Path) -> None:
    """Paper has nothing to open."""
    text = "".join(_printed(browser, odd_page, tmp_path))
    assert "ERBB2" in text and "fold changes are above 1.0" in text and "read 1.0" not in text


def test_rows_are_printed_whole(browser: Browser, cohort: Lab, tmp_path: Path) -> None:
    """The first and the last word of every row are on one page; without the rule of the style sheet they are not."""
    with added(cohort, WIDE_ROWS):
        text = page(cohort).replace("</style>", TEARS_EASILY)
    file = tmp_path / "report.html"
    file.write_text(text)
    pages = _printed(browser, file, tmp_path)
    assert _torn(pages) == []
    assert sum("Legacy" in each and "Parity" in each for each in pages) > 1, "the head of the table is on every page"
    assert KEPT_WHOLE in text
    file.write_text(text.replace(KEPT_WHOLE, ""))
    assert _torn(_printed(browser, file, tmp_path))


def _printed(browser: Browser, file: Path, folder: Path) -> list[str]:
    """Return the text of every page that a browser prints."""
    tab = browser.new_page()
    tab.goto(file.as_uri())
    tab.pdf(path=folder / "report.pdf", format="A4")
    tab.close()
    return [each.extract_text() for each in PdfReader(folder / "report.pdf").pages]


def _torn(pages: list[str]) -> list[str]:
    """Return the rows whose first and last words are not on one page."""
    where = {
        word: [number for number, text in enumerate(pages) if word in text]
        for row in range(101, 101 + ROWS) for word in (f"A{row}", f"Z{row}")
    }  # fmt: skip
    assert all(len(found) == 1 for found in where.values()), where
    return [word for word in where if word[0] == "A" and where[word] != where[f"Z{word[1:]}"]]
