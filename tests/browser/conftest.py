"""A real browser, and pages that may not err: script errors and policy violations fail a test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.browser.faults import Faults
from tests.services.chromium import ARGUMENTS, CHROMIUM, find_chromium
from tests.services.environment import MISSING_SUFFIX

_HERE = Path(__file__).parent

_PATIENCE = 60_000
"""Milliseconds that a page has for what a test waits for: who runs all tests at once is slow."""

_DEADLINE = 300
"""Seconds that a test has, whose waits end long before."""

_NO_FAULTS = (
    "net::ERR_",  # a server ended before its pages did
    "htmx:afterRequest, ",  # these two: a later request took the place of this one
    "htmx:sendAbort, ",
)

_WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium.

    Of one module: while Playwright lives, no other test of its process can run an event loop.
    """
    expect.set_options(timeout=_PATIENCE)
    path = find_chromium()
    if path is None:
        pytest.skip(os.environ.get(CHROMIUM + MISSING_SUFFIX, "no Chromium is installed"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test here the time that a slow machine needs for it."""
    for item in items:
        if item.path.parent == _HERE and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_DEADLINE))


@pytest.fixture
def faults() -> Faults:
    """What the pages of a test complained of."""
    return Faults()


@pytest.fixture
def new_page(chromium: Browser, faults: Faults) -> Iterator[Callable[..., Page]]:
    """Makes pages, each of a visitor of its own; takes the options of Playwright's `new_context`.

    Whatever a page complains of fails the test in the end.
    """
    contexts: list[BrowserContext] = []

    def note(page: Page, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(word in message.text for word in _NO_FAULTS):
            faults.append(f"{page.url}: {message.text}")

    def make(**options: object) -> Page:
        context = chromium.new_context(**options)  # type: ignore[arg-type]  # Playwright's own, any of them
        contexts.append(context)
        context.add_init_script(_WATCH)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: note(page, message))
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults.unmeant == []
