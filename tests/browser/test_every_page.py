"""Every page: by keyboard, read-only, and mounted below a path."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page, expect

import trimtab
from tests.browser.served import Served, served
from tests.security.house import fill
from trimtab.dashboard.server import listen
from trimtab.storage import open_storage

PAGES = [
    "/",
    "/compare?study=0-1&study=0-2",
    "/studies/0-1",
    "/studies/0-1/trials",
    "/studies/0-1/trials/4",
    "/studies/0-1/trials/compare?sel=0,1",
    "/studies/0-1/analytics",
    "/studies/0-1/rate",
    "/studies/0-1/gallery",
    "/studies/0-1/note",
    "/studies/0-1/files",
    "/studies/0-2/preferences",
]
TOKEN = "a-token-of-these-tests"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage and its files."""
    folder = tmp_path_factory.mktemp("every")
    storage = open_storage(f"sqlite:///{folder / 'every.db'}")
    fill(storage, folder)
    storage.close()
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    with served(folder / "every.db", "--artifact-dir", folder / "files") as server:
        yield server


def _open(page: Page, address: str) -> None:
    try:
        response = page.goto(address)
    except Error as error:
        # A key pressed before (n, p: the next trial, the one before) may turn the page only now.
        if "interrupted by another navigation" not in error.message:
            raise
        page.wait_for_load_state()
        response = page.goto(address)
    assert response is not None
    assert response.status == 200, address
    expect(page.locator("#live[data-state=on]")).to_be_attached()


# What can be worked by hand must have a name, be reached by Tab and show that it has the focus.
_NAMELESS = """() => {
  const text = (e) => e?.textContent.trim();
  const byId = (e) => (e.getAttribute("aria-labelledby") || "").split(/\\s+/).filter(Boolean);
  const named = (e) => e.ariaLabel?.trim() || e.title?.trim() || e.alt?.trim() ||
    byId(e).some((id) => text(document.getElementById(id))) || [...(e.labels || [])].some(text) ||
    !e.matches("input, select, textarea") &&
      (text(e) || e.querySelector("img[alt]:not([alt='']), svg[aria-label]"));
  const found = [];
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  for (const e of document.querySelectorAll(all)) {
    if (e.closest("[hidden], .modebar, dialog:not([open])") ) continue;
    if (e.tabIndex < 0 && !e.matches("button, a, input")) continue;
    if (!named(e)) found.push(e.outerHTML.slice(0, 160));
  }
  return found;
}"""
_UNSEEN = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e);
  // A hidden input of files lends its focus to its label.
  const around = e.matches(".visually-hidden") ? getComputedStyle(e.parentElement) : style;
  const isSeen = [style, around].some((s) =>
    s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none");
  return [e.outerHTML.slice(0, 160), isSeen];
}"""


@pytest.mark.slow
def test_every_control_has_a_name_and_shows_its_focus(
    new_page: Callable[..., Page], server: Served
) -> None:
    page = new_page()
    server.enter(page)
    page.context.add_cookies([{"name": "trimtab_rater", "value": "Ann", "url": server.address}])
    for path in PAGES:
        _open(page, server.address + path)
        assert page.evaluate(_NAMELESS) == [], path
        reached: list[str] = []
        for _ in range(60):
            page.keyboard.press("Tab")
            told = page.evaluate(_UNSEEN)
            if told is None or (len(reached) > 5 and told[0] == reached[0]):
                break
            assert told[1], (path, told[0])
            reached.append(told[0])
        assert len(reached) > 5, path


def _has_focus(page: Page, selector: str) -> bool:
    return bool(page.evaluate("s => Boolean(document.activeElement.closest(s))", selector))


@pytest.mark.parametrize(
    ("path", "opener", "dialog"),
    [
        ("/", "button:has-text('New study')", "#create"),
        ("/", "[data-manage]", "#manage"),
        ("/studies/0-1/trials/4", "[data-action=fail]", "#confirm"),
        ("/studies/0-1/rate", "[data-act=rater]", "#rater-dialog"),
    ],
)
def test_a_dialog_takes_the_focus_and_gives_it_back(
    new_page: Callable[..., Page], server: Served, path: str, opener: str, dialog: str
) -> None:
    page = new_page()
    server.enter(page)
    page.context.add_cookies([{"name": "trimtab_rater", "value": "Ann", "url": server.address}])
    _open(page, server.address + path)
    page.locator(opener).first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(dialog)).to_be_visible()
    assert _has_focus(page, dialog)
    for _ in range(12):
        page.keyboard.press("Tab")
        # A browser lets the focus go to its own controls, never to the page behind.
        assert _has_focus(page, f"{dialog}, body:focus, html:focus") or page.evaluate(
            "document.activeElement === document.body"
        )
    page.keyboard.press("Escape")
    expect(page.locator(dialog)).to_be_hidden()
    assert _has_focus(page, opener.partition(":has-text")[0])


@pytest.mark.slow
def test_a_reader_is_shown_everything_and_offered_no_change(
    new_page: Callable[..., Page], folder: Path
) -> None:
    with served(folder / "every.db", "--artifact-dir", folder / "files", "--read-only") as server:
        page = new_page()
        server.enter(page)
        sent: list[str] = []
        page.on("request", lambda r: sent.append(r.url) if r.method != "GET" else None)
        for path in PAGES:
            _open(page, server.address + path)
            offered = page.locator(
                "[hx-post], [data-action]:visible, [data-delete], [data-drop], [data-note-edit], "
                "[data-manage], [data-open=create], [data-act=undo], [data-judgement]:visible, "
                "[data-delete-figure], .rate-fields:not([disabled]), [data-pick]:is(button)"
            )
            found = offered.evaluate_all("all => all.map((e) => e.outerHTML.slice(0, 99))")
            assert found == [], path
            for key in "1usnp":
                page.keyboard.press(key)
            _open(page, server.address + path)
        page.goto("about:blank")
        assert sent == []


_MOUNTED = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from trimtab.dashboard import asgi
dashboard = asgi(sys.argv[1], sys.argv[2], token=sys.argv[3])
app = Starlette(routes=[Mount("/opt/x", app=dashboard)])
config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[4]))])
"""


