"""The pages as a person meets them: a real browser, a real server, and a token to sign in with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from helpers import DEMO, Lab
from page_checks import NARROW, axe_accepts, nothing_is_beyond_the_screen
from playwright.sync_api import Browser, Locator, Page, expect
from serving import COOKIE, Running, serving, token

from orchestrator.access.tokens import Scope

WIDE = 1280
PAGES = {
    "cohort": "/",
    "search": "/?q=demo&state=validated",
    "search without a match": "/?q=nobody",
    "patient": "/patients/DEMO_HER2",
    "patient at the baseline": "/patients/DEMO_BASELINE",
    "patient with rows in quarantine": "/patients/DEMO_BAD_VALUES",
    "comparison to fill in": "/compare",
    "comparison": "/compare?patient_ids=DEMO_HER2,DEMO_BAD_VALUES,NOBODY&gene_symbols=ERBB2,TP53,NOGENE",
    "too large a comparison": f"/compare?patient_ids={','.join(f'P{number}' for number in range(13))}",
    "API": "/api",
    "sign in": "/login",
    "models, not made yet": "/dbt-docs",
    "report, not made yet": "/report",
    "patient that is not there": "/patients/NOBODY",
    "address that is not there": "/nothing",
}
REFUSED = {"report, not made yet", "models, not made yet", "patient that is not there", "address that is not there",
           "too large a comparison"}  # fmt: skip
"""Answered with a page that says why not."""
CLINICAL = """
    update cohort.patient_metadata set cancer_type = 'Breast Cancer', cancer_subtype = 'HER2+'
    where patient_id in ('DEMO_HER2', 'DEMO_BASELINE');
    update patient_demo_her2.metadata set cancer_type = 'Breast Cancer', cancer_subtype = 'HER2+';
"""


@dataclass(frozen=True)
class Site:
    """A server with all demo patients, where reports and models are not made yet."""

    lab: Lab
    running: Running
    report: Path
    everything: str
    one: str

    @property
    def address(self) -> str:
        """Return its address, without a slash at the end."""
        return str(self.running.client.base_url)


@pytest.fixture(scope="module")
def site(laboratory_server: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a server with a token for everything and one for a single patient."""
    lab = laboratory_server
    lab.reset()
    lab.migrate(*DEMO)
    lab.execute(CLINICAL)
    report = tmp_path_factory.mktemp("report") / "report.html"
    everything = token(lab, "ward 7", Scope(all_patients=True, cohort=True))
    one = token(lab, "study 3", Scope(("DEMO_HER2",)))
    with serving(lab, "--report", str(report)) as running:
        yield Site(lab, running, report, everything, one)
    lab.execute("truncate access.token, access.audit")
    lab.reset()


@contextmanager
def opened(browser: Browser, site: Site, signed_in_with: str = "", **options: Any) -> Iterator[Page]:
    """Yield a tab; with a token it is signed in. Nothing may be asked of anybody else, run or be refused."""
    context = browser.new_context(base_url=site.address, **options)
    if signed_in_with:
        context.add_cookies([{"name": COOKIE, "value": signed_in_with, "url": site.address}])
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: None if request.url.startswith(site.address) else said.append(request.url))
    yield tab
    context.close()
    assert [each for each in said if "Failed to load resource" not in each] == []


