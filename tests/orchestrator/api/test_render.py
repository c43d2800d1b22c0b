"""The pages in a real browser, with plain data, with none, and with text that would rather be something else."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
import sample_views as views
from page_checks import ACTIVE, CONTROLS, HOSTILE, NARROW, Tags, axe_finds_nothing, nothing_is_beyond_the_screen
from playwright.sync_api import Browser, Page, Request, Route
from pypdf import PdfReader

from orchestrator.api.endpoints import endpoints, type_name
from orchestrator.api.render import (
    render_api,
    render_compare,
    render_error,
    render_login,
    render_missing,
    render_overview,
    render_patient,
)
from orchestrator.api.views import ApiView, ErrorView, LoginView, MissingView, PatientRow, Visitor

WIDE = 1280
SITE = "http://mediabase.test"
MOST_TABS = 40
HOSTILE_VISITOR = Visitor(HOSTILE, sees_cohort=True, is_development=False)
HOSTILE_ROW = PatientRow(HOSTILE, HOSTILE, 1, 1, HOSTILE, HOSTILE, False)
MADE: dict[str, Callable[[], str]] = {
    "overview": lambda: render_overview(views.overview()),
    "overview of one": lambda: render_overview(views.overview(visitor=views.ALONE)),
    "overview of nothing": lambda: render_overview(views.overview(patients=(), matches=0, page=1)),
    "patient": lambda: render_patient(views.patient()),
    "patient without data": lambda: render_patient(views.empty_patient()),
    "compare": lambda: render_compare(views.compare()),
    "compare many": lambda: render_compare(views.compare(20)),
    "compare nothing": lambda: render_compare(views.compare(0, asked_patients=(), asked_genes=(), genes=())),
    "api": lambda: render_api(views.API),
    "login": lambda: render_login(views.LOGIN),
    "login refused": lambda: render_login(views.REFUSED),
    "error": lambda: render_error(views.ERROR),
    "missing": lambda: render_missing(views.MISSING),
}
HOSTILE_MADE: dict[str, Callable[[], str]] = {
    "hostile overview": lambda: render_overview(
        views.overview(
            visitor=HOSTILE_VISITOR, query=HOSTILE, state=HOSTILE, states=(HOSTILE,), patients=(HOSTILE_ROW,)
        )
    ),
    "hostile patient": lambda: render_patient(views.hostile_patient()),
    "hostile compare": lambda: render_compare(views.hostile_compare()),
    "hostile api": lambda: render_api(ApiView(HOSTILE_VISITOR, views.document(HOSTILE), views.ADDRESS)),
    "hostile login": lambda: render_login(LoginView(HOSTILE)),
    "hostile error": lambda: render_error(ErrorView(HOSTILE_VISITOR, HOSTILE, HOSTILE)),
    "hostile missing": lambda: render_missing(MissingView(HOSTILE_VISITOR, HOSTILE, HOSTILE, "/report")),
}
NAMES = [*MADE, *HOSTILE_MADE]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return every page as a file, by name."""
    folder = tmp_path_factory.mktemp("pages")
    made = {name: folder / f"{name.replace(' ', '_')}.html" for name in NAMES}
    for name, make in (MADE | HOSTILE_MADE).items():
        made[name].write_text(make())
    return made


@pytest.fixture
def site(browser: Browser) -> Iterator[tuple[Page, list[Request]]]:
    """Return a tab at the overview, as a server answers that has one page of a kind, and all that it was asked."""
    pages = {"/": "overview", "/compare": "compare", "/api": "api", "/login": "login"}
    asked: list[Request] = []

    def answer(route: Route) -> None:
        asked.append(route.request)
        path = urlsplit(route.request.url).path
        name = "patient" if path.startswith("/patients/") else pages.get(path, "error")
        route.fulfill(body=MADE[name](), content_type="text/html; charset=utf-8")

    context = browser.new_context(viewport={"width": WIDE, "height": 900})
    context.route("**/*", answer)
    tab = context.new_page()
    tab.goto(SITE)
    asked.clear()
    yield tab, asked
    context.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", (WIDE, NARROW))
@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_axe_finds_nothing(
    browser: Browser, files: dict[str, Path], name: str, scheme: Literal["light", "dark"], width: int
) -> None:
    """Every rule that axe has, not only those of WCAG."""
    axe_finds_nothing(browser, files[name], scheme, width)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", (WIDE, NARROW))
