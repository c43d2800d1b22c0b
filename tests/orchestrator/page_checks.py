"""What every page has to stand: a real browser, a narrow screen, axe, and text that would rather be something else."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
QUIETLY = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
HOSTILE = "</td><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x01\u202e{{ 7*7 }}"
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\u202a-\u202e]")
ACTIVE = {"script", "img", "link", "iframe", "object"}
NARROW = 390
LEAST_PASSES = 20


class Tags(HTMLParser):
    """The elements of a page, and those with an attribute that would run or load something."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.found: list[str] = []
        self.active: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append(tag)
        for name, value in attrs:
            inside = (value or "").startswith("#")
            if name.startswith("on") or (name in ("src", "href") and not inside):
                self.active.append(f"{tag} {name}={value}")


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Yield a real browser, or skip the test."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIETLY))
        yield started
        started.close()


def axe_finds_nothing(
    browser: Browser, file: Path, scheme: Literal["light", "dark"], width: int, is_open: bool = False
) -> None:
    """Check a page by every rule that axe has, not only those of WCAG; with all details open when `is_open`."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    tab = context.new_page()
    tab.goto(file.as_uri())
    if is_open:
        open_all(tab)
    axe_accepts(tab)
    context.close()


def axe_accepts(tab: Page) -> None:
    """Check the page that a tab shows; its context lets axe in in spite of the page's policy (bypass_csp)."""
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > LEAST_PASSES


def nothing_is_beyond_the_screen(tab: Page) -> None:
    """Check that neither the page nor anything in it scrolls sideways, but what is written into a field."""
    assert tab.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    beyond = tab.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(each => !each.closest('.hidden, .skip, thead, input') && each.getClientRects().length)
            .filter(each => each.getBoundingClientRect().right > innerWidth + 1
                || (each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible'))
            .map(each => each.outerHTML.slice(0, 120))"""
    )
    assert beyond == []


def open_all(tab: Page) -> None:
    """Open every part of a page that is closed."""
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