@pytest.mark.parametrize("scripts", (True, False))
def test_from_signing_in_to_signing_out(browser: Browser, site: Site, scripts: bool) -> None:
    """Search, open a patient, choose two, compare, sign out; with and without scripts in the browser."""
    with opened(browser, site, java_script_enabled=scripts) as tab:
        tab.goto("/")
        expect(tab).to_have_url(f"{site.address}/login")
        tab.get_by_label("Token").fill("mb_wrong")
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.get_by_role("alert")).to_contain_text("unknown, expired or revoked")
        tab.get_by_label("Token").fill(site.everything)
        tab.get_by_role("button", name="Sign in").click()
        expect(tab).to_have_url(f"{site.address}/")
        expect(tab.get_by_role("status")).to_contain_text("6 patients")
        expect(tab.get_by_text("Token ward 7")).to_be_visible()

        tab.get_by_label("Patient, cancer type or subtype").fill("breast")
        tab.get_by_role("button", name="Search").click()
        expect(tab.get_by_role("status")).to_contain_text("2 patients found")
        expect(patients(tab)).to_have_text(["DEMO_BASELINE", "DEMO_HER2"])
        tab.get_by_role("link", name="DEMO_HER2").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("DEMO_HER2")
        expect(tab.get_by_text("Breast Cancer; HER2+")).to_be_visible()

        tab.get_by_role("link", name="Cohort").click()
        for each in ("DEMO_HER2", "DEMO_TNBC"):
            tab.get_by_label(f"Compare {each}").check()
        tab.get_by_label("Genes to compare in the chosen patients").fill("ERBB2, egfr,TP53")
        tab.locator("main").get_by_role("button", name="Compare").click()
        table = tab.get_by_role("table")
        expect(table.get_by_role("columnheader")).to_have_text(["Gene", "DEMO_HER2", "DEMO_TNBC"])
        expect(table.get_by_role("rowheader")).to_have_text(["ERBB2", "TP53"])
        expect(tab.get_by_text("no gene with the symbol egfr")).to_be_visible()

        tab.get_by_role("button", name="Sign out").click()
        expect(tab).to_have_url(f"{site.address}/login")
        assert tab.context.cookies() == []
        tab.goto("/patients/DEMO_HER2")
        expect(tab).to_have_url(f"{site.address}/login")


def test_a_patient_is_what_the_database_says(browser: Browser, site: Site) -> None:
    """The figures of the page are those of the schema."""
    [(stored, doubled, halved, highest)] = site.lab.query(
        "select count(*), count(*) filter (where expression_fold_change >= 2), "
        "count(*) filter (where expression_fold_change <= 0.5), max(expression_fold_change) "
        "from patient_demo_her2.expression_data"
    )
    with opened(browser, site, site.everything) as tab:
        tab.goto("/patients/DEMO_HER2")
        tiles = dict(zip(tab.locator(".tiles dt").all_inner_texts(), tab.locator(".tiles b").all_inner_texts(),
                         strict=True))  # fmt: skip
        assert (tiles["Stored"], tiles["At least doubled"], tiles["At most half"]) == (
            f"{stored:,}", f"{doubled:,}", f"{halved:,}",
        )  # fmt: skip
        first = tab.get_by_role("table", name="highest and the").locator("tbody tr").first
        assert float(first.locator("td.num").inner_text()) == pytest.approx(highest, rel=0.01)
        tab.goto("/patients/DEMO_BAD_VALUES")
        [(quarantined,)] = site.lab.query("select count(*) from patient_demo_bad_values.quarantined_expression")
        expect(tab.locator(".tiles div", has_text="Quarantined").locator("b")).to_have_text(str(quarantined))


def test_links_lead_into_the_api(browser: Browser, site: Site) -> None:
    """With the cookie of the pages, and with what it opens only."""
    with opened(browser, site, site.one) as tab:
        tab.goto("/patients/DEMO_HER2")
        with tab.expect_response("**/api/v1/patients/DEMO_HER2") as answered:
            tab.get_by_role("link", name="This patient in the API").click()
        assert answered.value.json()["patient_id"] == "DEMO_HER2"
        tab.go_back()
        with tab.expect_download() as download:
            tab.get_by_role("link", name="All rows as NDJSON").click()
        assert download.value.suggested_filename == "DEMO_HER2.ndjson"
        [(rows,)] = site.lab.query(
            "select (select count(*) from patient_demo_her2.expression_data) "
            "+ (select count(*) from patient_demo_her2.quarantined_expression)"
        )
        assert len(download.value.path().read_text().splitlines()) == rows


def test_every_link_of_every_page_leads_somewhere(browser: Browser, site: Site) -> None:
    """None of them to an error, but to the pages that a command makes."""
    found: set[str] = set()
    with opened(browser, site, site.everything, java_script_enabled=True) as tab:
        for name, path in PAGES.items():
            assert answer_of(tab, path) == (
                400 if name == "too large a comparison" else 404 if name in REFUSED else 200
            )
            found |= set(tab.evaluate("[...document.querySelectorAll(`a:not([href^='#'])`)].map(each => each.href)"))
        for address in sorted(found):
            assert address.startswith(site.address), address
            status = tab.request.get(address).status
            assert status == (404 if address.endswith(("/report", "/dbt-docs")) else 200), address