def test_nothing_scrolls_sideways_and_nothing_runs(
    browser: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    """Nothing but the page is asked for, and no dialog opens."""
    context = browser.new_context(viewport={"width": width, "height": 844})
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    tab.on("console", lambda message: asked.append(f"console {message.text}"))
    tab.goto(files[name].as_uri())
    tab.wait_for_timeout(100)
    nothing_is_beyond_the_screen(tab)
    context.close()
    assert asked == [files[name].as_uri()]


@pytest.mark.parametrize("name", NAMES)
def test_tables_and_plots_have_names(browser: Browser, files: dict[str, Path], name: str) -> None:
    """Every table a caption, every heading cell a scope, every plot a text; headings go down one level at a time."""
    tab = browser.new_page()
    tab.goto(files[name].as_uri())
    unnamed = tab.evaluate(
        """() => [...document.querySelectorAll('table:not(:has(> caption)), th:not([scope]), svg:not([aria-label])')]
            .map(each => each.outerHTML.slice(0, 120))"""
    )
    levels = tab.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(each => Number(each.tagName[1]))")
    tab.close()
    assert unnamed == []
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


@pytest.mark.parametrize("name", HOSTILE_MADE)
def test_hostile_text_is_text(files: dict[str, Path], name: str) -> None:
    """No element, no attribute, no template and no direction comes out of what is data."""
    text = files[name].read_text()
    tags = Tags(text)
    assert ACTIVE.isdisjoint(tags.found)
    assert all(re.fullmatch(r"a href=/[^/].*|a href=/", each) for each in tags.active), tags.active
    assert "&lt;script&gt;" in text
    assert not CONTROLS.search(text)


def test_a_search_is_done_by_keyboard(site: tuple[Page, list[Request]]) -> None:
    """From the top of the page with Tab alone, past the link that skips the navigation."""
    tab, asked = site
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.hash") == "#main"
    tab_to(tab, "#q")
    tab.keyboard.press("Control+A")
    tab.keyboard.type("lung & more")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert query(asked[-1]) == {"q": ["lung & more"]}


def test_patients_are_chosen_and_opened_by_keyboard(site: tuple[Page, list[Request]]) -> None:
    """Two patients and genes go to the page that compares; a name leads to its patient."""
    tab, asked = site
    for number in (102, 104):
        tab_to(tab, f"[value='TCGA-A1-0{number}-01A']")
        tab.keyboard.press("Space")
    tab_to(tab, "#genes")
    tab.keyboard.type("ERBB2, EGFR")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert urlsplit(asked[-1].url).path == "/compare"
    assert query(asked[-1]) == {
        "patient_ids": ["TCGA-A1-0102-01A", "TCGA-A1-0104-01A"], "gene_symbols": ["ERBB2, EGFR"],
    }  # fmt: skip
    tab_to(tab, ".compared [href='/patients/TCGA-A1-0001-01A']")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert tab.title().startswith("DEMO_HER2")
    tab_to(tab, "[href='/compare?patient_ids=DEMO_HER2']")


def test_pages_keep_the_search(site: tuple[Page, list[Request]]) -> None:
    """The next and the previous page are of the same search; the ends have one link each."""
    tab, asked = site
    for name, page in (("Next", "3"), ("Previous", "1")):
        with tab.expect_navigation():
            tab.get_by_role("link", name=name).click()
        assert query(asked[-1]) == {"q": ["breast & lung"], "page": [page]}
    assert "Page 2 of 103" in tab.content()
    first, last = (render_overview(views.overview(page=page)) for page in (1, 103))
    assert "Previous" not in first and 'rel="next"' in first
    assert "Next" not in last and 'rel="prev"' in last


def test_signing_in_and_out_are_posted(site: tuple[Page, list[Request]]) -> None:
    """A token is never in an address, where logs and histories keep it."""
    tab, asked = site
    with tab.expect_navigation():
        tab.get_by_role("button", name="Sign out").click()
    assert (asked[-1].method, urlsplit(asked[-1].url).path) == ("POST", "/logout")
    tab.goto(f"{SITE}/login")
    tab.get_by_label("Token", exact=True).fill("mb_secret")
    with tab.expect_navigation():
        tab.get_by_role("button", name="Sign in").click()
    assert (asked[-1].method, asked[-1].post_data) == ("POST", "token=mb_secret")
    assert not any("mb_secret" in each.url for each in asked)


def test_values_are_told_as_they_are(browser: Browser, files: dict[str, Path]) -> None:
    """A value in quarantine with its reason, a gene that is not there, loss in percent, drugs by gene."""
    tab = browser.new_page()
    tab.goto(files["patient"].as_uri())
    rows = [" ".join(each.split()) for each in tab.locator("tbody tr").all_inner_texts()]
    assert "BRCA1 ENST00000357654 0.315 68 % significant loss DNA repair; its loss makes the genome unstable" in rows
    assert "RB1 ENST00000267163 quarantined (nan) Cell-cycle checkpoint; its loss lets cells divide unchecked" in rows
    assert "PDCD1 unknown PD-1: checkpoint receptor of T cells" in rows
    assert "TP53 ENST00000269305 1.40 0 % intact Guards the genome; lost in many cancers" in rows
    assert "severe underexpression 0 to 0.33 2,410 13 %" in rows
    assert tab.locator("[scope='rowgroup']").all_inner_texts() == ["ERBB2", "TOP2A"]
    tiles = [" ".join(each.split()) for each in tab.locator(".tiles > div").all_inner_texts()]
    assert tiles[-1] == "Quarantined 17 13 nan, 4 null"
    assert "the first 4 of 57" in tab.content()
    tab.goto(files["compare"].as_uri())
    row = tab.get_by_role("row", name="GRB7")
    assert [" ".join(each.split()) for each in row.get_by_role("cell").all_inner_texts()][:2] == [
        "1.00", "quarantined (nan) ENST00000309156",
    ]  # fmt: skip
    assert tab.locator("svg text", has_text="GRB7 ?").count() == 1
    assert [each.split("\n")[0] for each in tab.locator(".notice").all_inner_texts()] == [
        "Not there, or not for this token: NOBODY. Find patients in the cohort.",
        "The core has no gene with the symbol HER2: symbols are those of HGNC, for example ERBB2 for HER2.",
    ]
    tab.close()


def test_a_token_without_the_cohort_sees_why() -> None:
    """There are no columns for what it may not read."""
    alone, all_of_it = (render_overview(views.overview(visitor=each)) for each in (views.ALONE, views.VISITOR))
    for heading in ("Cancer type", "Subtype", "Checks"):
        assert f'<th scope="col">{heading}' in all_of_it and f'<th scope="col">{heading}' not in alone
    assert "which this token may not read" in alone and "which this token may not read" not in all_of_it


def test_development_is_said_on_every_page() -> None:
    """Nobody signs out who never signed in."""
    for text in (
        render_overview(views.overview(visitor=views.DEVELOPER)),
        render_patient(views.patient(visitor=views.DEVELOPER)),
        render_compare(views.compare(visitor=views.DEVELOPER)),
    ):
        assert "runs for development" in text and "Sign out" not in text
    assert "Sign out" not in render_login(views.LOGIN)


def test_where_there_is_nothing_a_sentence_says_so() -> None:
    """And no table, plot or number stands for it."""
    patient = render_patient(views.empty_patient())
    for sentence in (
        "Nobody has supplied metadata", "every transcript is at 1.0.", "No gene is away from the baseline.",
        "The core has none of the genes of this panel.", "No gene above 3.00 is the target of an approved drug.",
    ):  # fmt: skip
        assert sentence in patient
    assert "<svg" not in patient and "<table" not in patient
    assert "Nothing matches" in MADE["overview of nothing"]()
    nobody = render_overview(views.overview(query="", patients=(), matches=0, page=1))
    assert "mediabase migrate --all" in nobody and "0 patients" in nobody
    assert "Name patients and genes" in MADE["compare nothing"]()
    assert "<code>mediabase report -o report.html</code>" in MADE["missing"]()


def test_a_patient_is_printed_without_what_paper_cannot_do(
    browser: Browser, files: dict[str, Path], tmp_path: Path
) -> None:
    """Tables and plots, and no navigation."""
    tab = browser.new_page()
    tab.goto(files["patient"].as_uri())
    tab.pdf(path=tmp_path / "patient.pdf", format="A4")
    tab.close()
    printed = "".join(each.extract_text() for each in PdfReader(tmp_path / "patient.pdf").pages)
    assert "BRCA1" in printed and "TRASTUZUMAB" in printed and "Illumina" in printed
    assert "Sign out" not in printed and "Migration report" not in printed


def test_endpoints_are_read_from_the_document() -> None:
    """Types with limits, defaults, shared parameters and references; an example that a shell takes as it stands."""
    document = views.document()
    transcripts, patient, health = endpoints(document, views.ADDRESS)
    assert [(each.name, each.type, each.default, each.is_required) for each in transcripts.parameters] == [
        ("patient_id", "string", "", False), ("gene_symbols", "list of string", "", False),
        ("has_drugs", "boolean", "false", False), ("limit", "integer from 1 up to 10000", "100", False),
    ]  # fmt: skip
    assert [(each.status, each.content) for each in transcripts.answers] == [
        ("200", "application/json, application/x-ndjson"), ("404", "application/problem+json"),
    ]  # fmt: skip
    assert shlex.split(transcripts.example) == [
        "curl", "-H", "Authorization: Bearer $MEDIABASE_TOKEN",
        f"{views.ADDRESS}/api/v1/transcripts?patient_id=DEMO_HER2&gene_symbols=ERBB2,EGFR",
    ]  # fmt: skip
    assert patient.parameters[0].is_required
    assert shlex.split(patient.example)[-1] == f"{views.ADDRESS}/api/v1/patients/DEMO_HER2"
    assert shlex.split(health.example) == ["curl", f"{views.ADDRESS}/health"]
    assert type_name(document, {"enum": ["a", "b"]}) == "one of a, b"
    assert json.dumps(document) == json.dumps(views.document())


def tab_to(tab: Page, selector: str) -> None:
    """Press Tab until the element has the focus, which has to be seen."""
    for _ in range(MOST_TABS):
        tab.keyboard.press("Tab")
        if tab.evaluate("selector => document.activeElement.matches(selector)", selector):
            style = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert style != "none"
            return
    pytest.fail(f"{selector} is not reached with {MOST_TABS} times Tab")


def query(request: Request) -> dict[str, list[str]]:
    """Return the parameters of a request that have a value."""
    return parse_qs(urlsplit(request.url).query)