@contextlib.contextmanager
def _mounted(folder: Path) -> Iterator[str]:
    """The dashboard below a path of another application."""
    with listen("127.0.0.1", 0) as listener:  # who connects before it serves waits for it
        words = [f"sqlite:///{folder / 'every.db'}", str(folder / "files"), TOKEN]
        process = subprocess.Popen(
            [sys.executable, "-c", _MOUNTED, *words, str(listener.fileno())],
            pass_fds=[listener.fileno()],
        )
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            process.terminate()
            process.wait(60)


@pytest.mark.slow
def test_below_a_path_all_that_is_asked_for_is_below_it(
    new_page: Callable[..., Page], folder: Path
) -> None:
    with _mounted(folder) as address:
        page = new_page()
        base = f"{address}/opt/x"
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{base}/login?token={TOKEN}&next=/")
        page.wait_for_url(lambda url: "/login" not in url)
        page.context.add_cookies([{"name": "trimtab_rater", "value": "Ann", "url": f"{base}/"}])
        for path in PAGES:
            _open(page, base + path)
            links = page.locator("[href], [src], form[action]").evaluate_all(
                "all => all.map((e) => e.href?.toString() || e.src || e.action)"
            )
            outside = [
                link
                for link in links
                if urlsplit(link).scheme in ("http", "https")
                and not f"{link}/".startswith((f"{base}/", f"{base}?"))
            ]
            assert outside == [], path
        # What is done by a script is done below it, too.
        _open(page, f"{base}/studies/0-1/rate")
        page.get_by_role("button", name="good").click()
        expect(page.locator(".rate-last")).to_contain_text("good")
        page.keyboard.press("u")
        expect(page.locator(".rate-last")).to_have_count(0)
        page.goto("about:blank")
        assert [
            url for url in asked if not url.startswith((f"{base}/", "data:", "blob:", "about:"))
        ] == []
    assert trimtab.get_all_study_names(storage=f"sqlite:///{folder / 'every.db'}")