def test_a_token_for_one_patient(browser: Browser, site: Site) -> None:
    """It sees this patient, no facts of the cohort, and not the report of all."""
    with opened(browser, site, site.one) as tab:
        tab.goto("/")
        expect(patients(tab)).to_have_text(["DEMO_HER2"])
        expect(tab.get_by_text("which this token may not read")).to_be_visible()
        assert "Breast Cancer" not in tab.locator("main").inner_text()
        assert answer_of(tab, "/patients/DEMO_TNBC") == 404
        assert answer_of(tab, "/compare?patient_ids=DEMO_HER2,DEMO_TNBC&gene_symbols=ERBB2") == 200
        expect(tab.get_by_text("Not there, or not for this token: DEMO_TNBC")).to_be_visible()
        assert answer_of(tab, "/report") == 403
        expect(tab.get_by_text("does not open all")).to_be_visible()


def test_a_token_is_for_what_it_says(browser: Browser, site: Site) -> None:
    """All patients without the cohort, and the cohort without patients: neither opens the report."""
    for scope in (Scope(all_patients=True), Scope(cohort=True)):
        with opened(browser, site, token(site.lab, f"{scope}", scope)) as tab:
            assert answer_of(tab, "/") == 200
            assert answer_of(tab, "/report") == 403


@pytest.mark.parametrize("width", (WIDE, NARROW))
@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_axe_finds_nothing(browser: Browser, site: Site, scheme: Literal["light", "dark"], width: int) -> None:
    """On every page, by every rule that axe has; and nothing scrolls sideways."""
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    with opened(browser, site, site.everything, **options) as tab:
        for path in PAGES.values():
            tab.goto(path)
            nothing_is_beyond_the_screen(tab)
            axe_accepts(tab)
        tab.goto("/login")
        tab.get_by_label("Token").fill("mb_wrong")
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.get_by_role("alert")).to_be_visible()
        axe_accepts(tab)


def test_the_report(browser: Browser, site: Site) -> None:
    """It works under the policy that it is sent with, and leaves a line in the record."""
    with opened(browser, site, site.everything) as tab:
        assert answer_of(tab, "/report") == 404
        expect(tab.get_by_text("mediabase report", exact=True)).to_be_visible()
        try:
            done = site.lab.run("report", "-o", site.report)
            assert done.returncode == 0, done.stderr
            assert answer_of(tab, "/report") == 200
            expect(tab.get_by_text("DEMO_BAD_VALUES").first).to_be_visible()
            assert tab.evaluate("getComputedStyle(document.body).fontFamily") not in ("", "Times New Roman")
        finally:
            site.report.unlink(missing_ok=True)
    assert site.lab.query("select rows from access.audit where endpoint = 'page: report'") == [(len(DEMO),)]


def test_the_models(browser: Browser, site: Site) -> None:
    """dbt's page is one of scripts: they run under the policy that it is sent with, and show a model."""
    page = site.lab.home / "dbt" / "cli" / "target" / "static_index.html"
    with opened(browser, site) as tab:
        assert answer_of(tab, "/dbt-docs") == 404
        expect(tab.get_by_text("mediabase dbt docs generate --static")).to_be_visible()
        try:
            done = site.lab.run("dbt", "docs", "generate", "--static")
            assert done.returncode == 0, done.stdout + done.stderr
            assert answer_of(tab, "/dbt-docs") == 200
            tab.goto("/dbt-docs#!/model/model.mediabase.cancer_transcript_base")
            expect(tab.get_by_role("heading", name="cancer_transcript_base").first).to_be_visible()
            expect(tab.get_by_text("expression_fold_change").first).to_be_visible()
        finally:
            page.unlink(missing_ok=True)


def test_development_needs_no_token(browser: Browser, site: Site) -> None:
    """It says so on every page, and nobody can sign out of it."""
    with serving(site.lab, "--development") as running:
        there = Site(site.lab, running, site.report, "", "")
        with opened(browser, there) as tab:
            for path in ("/", "/patients/DEMO_HER2", "/compare", "/api"):
                assert answer_of(tab, path) == 200
                expect(tab.get_by_text("runs for development")).to_be_visible()
                expect(tab.get_by_role("button", name="Sign out")).to_have_count(0)


def patients(tab: Page) -> Locator:
    """Return the patients of the overview."""
    return tab.locator("table.patients tbody th")


def answer_of(tab: Page, path: str) -> int:
    """Go to a page; return the status that it was answered with."""
    answer = tab.goto(path)
    assert answer is not None
    headers: Mapping[str, str] = answer.headers
    assert "default-src 'none'" in headers["content-security-policy"]
    return answer.status
