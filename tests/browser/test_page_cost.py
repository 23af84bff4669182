"""What an open page takes of a machine that has a study to run."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.served import served
from trimtab.distributions import FloatDistribution

SPACE = {"x": FloatDistribution(0, 1)}
HISTORY = '[data-figure*="/figures/history"]'

_COUNT_DRAWN = """() => {
  window.drawn = 0;
  document.addEventListener("trimtab:drawn", (event) => {
    if (event.target.dataset.figure.includes("/figures/history")) window.drawn++;
  });
}"""
_COUNT_SHOWN = """() => {
  window.shown = 0;
  new MutationObserver(() => window.shown++).observe(document.getElementById("live"),
    { attributes: true, characterData: true, childList: true, subtree: true });
}"""
# Changes every 20 ms for three seconds, to which 100 ms of work belong; till the last is seen.
_STREAM = """async () => {
  const live = [...document.scripts].find((script) => script.src.endsWith("/js/live.js"));
  const { sparingly } = await import(live.src.replace("live.js", "sparingly.js"));
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
  let change = 0, seen = 0, runs = 0;
  const told = sparingly(async () => {
    runs++;
    const now = change;
    await pause(100);
    seen = now;
  });
  const began = performance.now();
  while (performance.now() - began < 3000) {
    change++;
    told();
    await pause(20);
  }
  const during = runs;
  const took = performance.now() - began;
  while (seen !== change) await pause(20);
  return { during, took };
}"""


@pytest.fixture
def study(tmp_path: Path) -> trimtab.Study:
    study = trimtab.create_study(study_name="run", storage=f"sqlite:///{tmp_path / 'study.db'}")
    for value in (3.0, 2.0):
        study.tell(study.ask(SPACE), value)
    return study


def test_what_has_not_changed_is_not_drawn_again(
    new_page: Callable[..., Page], study: trimtab.Study, tmp_path: Path
) -> None:
    with served(tmp_path / "study.db") as server:
        page = new_page()
        server.enter(page, "/studies/0-1")
        expect(page.locator(f"{HISTORY} .points path")).to_have_count(2)
        expect(page.locator("#live[data-state=on]")).to_be_attached()
        page.evaluate(_COUNT_DRAWN)
        page.evaluate(_COUNT_SHOWN)
        with page.expect_response(lambda response: "/figures/history" in response.url):
            trial = study.ask(SPACE)  # it has no value yet
        expect(page.locator("#card-state")).to_contain_text("1 running")
        study.tell(trial, 1.0)
        expect(page.locator(f"{HISTORY} .points path")).to_have_count(3)
        assert page.evaluate("window.drawn") == 1
        assert page.evaluate("window.shown") == 0
        page.goto("about:blank")
    study.storage.close()


def test_a_stream_of_changes_gets_a_small_share_of_the_time(
    new_page: Callable[..., Page], study: trimtab.Study, tmp_path: Path
) -> None:
    with served(tmp_path / "study.db") as server:
        page = new_page()
        server.enter(page, "/studies/0-1/note")
        stream = page.evaluate(_STREAM)
        page.goto("about:blank")
    # Half a second of work is on credit, then 3 % of the time.
    assert stream["during"] <= (500 + 0.03 * stream["took"]) / 100 + 2
    study.storage.close()
