"""A page of another port of this machine, which is the same site to a cookie, gets nothing."""

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.faults import Faults
from tests.browser.served import served


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href='data:,'><p>Elsewhere")

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """The port of another server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


_TRY = """async (ours) => {
  const outcome = {};
  const attempt = async (name, options) => {
    try {
      const response = await fetch(ours + "/api/studies", { credentials: "include", ...options });
      outcome[name] = `${response.type} ${response.status}`;
    } catch { outcome[name] = "refused"; }
  };
  await attempt("read", {});
  await attempt("blind read", { mode: "no-cors" });
  await attempt("write", { method: "POST", mode: "no-cors", body: '{"name": "planted"}' });
  const headers = { "content-type": "application/json" };
  await attempt("json", { method: "POST", body: "{}", headers });
  const loads = (tag, path) => new Promise((resolve) => {
    const element = document.createElement(tag);
    element.onload = () => resolve("loaded");
    element.onerror = () => resolve("refused");
    element.src = ours + path;
    document.body.append(element);
  });
  outcome.image = await loads("img", "/static/img/trimtab.svg");
  outcome.script = await loads("script", "/static/js/theme.js");
  return outcome;
}"""


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_nothing_is_had_from_another_port(
    name: str,
    elsewhere: int,
    tmp_path: Path,
    new_page: Callable[..., Page],
    faults: Faults,
) -> None:
    faults.provoked.append("")  # every refusal is a fault to the browser
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = trimtab.create_study(study_name="a-study-of-ours", storage=url)
    with served(tmp_path / "study.db") as server:
        page = new_page()
        server.enter(page)
        page.goto(f"http://{name}:{elsewhere}/")
        assert page.evaluate(_TRY, server.address) == {
            "read": "refused",
            "blind read": "refused",
            "write": "refused",
            "json": "refused",
            "image": "refused",
            "script": "refused",
        }
        page.set_content(
            f'<iframe src="{server.address}/"></iframe>'
            f'<form method=post action="{server.address}/studies/0-{study.study_id}/delete">'
            "<input name=name value=a-study-of-ours><button>Win a prize</button></form>"
        )
        assert all("a-study-of-ours" not in (frame.content()) for frame in page.frames[1:])
        page.get_by_role("button").click()
        page.wait_for_url(f"{server.address}/**")
        expect(page.locator("body")).to_contain_text(re.compile("Another site|token"))
        assert trimtab.get_all_study_names(storage=url) == ["a-study-of-ours"]
        # A link is all that another site may have; the browser is signed in still.
        page.goto(f"http://{name}:{elsewhere}/")
        page.set_content(f'<a href="{server.address}/">Studies</a>')
        page.get_by_role("link").click()
        page.get_by_text("a-study-of-ours", exact=True).first.wait_for()
