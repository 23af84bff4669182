"""From the printed URL to a drawn figure, and live from there on."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

import trimtab
from tests.browser.served import served


def hold(page: Page, address: re.Pattern[str]) -> list[Route]:
    """Hold back what the page asks for at an address; filled as it asks."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(address, keep)
    return held


def first(page: Page, held: list[Route]) -> Route:
    """The first that is held back, once there is one."""
    while not held:
        page.wait_for_timeout(50)
    return held[0]


def test_the_printed_url_opens_the_studies_and_a_figure_is_live(
    new_page: Callable[..., Page], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study = trimtab.create_study(study_name="first", storage=url)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    with served(url) as server:
        page = new_page()
        server.enter(page)
        page.get_by_role("link", name="first").click()
        points = page.locator("[data-figure*=history] .scatterlayer .trace .points path")
        expect(points).to_have_count(3)
        expect(page.locator("#live[data-state=on]")).to_be_visible()
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
        expect(points).to_have_count(4)
    study.storage.close()


@pytest.mark.parametrize("path", ["/", "/studies/0-1", "/compare?study=0-1&study=0-2"])
def test_what_changes_before_the_page_listens_is_not_missed(
    new_page: Callable[..., Page], tmp_path: Path, path: str
) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study = trimtab.create_study(study_name="first", storage=url)
    trimtab.create_study(study_name="second", storage=url)
    study.tell(study.ask(), 3.0)
    with served(url) as server:
        page = new_page()
        server.enter(page, "/studies/0-1/note")
        held = hold(page, re.compile("/events"))
        page.goto(server.address + path)
        stream = first(page, held)
        study.tell(study.ask(), 0.125)
        stream.continue_()
        expect(page.get_by_text("0.125").first).to_be_visible()
    study.storage.close()


def test_a_click_that_is_quicker_than_the_scripts_is_not_lost(
    new_page: Callable[..., Page], tmp_path: Path
) -> None:
    with served(f"sqlite:///{tmp_path / 'studies.db'}") as server:
        page = new_page()
        server.enter(page)
        held = hold(page, re.compile("/js/studies.js"))
        page.reload(wait_until="commit")
        page.get_by_role("button", name="New study").click()
        dialog = page.locator("#create")
        assert dialog.is_hidden()
        first(page, held).continue_()
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="New study").click()
        expect(dialog).to_be_visible()
