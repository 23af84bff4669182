"""Many tabs of one browser, which opens six connections to a server and no more."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.served import served

_HIDDEN = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });"
_SHOWN = """() => {
  delete document.hidden;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.mark.slow
def test_tabs_that_are_not_looked_at_take_no_connection(
    new_page: Callable[..., Page], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = trimtab.create_study(study_name="many", storage=url)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with served(url) as server:
        front = new_page()
        server.enter(front, "/studies/0-1/trials")
        behind = []
        for _ in range(19):
            page = front.context.new_page()
            page.add_init_script(_HIDDEN)  # as browsers say of a tab that is behind another
            page.goto(f"{server.address}/studies/0-1/trials")
            behind.append(page)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
        expect(front.locator("tbody tr")).to_have_count(2)
        # One that is looked at again catches up.
        expect(behind[7].locator("tbody tr")).to_have_count(1)
        behind[7].evaluate(_SHOWN)
        expect(behind[7].locator("#live[data-state=on]")).to_be_attached()
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
        expect(behind[7].locator("tbody tr")).to_have_count(3)
    study.storage.close()
